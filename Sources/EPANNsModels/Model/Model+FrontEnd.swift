import EPANNsCore
import EPANNsGraph

extension Model {
    /// The note on a checkpoint that does not tell its front end.
    static let assumedFrontEnd =
        "The checkpoint stores no front end; PANNs' 32 kHz one is assumed. If it is a 16 kHz or 8 kHz variant, the tags "
        + "are wrong; “epanns convert --front-end” settles it."

    /// Replaces the front end that was assumed for a checkpoint that stores none.
    ///
    /// Test: `ModelFileTests`.
    ///
    /// - Throws: `EPANNsError` with code `invalidConfiguration` when the file tells its front end, or the
    ///   number of mel bands does not fit.
    public mutating func replaceFrontEnd(_ frontEnd: FrontEndConfiguration) throws {
        let refusal = EPANNsError(
            .invalidConfiguration,
            "\(name) has a front end of its own (\(configuration.frontEnd.sampleRate) Hz), which cannot be replaced.")
        guard notes.contains(Self.assumedFrontEnd) else { throw refusal }
        let bands = configuration.frontEnd.melBands
        guard frontEnd.melBands == bands else {
            throw EPANNsError(
                .invalidConfiguration,
                "The network has \(bands) mel bands, but PANNs' front end at \(frontEnd.sampleRate) Hz has "
                    + "\(frontEnd.melBands).")
        }
        configuration.frontEnd = frontEnd
        try configuration.validate()
        notes.removeAll { $0 == Self.assumedFrontEnd }
    }
}

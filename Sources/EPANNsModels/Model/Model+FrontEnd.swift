import EPANNsCore
import EPANNsGraph

extension Model {
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
        guard notes.contains(.assumedFrontEnd) else { throw refusal }
        let bands = configuration.frontEnd.melBands
        guard frontEnd.melBands == bands else {
            throw EPANNsError(
                .invalidConfiguration,
                "The network has \(bands) mel bands, but PANNs' front end at \(frontEnd.sampleRate) Hz has "
                    + "\(frontEnd.melBands).")
        }
        configuration.frontEnd = frontEnd
        try configuration.validate()
        notes.removeAll { $0 == .assumedFrontEnd }
    }
}

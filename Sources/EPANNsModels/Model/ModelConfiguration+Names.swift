import EPANNsCore
import EPANNsGraph

extension ModelConfiguration {
    /// Every published network, in the order of SPEC §2's table.
    public static let presets: [Preset] = architectures.flatMap { $0.presets }

    /// Names that ``named(_:)`` understands.
    public static let architectureNames = presets.map(\.name)

    /// Whether the weights of a class of the reference code, such as `Cnn14_16k`, can be run.
    public static func runs(referenceClass: String) -> Bool {
        presets.contains { $0.referenceClass == referenceClass }
    }

    /// The configuration of a published architecture.
    ///
    /// Besides the listed names, `epanns-R` takes any ratio of 0 to 99 % `mnNN` any width in tenths and
    /// `erann-S-W` the two numbers of an ERANN.
    ///
    /// - Returns: nil when the name is not an architecture's.
    public static func named(_ name: String) -> ModelConfiguration? {
        let name = name.lowercased()
        return architectures.lazy.compactMap { $0.named(name)?.configuration }.first
    }

    /// Names of ``architectureNames`` near a mistyped one, the nearest first, at most three.
    ///
    /// A name that begins with the typed text counts as one typing error away.
    public static func namesNear(_ name: String) -> [String] {
        NearestNames.find(name, among: architectureNames.map { NearestNames.Candidate($0) })
    }
}

import EPANNsCore
import EPANNsGraph
import EPANNsModels

/// A row of Table 1 of “E-PANNs” (Singh, Liu, Plumbley 2023): a system, its parameters and its mAP on AudioSet's evaluation
/// set, beside the network as this package builds it.
///
/// Source: SPEC §2, §6.1. Test: `PaperSystemTests`.
public struct PaperSystem: Sendable {
    /// The system as the paper calls it.
    public let name: String
    /// Parameters as printed, in millions.
    public let printedMillions: Double
    /// Decimals of ``printedMillions`` in the paper.
    public let printedDecimals: Int
    /// Mean average precision as printed, 0...1.
    public let meanAveragePrecision: Double
    /// The networks, by names that `ModelConfiguration.named` knows: one, or those of an ensemble.
    public let members: [String]
    /// Why our count of parameters is another; nil where it is the printed one.
    public let difference: String?

    /// What the system costs.
    public struct Cost: Codable, Hashable, Sendable {
        /// Trainable parameters that scores depend on, of all members.
        public var parameters: Int
        /// Multiply-accumulate operations for a clip, the front end's STFT included where PANNs count it.
        public var macs: Int
    }

    /// mAP of the published weights that run here, as their authors state it; nil where none were published.
    public var publishedMeanAveragePrecision: Double? {
        let registry = ModelRegistry.standard
        if members.count == 1 { return registry.find(members[0])?.meanAveragePrecision }
        let wanted = try? configurations()
        return ModelRegistry.ensembles.first { ensemble in
            ensemble.models.compactMap { registry.find($0)?.configuration } == wanted
        }?.meanAveragePrecision
    }

    /// Counts the parameters and operations of all members.
    ///
    /// - Parameter seconds: Length of the clip.
    /// - Throws: `EPANNsError` with code `invalidAudio` when the clip is too short.
    public func cost(seconds: Double = 10) throws -> Cost {
        var cost = Cost(parameters: 0, macs: 0)
        for member in try configurations() {
            let report = try CostReport(
                member.graph(), sampleCount: Int(seconds * Double(member.frontEnd.sampleRate)))
            cost.parameters += report.parameters
            cost.macs += report.macs
        }
        return cost
    }

    /// The members' configurations, in the order of ``members``.
    ///
    /// - Throws: `EPANNsError` with code `invalidConfiguration` for a name that is not known.
    public func configurations() throws -> [ModelConfiguration] {
        try members.map { name in
            guard let configuration = ModelConfiguration.named(name) else {
                throw EPANNsError(.invalidConfiguration, "There is no network \(name).")
            }
            return configuration
        }
    }

    /// Whether `parameters`, rounded as the paper rounds, is the printed number.
    public func isAsPrinted(_ parameters: Int) -> Bool {
        abs(Double(parameters) / 1e6 - printedMillions) <= 0.5
            * (0..<printedDecimals).reduce(1) { unit, _ in unit / 10 } + 1e-9
    }
}

extension PaperSystem {
    /// The table's rows in its order, and E-PANNs with half of the filters as Figures 5 and 6 have it.
    public static let table: [PaperSystem] = [
        .init("CNN6", 4.8, 1, 0.343, ["cnn6"]),
        .init("CNN10", 5.2, 1, 0.380, ["cnn10"]),
        .init("ERANNs-2-5", 38.2, 1, 0.446, ["erann-2-5"]),
        .init("ERANNs-1-6", 54.5, 1, 0.450, ["erann-1-6"]),
        .init("ResNet38", 73.78, 2, 0.434, ["resnet38"]),
        .init("CNN14", 80.75, 2, 0.431, ["cnn14"]),
        .init(
            "Wavegram-Logmel", 81.06, 2, 0.439, ["wavegram-logmel-cnn14"],
            difference: "81.07 rounded; the paper cuts the digits off."),
        .init(
            "AST", 88.10, 2, 0.459, ["ast-10"],
            difference:
                "88.1 counts the two heads for ImageNet's classes that the checkpoint still holds; scores do not "
                + "depend on them."),
        .init(
            "AST ensemble", 526.6, 1, 0.485, Array(repeating: "ast-10", count: 3) + ["ast-12", "ast-14", "ast-16"],
            difference:
                "526.6 is ERANNs' figure for it and not to be had from the checkpoints: their six networks hold "
                + "527.6 with ImageNet's heads, 518.3 without."),
        .init("E-PANNs", 23.21, 2, 0.440, ["epanns-50"]),
    ]

    private init(
        _ name: String, _ millions: Double, _ decimals: Int, _ precision: Double, _ members: [String],
        difference: String? = nil
    ) {
        self.name = name
        printedMillions = millions
        printedDecimals = decimals
        meanAveragePrecision = precision
        self.members = members
        self.difference = difference
    }
}

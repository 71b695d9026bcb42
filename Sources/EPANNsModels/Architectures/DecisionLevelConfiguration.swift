import EPANNsCore
import EPANNsGraph

/// PANNs' CNN14 for sound event detection: every stretch of 32 frames is classified, then the scores are pooled over time.
///
/// The blocks are CNN14's. The three networks differ in how they pool: by the maximum, the mean, or attention. Those of the
/// first two have CNN14's own state dict, so that nothing in a published file but its name tells them apart.
/// The reference gives no embedding; here it is the mean over time of what the classifier reads.
/// Source: Kong et al. 2020, reference classes `Cnn14_DecisionLevelMax`, `…Avg`, `…Att`. SPEC §6.2.
/// Parity: `NetworkParityTests`, `CostTests`.
public struct DecisionLevelConfiguration: Architecture {
    /// How stretches are pooled.
    public enum Variant: String, Codable, Hashable, Sendable, CaseIterable {
        case max = "cnn14-decision-level-max"
        case mean = "cnn14-decision-level-avg"
        case attention = "cnn14-decision-level-att"

        /// The class of the reference code, which the names of published files begin with.
        public var referenceClass: String {
            switch self {
            case .max: "Cnn14_DecisionLevelMax"
            case .mean: "Cnn14_DecisionLevelAvg"
            case .attention: "Cnn14_DecisionLevelAtt"
            }
        }
    }

    /// Which of the networks.
    public var variant: Variant
    /// Filters of the twelve convolutions.
    public var widths: [Int]
    /// Outputs of `fc1`, the length of the embedding.
    public var embeddingWidth: Int
    /// Number of classes.
    public var classCount: Int
    /// How the waveform becomes the spectrogram.
    public var frontEnd: FrontEndConfiguration
    /// What turns logits into scores.
    public var outputActivation: OutputActivation

    private enum CodingKeys: String, CodingKey {
        case variant = "architecture"
        case widths, embeddingWidth, classCount, frontEnd, outputActivation
    }

    /// Makes a configuration; the published network where nothing is given.
    ///
    /// - Parameters:
    ///   - variant: Which of the networks.
    ///   - trunk: The CNN14 whose numbers it has.
    public init(_ variant: Variant, trunk: CNNConfiguration = CNNConfiguration(.cnn14)) {
        self.variant = variant
        widths = trunk.widths
        embeddingWidth = trunk.embeddingWidth
        classCount = trunk.classCount
        frontEnd = trunk.frontEnd
        outputActivation = trunk.outputActivation
    }

    /// The CNN14 of the same numbers.
    private var trunk: CNNConfiguration {
        get {
            CNNConfiguration(
                .cnn14, widths: widths, embeddingWidth: embeddingWidth, classCount: classCount, frontEnd: frontEnd,
                outputActivation: outputActivation)
        }
        set { self = Self(variant, trunk: newValue) }
    }

    // MARK: The architecture

    /// How a sentence calls the family.
    public static let title = "CNN14 DecisionLevelMax, DecisionLevelAvg, DecisionLevelAtt"
    /// Values of `architecture` in files.
    public static let names = Variant.allCases.map(\.rawValue)
    /// The published networks.
    public static let presets = Variant.allCases.map {
        Preset($0.rawValue, referenceClass: $0.referenceClass, Self($0))
    }

    /// The network of a checkpoint that has attention; the others look like CNN14.
    ///
    /// - Throws: `EPANNsError` with code `checkpointMismatch` when a tensor is missing or has another rank.
    public static func recognise(_ shapes: StateDictShapes) throws -> Self? {
        guard shapes.contains("att_block.att.weight") else { return nil }
        let names = (0..<12).map(CNNConfiguration.Variant.cnn14.convolutionName)
        return Self(
            .attention,
            trunk: CNNConfiguration(
                .cnn14, widths: try names.map { try shapes.width($0 + ".weight", rank: 4) },
                embeddingWidth: try shapes.width("fc1.weight", rank: 2),
                classCount: try shapes.width("att_block.cla.weight", rank: 3), frontEnd: try shapes.pannsFrontEnd()))
    }

    /// The network whose state dict looks like CNN14's, where it is known to be one of these.
    ///
    /// - Parameters:
    ///   - configuration: What the state dict was recognised as.
    ///   - variant: What it is.
    /// - Returns: nil where it is no CNN14, or the variant has another state dict.
    static func reading(_ configuration: ModelConfiguration, as variant: Variant) -> Self? {
        guard case .cnn(let trunk) = configuration, trunk.variant == .cnn14, variant != .attention else { return nil }
        return Self(variant, trunk: trunk)
    }

    /// The value of `architecture` in files.
    public var name: String { variant.rawValue }
    /// The case that holds it.
    public var configuration: ModelConfiguration { .decisionLevel(self) }
    /// Every number of channels.
    public var everyWidth: [Int] { widths + [embeddingWidth] }

    /// Takes other filters, one number for each convolution.
    ///
    /// - Throws: `EPANNsError` with code `invalidConfiguration` when there are too few or too many.
    public mutating func replaceWidths(_ widths: [Int]) throws { try trunk.replaceWidths(widths) }

    /// Takes the numbers of channels that pruning left.
    public mutating func take(_ channels: inout ChannelCounts) { trunk.take(&channels) }

    /// Checks the number of widths.
    ///
    /// - Throws: `EPANNsError` with code `invalidConfiguration`.
    public func check() throws { try trunk.check() }

    /// Adds CNN14's blocks and the head over stretches.
    public func addLayers(to builder: inout GraphBuilder) {
        var x = trunk.addBlocks(to: &builder)
        x = builder.reduce("head.mean_mel", x, .mean, over: [.mel])
        func smooth(_ name: String, _ reduction: Reduction) -> GraphBuilder.Value {
            builder.pool(name, x, Pool(reduction, kernel: [3], stride: [1], padding: [1]))
        }
        let smoothed = [smooth("head.max_pool", .max), smooth("head.mean_pool", .mean)]
        x = builder.dropout("head.dropout", builder.add("head.sum", smoothed), rate: 0.5)
        x = builder.convolution("fc1", x, .overFrames(filters: embeddingWidth))
        x = builder.activation("fc1.relu", x, .relu)
        // What training drops is dropped from the classifier's input, here unlike in CNN14.
        x = builder.dropout("fc1.dropout", x, rate: 0.5)
        builder.output(.embedding, builder.reduce("embedding", x, .mean, over: [.time]))
        let (segments, logits) = addClassifier(x, to: &builder)
        let scores = builder.activation("segments.sigmoid", segments, .sigmoid)
        builder.outputSegments(scores, frames: 32)
        builder.classify(logits, outputActivation)
    }

    /// The stretches' logits and the clip's.
    private func addClassifier(
        _ x: GraphBuilder.Value, to builder: inout GraphBuilder
    ) -> (segments: GraphBuilder.Value, logits: GraphBuilder.Value) {
        switch variant {
        case .max:
            // The maximum of probabilities is the probability of the maximum.
            let segments = builder.convolution("fc_audioset", x, .overFrames(filters: classCount))
            return (segments, builder.reduce("decisions", segments, .max, over: [.time]))
        case .mean:
            let segments = builder.convolution("fc_audioset", x, .overFrames(filters: classCount))
            return (segments, builder.poolDecisions("decisions", segments))
        case .attention:
            let pointwise = Convolution(filters: classCount, kernel: [1], hasBias: true)
            let attention = builder.convolution("att_block.att", x, pointwise)
            let segments = builder.convolution("att_block.cla", x, pointwise)
            builder.unused(
                "att_block.bn_att", .batchNorm(EPANNsGraph.BatchNorm()), input: Shape(classCount, [1]))
            return (segments, builder.poolDecisions("decisions", segments, attention: attention))
        }
    }
}

import EPANNsCore
import EPANNsGraph

/// PANNs' MobileNetV1: a convolution, thirteen depthwise-separable blocks, and the clip head.
///
/// Nothing is strided: where a block halves the map, a 2×2 average pooling lies between its depthwise convolution and the
/// norm.
/// Source: Kong et al. 2020, reference class `MobileNetV1`; Howard et al., "MobileNets", 2017. SPEC §2.5.
/// Parity: `NetworkParityTests`, `CostTests`.
public struct MobileNetV1Configuration: Architecture {
    /// Filters of the first convolution.
    public var stemWidth: Int
    /// Filters of each block's pointwise convolution; its depthwise one has as many as come in.
    public var blockWidths: [Int]
    /// Outputs of `fc1`, the length of the embedding.
    public var embeddingWidth: Int
    /// Number of classes.
    public var classCount: Int
    /// How the waveform becomes the spectrogram.
    public var frontEnd: FrontEndConfiguration
    /// What turns logits into scores.
    public var outputActivation: OutputActivation

    /// Of each block the published width, and whether it halves the map.
    private static let blocks: [(width: Int, halves: Bool)] = [
        (64, false), (128, true), (128, false), (256, true), (256, false), (512, true), (512, false), (512, false),
        (512, false), (512, false), (512, false), (1024, true), (1024, false),
    ]

    /// Makes a configuration whose widths are the published ones times `scale`, at least 1; the published network where
    /// nothing is given.
    public init(
        scale: Double = 1, classCount: Int = 527, frontEnd: FrontEndConfiguration = .panns32k(),
        outputActivation: OutputActivation = .sigmoid
    ) {
        stemWidth = Self.scaled(32, scale)
        blockWidths = Self.blocks.map { Self.scaled($0.width, scale) }
        embeddingWidth = Self.scaled(1024, scale)
        self.classCount = classCount
        self.frontEnd = frontEnd
        self.outputActivation = outputActivation
    }

    // MARK: The architecture

    /// How a sentence calls the family.
    public static let title = "PANNs' MobileNetV1"
    /// Values of `architecture` in files.
    public static let names = ["mobilenet-v1"]
    /// The published network.
    public static let presets = [Preset("mobilenet-v1", referenceClass: "MobileNetV1", Self())]

    /// The network of a checkpoint.
    ///
    /// - Throws: `EPANNsError` with code `checkpointMismatch` when a tensor is missing or has another rank.
    public static func recognise(_ shapes: StateDictShapes) throws -> Self? {
        guard shapes.contains("features.1.4.weight"), shapes.contains("bn0.weight") else { return nil }
        var configuration = Self()
        configuration.stemWidth = try shapes.width("features.0.0.weight", rank: 4)
        configuration.blockWidths = try blocks.indices.map {
            try shapes.width("features.\($0 + 1).4.weight", rank: 4)
        }
        configuration.embeddingWidth = try shapes.width("fc1.weight", rank: 2)
        configuration.classCount = try shapes.width("fc_audioset.weight", rank: 2)
        configuration.frontEnd = try shapes.pannsFrontEnd()
        return configuration
    }

    /// The value of `architecture` in files.
    public var name: String { Self.names[0] }
    /// The case that holds it.
    public var configuration: ModelConfiguration { .mobileNetV1(self) }
    /// Of the first convolution and the blocks.
    public var widths: [Int] { [stemWidth] + blockWidths }
    /// Every number of channels.
    public var everyWidth: [Int] { widths + [embeddingWidth] }

    /// Takes the numbers of channels that pruning left.
    public mutating func take(_ channels: inout ChannelCounts) {
        channels.take("features.0.0", &stemWidth)
        for index in blockWidths.indices {
            // The depthwise convolution has its input's channels and names the same number.
            if index == 0 {
                channels.take("features.1.0", &stemWidth)
            } else {
                channels.take("features.\(index + 1).0", &blockWidths[index - 1])
            }
            channels.take("features.\(index + 1).4", &blockWidths[index])
        }
        channels.take("fc1", &embeddingWidth)
    }

    /// Checks the number of blocks.
    ///
    /// - Throws: `EPANNsError` with code `invalidConfiguration`.
    public func check() throws {
        guard blockWidths.count == Self.blocks.count else {
            throw EPANNsError(
                .invalidConfiguration, "\(name) has \(Self.blocks.count) blocks, but \(blockWidths.count) are given.")
        }
    }

    /// Adds the first convolution, the blocks and the head.
    public func addLayers(to builder: inout GraphBuilder) {
        var x = builder.pooledConvolution(
            "features.0", from: 0, builder.pannsInput(), filters: stemWidth, halves: true, then: .relu)
        for (index, width) in blockWidths.enumerated() {
            let name = "features.\(index + 1)"
            x = builder.pooledConvolution(
                name, from: 0, x, filters: x.channels, groups: x.channels, halves: Self.blocks[index].halves,
                then: .relu)
            x = builder.pointwiseConvolution(name, from: 4, x, filters: width, then: .relu)
        }
        builder.pannsHead(
            x, embeddingWidth: embeddingWidth, classCount: classCount, outputActivation: outputActivation)
    }
}

import EPANNsCore
import EPANNsGraph

/// PANNs' MobileNetV2: a convolution, seventeen inverted residuals, a last convolution, and the clip head.
///
/// Nothing is strided, as in ``MobileNetV1Configuration``. The stage of 96 channels halves the map and that of 160 does
/// not, the other way round than in the usual MobileNetV2.
/// Source: Kong et al. 2020, reference class `MobileNetV2`; Sandler et al., "MobileNetV2", 2018. SPEC §2.6.
/// Parity: `NetworkParityTests`, `CostTests`.
public struct MobileNetV2Configuration: Architecture {
    /// Filters of the first convolution.
    public var stemWidth: Int
    /// Channels inside each block; those of the first, which does not expand, are the first convolution's.
    public var expandedWidths: [Int]
    /// Channels of each block's output; residual sums tie those of a stage together.
    public var outputWidths: [Int]
    /// Filters of the last convolution.
    public var lastWidth: Int
    /// Outputs of `fc1`, the length of the embedding.
    public var embeddingWidth: Int
    /// Number of classes.
    public var classCount: Int
    /// How the waveform becomes the spectrogram.
    public var frontEnd: FrontEndConfiguration
    /// What turns logits into scores.
    public var outputActivation: OutputActivation

    /// What a block is, whatever its widths are: pruning may make two widths equal.
    private struct Block {
        /// The published width of its output.
        var width: Int
        var halves: Bool
        /// Whether it is one of a stage's later blocks, which add their input.
        var addsInput: Bool
    }

    private static let blocks: [Block] = [
        (16, 1, false), (24, 2, true), (32, 3, true), (64, 4, true), (96, 3, true), (160, 3, false), (320, 1, false),
    ].flatMap { width, count, halves in
        (0..<count).map { Block(width: width, halves: halves && $0 == 0, addsInput: $0 > 0) }
    }

    /// Makes a configuration whose widths are the published ones times `scale`, at least 1; the published network where
    /// nothing is given.
    public init(
        scale: Double = 1, classCount: Int = 527, frontEnd: FrontEndConfiguration = .panns32k(),
        outputActivation: OutputActivation = .sigmoid
    ) {
        stemWidth = Self.scaled(32, scale)
        outputWidths = Self.blocks.map { Self.scaled($0.width, scale) }
        expandedWidths = outputWidths.dropLast().map { 6 * $0 }
        lastWidth = Self.scaled(1280, scale)
        embeddingWidth = Self.scaled(1024, scale)
        self.classCount = classCount
        self.frontEnd = frontEnd
        self.outputActivation = outputActivation
    }

    // MARK: The architecture

    /// How a sentence calls the family.
    public static let title = "PANNs' MobileNetV2"
    /// Values of `architecture` in files.
    public static let names = ["mobilenet-v2"]
    /// The published network.
    public static let presets = [Preset("mobilenet-v2", referenceClass: "MobileNetV2", Self())]

    /// The network of a checkpoint.
    ///
    /// - Throws: `EPANNsError` with code `checkpointMismatch` when a tensor is missing or has another rank.
    public static func recognise(_ shapes: StateDictShapes) throws -> Self? {
        guard shapes.contains("features.1.conv.0.weight"), shapes.contains("bn0.weight") else { return nil }
        func width(_ name: String) throws -> Int { try shapes.width(name + ".weight", rank: 4) }
        var configuration = Self()
        configuration.stemWidth = try width("features.0.0")
        configuration.outputWidths = try blocks.indices.map { try width(last(ofBlock: $0)) }
        configuration.expandedWidths = try blocks.indices.dropFirst().map { try width(prefix(ofBlock: $0) + ".0") }
        configuration.lastWidth = try width("features.\(blocks.count + 1).0")
        configuration.embeddingWidth = try shapes.width("fc1.weight", rank: 2)
        configuration.classCount = try shapes.width("fc_audioset.weight", rank: 2)
        configuration.frontEnd = try shapes.pannsFrontEnd()
        return configuration
    }

    private static func prefix(ofBlock index: Int) -> String { "features.\(index + 1).conv" }

    /// The first block has no expansion, which makes three modules less.
    private static func depthwise(ofBlock index: Int) -> Int { index == 0 ? 0 : 3 }

    private static func last(ofBlock index: Int) -> String {
        "\(prefix(ofBlock: index)).\(depthwise(ofBlock: index) + 4)"
    }

    /// The value of `architecture` in files.
    public var name: String { Self.names[0] }
    /// The case that holds it.
    public var configuration: ModelConfiguration { .mobileNetV2(self) }
    /// Of the first convolution, the blocks and the last convolution.
    public var widths: [Int] { [stemWidth] + outputWidths + [lastWidth] }
    /// Every number of channels.
    public var everyWidth: [Int] { widths + expandedWidths + [embeddingWidth] }

    /// Takes the numbers of channels that pruning left.
    public mutating func take(_ channels: inout ChannelCounts) {
        channels.take("features.0.0", &stemWidth)
        for index in outputWidths.indices {
            let prefix = Self.prefix(ofBlock: index)
            // A depthwise convolution has its input's channels and names the same number.
            if index == 0 {
                channels.take(prefix + ".0", &stemWidth)
            } else {
                channels.take(prefix + ".0", &expandedWidths[index - 1])
                channels.take(prefix + ".3", &expandedWidths[index - 1])
            }
            channels.take(Self.last(ofBlock: index), &outputWidths[index])
        }
        channels.take("features.\(outputWidths.count + 1).0", &lastWidth)
        channels.take("fc1", &embeddingWidth)
    }

    /// Checks the numbers of widths, and that blocks which add their input can.
    ///
    /// - Throws: `EPANNsError` with code `invalidConfiguration`.
    public func check() throws {
        let count = Self.blocks.count
        guard outputWidths.count == count, expandedWidths.count == count - 1 else {
            throw EPANNsError(
                .invalidConfiguration,
                "\(name) has \(count) blocks of which all but the first expand, but \(outputWidths.count) output widths "
                    + "and \(expandedWidths.count) expanded widths are given.")
        }
        for index in 1..<count where Self.blocks[index].addsInput {
            guard outputWidths[index] == outputWidths[index - 1] else {
                throw EPANNsError(
                    .invalidConfiguration,
                    "Block \(index + 1) of \(name) adds its input, but \(outputWidths[index - 1]) channels come in and "
                        + "\(outputWidths[index]) go out.")
            }
        }
    }

    /// Adds the first convolution, the blocks, the last convolution and the head, which does not drop the pooled vector.
    public func addLayers(to builder: inout GraphBuilder) {
        var x = builder.pooledConvolution(
            "features.0", from: 0, builder.pannsInput(), filters: stemWidth, halves: true, then: .relu6)
        for index in Self.blocks.indices { addBlock(index, &x, to: &builder) }
        x = builder.pointwiseConvolution(
            "features.\(Self.blocks.count + 1)", from: 0, x, filters: lastWidth, then: .relu6)
        builder.pannsHead(
            x, embeddingWidth: embeddingWidth, classCount: classCount, outputActivation: outputActivation,
            dropsPooled: false)
    }

    private func addBlock(_ index: Int, _ x: inout GraphBuilder.Value, to builder: inout GraphBuilder) {
        let (input, block) = (x, Self.blocks[index])
        let (name, depthwise) = (Self.prefix(ofBlock: index), Self.depthwise(ofBlock: index))
        if index > 0 {
            x = builder.pointwiseConvolution(name, from: 0, x, filters: expandedWidths[index - 1], then: .relu6)
        }
        x = builder.pooledConvolution(
            name, from: depthwise, x, filters: x.channels, groups: x.channels, halves: block.halves, then: .relu6)
        x = builder.pointwiseConvolution(name, from: depthwise + 4, x, filters: outputWidths[index], then: nil)
        if block.addsInput { x = builder.add("features.\(index + 1).sum", [x, input]) }
    }
}

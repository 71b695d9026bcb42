import EPANNsCore
import EPANNsGraph

/// PANNs' residual networks ResNet22, ResNet38 and ResNet54.
///
/// A block of CNN14's kind, four layers of residual blocks, another block of CNN14's kind, and the clip head. Nothing is
/// strided: where a layer halves the map, a 2×2 average pooling comes before the block.
/// Source: Kong et al. 2020, reference classes `ResNet22`, `ResNet38`, `ResNet54`. SPEC §2.4.
/// Parity: `NetworkParityTests`, `CostTests`.
public struct ResNetConfiguration: Architecture {
    /// What tells the three networks apart.
    public enum Variant: String, Codable, Hashable, Sendable, CaseIterable {
        case resnet22, resnet38, resnet54

        /// Residual blocks of each layer.
        public var blockCounts: [Int] { self == .resnet22 ? [2, 2, 2, 2] : [3, 4, 6, 3] }
        /// Kernels of a block's convolutions: two 3×3, or 1×1, 3×3, 1×1 (a bottleneck).
        public var kernels: [Int] { self == .resnet54 ? [1, 3, 1] : [3, 3] }
        /// Output channels for each channel inside a block.
        public var expansion: Int { self == .resnet54 ? 4 : 1 }

        /// Whether a block's input goes through a 1×1 convolution before it is added.
        ///
        /// The structure says so, not the widths: pruning can make them equal.
        func projects(layer: Int, block: Int) -> Bool { block == 0 && (layer > 0 || self == .resnet54) }
    }

    /// One of the four layers of residual blocks.
    public struct Layer: Codable, Hashable, Sendable {
        /// Channels of every block's output, which the residual sums tie together.
        public var outputWidth: Int
        /// For each block the filters of its convolutions but the last: one, or two of a bottleneck.
        public var innerWidths: [[Int]]

        /// Makes a layer.
        public init(outputWidth: Int, innerWidths: [[Int]]) {
            self.outputWidth = outputWidth
            self.innerWidths = innerWidths
        }
    }

    /// Which of the networks.
    public var variant: Variant
    /// Filters of the two convolutions before the layers.
    public var stemWidths: [Int]
    /// The four layers.
    public var layers: [Layer]
    /// Filters of the two convolutions behind the layers.
    public var lastWidths: [Int]
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
        case stemWidths, layers, lastWidths, embeddingWidth, classCount, frontEnd, outputActivation
    }

    /// Makes a configuration whose widths are the published ones times `scale`, at least 1; the published network where
    /// nothing is given.
    public init(
        _ variant: Variant, scale: Double = 1, classCount: Int = 527, frontEnd: FrontEndConfiguration = .panns32k(),
        outputActivation: OutputActivation = .sigmoid
    ) {
        func scaled(_ width: Int) -> Int { Self.scaled(width, scale) }
        self.variant = variant
        stemWidths = [scaled(64), scaled(64)]
        layers = zip([64, 128, 256, 512], variant.blockCounts).map { planes, count in
            let inner = [Int](repeating: scaled(planes), count: variant.kernels.count - 1)
            return Layer(
                outputWidth: scaled(planes * variant.expansion), innerWidths: [[Int]](repeating: inner, count: count))
        }
        lastWidths = [scaled(2048), scaled(2048)]
        embeddingWidth = scaled(2048)
        self.classCount = classCount
        self.frontEnd = frontEnd
        self.outputActivation = outputActivation
    }

    // MARK: The architecture

    /// How a sentence calls the family.
    public static let title = "ResNet22, ResNet38, ResNet54"
    /// Values of `architecture` in files.
    public static let names = Variant.allCases.map(\.rawValue)
    /// The published networks.
    public static let presets = [
        Preset("resnet22", referenceClass: "ResNet22", Self(.resnet22)),
        Preset("resnet38", referenceClass: "ResNet38", Self(.resnet38)),
        Preset("resnet54", referenceClass: "ResNet54", Self(.resnet54)),
    ]

    /// The network of a checkpoint, from the blocks of its layers.
    ///
    /// - Throws: `EPANNsError` with code `checkpointMismatch` when they are none of the three networks'.
    public static func recognise(_ shapes: StateDictShapes) throws -> Self? {
        guard shapes.contains(convolution(layer: 0, block: 0, 0) + ".weight") else { return nil }
        let depth = shapes.contains(convolution(layer: 0, block: 0, 2) + ".weight") ? 3 : 2
        let counts = (0..<4).map { layer in
            (0..<64).prefix { shapes.contains(convolution(layer: layer, block: $0, 0) + ".weight") }.count
        }
        guard let variant = Variant.allCases.first(where: { ($0.blockCounts, $0.kernels.count) == (counts, depth) })
        else {
            throw EPANNsError(
                .checkpointMismatch,
                "Layers of \(counts) residual blocks with \(depth) convolutions are neither ResNet22, ResNet38 nor "
                    + "ResNet54.")
        }
        func width(_ name: String) throws -> Int { try shapes.width(name + ".weight", rank: 4) }
        var configuration = Self(variant)
        configuration.stemWidths = try ["conv_block1.conv1", "conv_block1.conv2"].map(width)
        configuration.layers = try counts.indices.map { layer in
            Layer(
                outputWidth: try width(convolution(layer: layer, block: 0, depth - 1)),
                innerWidths: try (0..<counts[layer]).map { block in
                    try (0..<depth - 1).map { try width(convolution(layer: layer, block: block, $0)) }
                })
        }
        configuration.lastWidths = try ["conv_block_after1.conv1", "conv_block_after1.conv2"].map(width)
        configuration.embeddingWidth = try shapes.width("fc1.weight", rank: 2)
        configuration.classCount = try shapes.width("fc_audioset.weight", rank: 2)
        configuration.frontEnd = try shapes.pannsFrontEnd()
        return configuration
    }

    private static func prefix(layer: Int, block: Int) -> String { "resnet.layer\(layer + 1).\(block)" }

    private static func convolution(layer: Int, block: Int, _ index: Int) -> String {
        "\(prefix(layer: layer, block: block)).conv\(index + 1)"
    }

    /// The projection's convolution and norm; behind a pooling they are one further in PyTorch's sequence.
    private static func projection(layer: Int, block: Int) -> (convolution: String, norm: String) {
        let first = layer > 0 ? 1 : 0
        let prefix = prefix(layer: layer, block: block) + ".downsample."
        return (prefix + "\(first)", prefix + "\(first + 1)")
    }

    /// The value of `architecture` in files.
    public var name: String { variant.rawValue }
    /// The case that holds it.
    public var configuration: ModelConfiguration { .resNet(self) }
    /// Of the first block, the four layers and the last block.
    public var widths: [Int] { stemWidths + layers.map(\.outputWidth) + lastWidths }
    /// Every number of channels.
    public var everyWidth: [Int] { widths + layers.flatMap { $0.innerWidths.flatMap(\.self) } + [embeddingWidth] }

    /// Takes the numbers of channels that pruning left.
    public mutating func take(_ channels: inout ChannelCounts) {
        for index in stemWidths.indices { channels.take("conv_block1.conv\(index + 1)", &stemWidths[index]) }
        for layer in layers.indices {
            for block in layers[layer].innerWidths.indices {
                let inner = layers[layer].innerWidths[block].count
                for index in 0..<inner {
                    channels.take(
                        Self.convolution(layer: layer, block: block, index), &layers[layer].innerWidths[block][index])
                }
                // The output and the projection are tied; both name the same number.
                channels.take(Self.convolution(layer: layer, block: block, inner), &layers[layer].outputWidth)
                channels.take(Self.projection(layer: layer, block: block).convolution, &layers[layer].outputWidth)
            }
        }
        for index in lastWidths.indices { channels.take("conv_block_after1.conv\(index + 1)", &lastWidths[index]) }
        channels.take("fc1", &embeddingWidth)
    }

    /// Checks the numbers of blocks and widths, and that the first layer can add its input.
    ///
    /// - Throws: `EPANNsError` with code `invalidConfiguration`.
    public func check() throws {
        let inner = variant.kernels.count - 1
        guard stemWidths.count == 2, lastWidths.count == 2,
            layers.map(\.innerWidths.count) == variant.blockCounts,
            layers.allSatisfy({ $0.innerWidths.allSatisfy { $0.count == inner } })
        else {
            throw EPANNsError(
                .invalidConfiguration,
                "\(name) has 2 convolutions before and 2 behind layers of \(variant.blockCounts) blocks with \(inner) "
                    + "inner widths each; other numbers are given.")
        }
        guard variant.projects(layer: 0, block: 0) || stemWidths[1] == layers[0].outputWidth else {
            throw EPANNsError(
                .invalidConfiguration,
                "The first layer of \(name) adds its input, but \(stemWidths[1]) channels come in and "
                    + "\(layers[0].outputWidth) go out.")
        }
    }

    /// Adds the first block, the layers, the last block and the head.
    public func addLayers(to builder: inout GraphBuilder) {
        var x = builder.pannsBlock(
            "conv_block1", builder.pannsInput(), widths: stemWidths[...], kernel: 3, pooled: true)
        for layer in layers.indices {
            for block in layers[layer].innerWidths.indices { addBlock(layer, block, &x, to: &builder) }
        }
        x = builder.pool("resnet.pool", x, Pool(.mean, kernel: [2, 2]))
        x = builder.dropout("resnet.dropout", x, rate: 0.2)
        x = builder.pannsBlock("conv_block_after1", x, widths: lastWidths[...], kernel: 3, pooled: false)
        builder.pannsHead(
            x, embeddingWidth: embeddingWidth, classCount: classCount, outputActivation: outputActivation)
    }

    /// One residual block: convolutions with norms, dropout before the last, and the input added.
    private func addBlock(
        _ layer: Int, _ block: Int, _ x: inout GraphBuilder.Value, to builder: inout GraphBuilder
    ) {
        let name = Self.prefix(layer: layer, block: block)
        let widths = layers[layer].innerWidths[block] + [layers[layer].outputWidth]
        if layer > 0, block == 0 { x = builder.pool(name + ".pool", x, Pool(.mean, kernel: [2, 2])) }
        var identity = x
        if variant.projects(layer: layer, block: block) {
            let projection = Self.projection(layer: layer, block: block)
            identity = builder.convolution(
                projection.convolution, x, Convolution(filters: layers[layer].outputWidth, kernel: [1, 1]))
            identity = builder.batchNorm(projection.norm, identity)
        }
        for (index, (width, kernel)) in zip(widths, variant.kernels).enumerated() {
            let isLast = index == widths.count - 1
            if isLast { x = builder.dropout(name + ".dropout", x, rate: 0.1) }
            x = builder.convolution(
                Self.convolution(layer: layer, block: block, index), x,
                Convolution(filters: width, kernel: [kernel, kernel], padding: [kernel / 2, kernel / 2]))
            // A fresh block changes nothing: its last norm starts at zero.
            x = builder.batchNorm("\(name).bn\(index + 1)", x, EPANNsGraph.BatchNorm(startsAtZero: isLast))
            if !isLast { x = builder.activation("\(name).relu\(index + 1)", x, .relu) }
        }
        x = builder.activation(name + ".relu", builder.add(name + ".sum", [x, identity]), .relu)
    }
}

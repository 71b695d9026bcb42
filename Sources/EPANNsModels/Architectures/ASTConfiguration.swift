import EPANNsCore
import EPANNsGraph

/// AST, the Audio Spectrogram Transformer: a vision transformer with class and distillation tokens on a spectrogram.
///
/// Patches of 16×16, mel first, with steps of 10, 12, 14 or 16; blocks of attention and two linear layers, each behind a
/// layer norm and added to its input; the mean of the two tokens (the embedding), a layer norm and a linear layer.
/// Source: Gong, Chung and Glass 2021, reference class `ASTModel`; SPEC §2.9. The two ImageNet heads of published files are
/// unused and left out: 86.6 M parameters rather than 88.1 M.
/// Parity: `NetworkParityTests`, `CostTests`.
public struct ASTConfiguration: Architecture {
    /// One block.
    public struct Block: Codable, Hashable, Sendable {
        /// Heads of the attention.
        public var heads: Int
        /// Channels between the two linear layers.
        public var hiddenWidth: Int

        /// Makes a block.
        public init(heads: Int, hiddenWidth: Int) {
            self.heads = heads
            self.hiddenWidth = hiddenWidth
        }
    }

    /// Steps of the patches over mel and time.
    public var stride: [Int]
    /// Channels of every token.
    public var width: Int
    /// Channels of every head.
    public var headWidth: Int
    /// The blocks.
    public var blocks: [Block]
    /// Added to the variances of the layer norms: 1e-6 in original files, 1e-12 in Hugging Face's.
    public var normEpsilon: Float
    /// Added to the variance of the last one: 1e-5 in original files, 1e-12 in Hugging Face's.
    public var headEpsilon: Float
    /// Number of classes.
    public var classCount: Int
    /// How the waveform becomes the spectrogram: of a fixed number of frames, since every position has its own embedding.
    public var frontEnd: FrontEndConfiguration
    /// What turns logits into scores.
    public var outputActivation: OutputActivation

    /// Extent of a patch over mel and time.
    static let patch = 16

    private enum CodingKeys: String, CodingKey {
        case stride, width, headWidth, blocks, normEpsilon, headEpsilon, classCount, frontEnd, outputActivation
    }

    /// Makes a configuration of equal blocks; the published network where nothing is given.
    public init(
        stride: Int = 10, width: Int = 768, headWidth: Int = 64, heads: Int = 12, hiddenWidth: Int = 3072,
        blockCount: Int = 12, classCount: Int = 527, frontEnd: FrontEndConfiguration = .ast,
        outputActivation: OutputActivation = .sigmoid
    ) {
        self.stride = [stride, stride]
        self.width = width
        self.headWidth = headWidth
        blocks = Array(repeating: Block(heads: heads, hiddenWidth: hiddenWidth), count: max(0, blockCount))
        normEpsilon = 1e-6
        headEpsilon = 1e-5
        self.classCount = classCount
        self.frontEnd = frontEnd
        self.outputActivation = outputActivation
    }

    // MARK: The architecture

    /// How a sentence calls the family.
    public static let title = "AST"
    /// Values of `architecture` in files.
    public static let names = ["ast"]
    /// The published networks, by the steps of their patches.
    public static let presets = [10, 12, 14, 16].map { stride in
        Preset("ast-\(stride)", referenceClass: "ASTModel(\(stride), \(stride))", Self(stride: stride))
    }

    /// The network of a checkpoint, original or as ``translated(_:)`` makes it.
    ///
    /// Shapes tell neither the steps of patches, which follow from the number of positions, nor the heads' width, which is
    /// 64 in all published networks; files of ours store both.
    ///
    /// - Throws: `EPANNsError` with code `checkpointMismatch` when a tensor is missing, or the shapes are none that 128
    ///   mel bands and 1024 frames give.
    public static func recognise(_ shapes: StateDictShapes) throws -> Self? {
        guard shapes.contains("v.pos_embed"), shapes.contains("v.patch_embed.proj.weight") else { return nil }
        var configuration = Self()
        let embedding = try shapes.shape("v.pos_embed", rank: 3)
        configuration.width = embedding[2]
        let stride = (1...patch).first {
            configuration.stride = [$0, $0]
            return configuration.positions == embedding[1]
        }
        guard stride != nil else {
            throw EPANNsError(
                .checkpointMismatch,
                "An AST with \(embedding[1]) positions has patches of steps that are not known: 1214, 852, 659 and 514 "
                    + "belong to steps of 10, 12, 14 and 16.")
        }
        let count = (0..<256).prefix { shapes.contains(block($0) + ".norm1.weight") }.count
        configuration.blocks = try (0..<count).map { index in
            let rows = try shapes.width(block(index) + ".attn.qkv.weight", rank: 2)
            guard rows % (3 * configuration.headWidth) == 0 else {
                throw EPANNsError(
                    .checkpointMismatch,
                    "\(block(index)).attn.qkv has \(rows) rows, which are not queries, keys and values of heads of "
                        + "\(configuration.headWidth) channels.")
            }
            return Block(
                heads: rows / (3 * configuration.headWidth),
                hiddenWidth: try shapes.width(block(index) + ".mlp.fc1.weight", rank: 2))
        }
        configuration.classCount = try shapes.width("mlp_head.1.weight", rank: 2)
        return configuration
    }

    private static func block(_ index: Int) -> String { "v.blocks.\(index)" }

    /// Patches over mel and time.
    private var patches: [Int] {
        let frames: Int =
            switch frontEnd.recipe.frames {
            case .fixed(let count, _): count
            case .any, .perSecond: 0
            }
        return zip([frontEnd.melBands, frames], stride).map { extent, step in
            extent < Self.patch ? 0 : (extent - Self.patch) / max(1, step) + 1
        }
    }

    /// Tokens: patches and the two that are learnt.
    var positions: Int { patches.reduce(1, *) + 2 }

    /// The value of `architecture` in files.
    public var name: String { Self.names[0] }
    /// The case that holds it.
    public var configuration: ModelConfiguration { .ast(self) }
    /// Of the tokens, and between the linear layers of every block.
    public var widths: [Int] { [width] + blocks.map(\.hiddenWidth) }
    /// Every number of channels.
    public var everyWidth: [Int] { widths + [headWidth] + blocks.map(\.heads) }

    /// Takes the numbers of channels that pruning left.
    public mutating func take(_ channels: inout ChannelCounts) {
        for index in blocks.indices {
            var rows = 3 * blocks[index].heads * headWidth
            channels.take(Self.block(index) + ".attn.qkv", &rows)
            // Heads go as a whole.
            blocks[index].heads = rows / (3 * headWidth)
            channels.take(Self.block(index) + ".mlp.fc1", &blocks[index].hiddenWidth)
        }
    }

    /// Checks the numbers of blocks, steps and tokens.
    ///
    /// - Throws: `EPANNsError` with code `invalidConfiguration`.
    public func check() throws {
        func require(_ isSound: Bool, _ problem: @autoclosure () -> String) throws {
            if !isSound { throw EPANNsError(.invalidConfiguration, "The AST is invalid: \(problem()).") }
        }
        try require((1...256).contains(blocks.count), "it has \(blocks.count) blocks; there must be between 1 and 256")
        try require(
            stride.count == 2 && stride.allSatisfy { (1...Self.patch).contains($0) },
            "patches have steps of \(stride); there must be two between 1 and \(Self.patch)")
        if case .fixed = frontEnd.recipe.frames {
        } else {
            try require(false, "its front end must give a fixed number of frames")
        }
        try require(
            patches.allSatisfy { $0 > 0 } && positions <= 65536,
            "\(frontEnd.melBands) mel bands and its number of frames give \(patches) patches")
        try require(
            blocks.allSatisfy { (1...65536).contains($0.heads) } && (1...65536).contains(headWidth)
                && blocks.allSatisfy { $0.heads * headWidth <= 65536 },
            "heads have between 1 and 65536 channels together")
        try require(
            [normEpsilon, headEpsilon].allSatisfy { $0 >= 0 && $0 < 1 },
            "what is added to variances must be between 0 and 1, not \(normEpsilon) and \(headEpsilon)")
    }

    /// Adds tokens, blocks and the head.
    public func addLayers(to builder: inout GraphBuilder) {
        let classToken = builder.parameter("v.cls_token", Parameter(channels: width))
        let places = builder.parameter("v.pos_embed", Parameter(channels: width, positions: positions))
        let distillationToken = builder.parameter("v.dist_token", Parameter(channels: width))
        var x = builder.transpose("mel-first", builder.input)
        x = builder.convolution(
            "v.patch_embed.proj", x,
            Convolution(filters: width, kernel: [Self.patch, Self.patch], stride: stride, hasBias: true))
        x = builder.flatten("v.patches", x)
        x = builder.join("v.tokens", [classToken, distillationToken, x])
        x = builder.add("v.placed", [x, places])
        for index in blocks.indices { addBlock(index, &x, to: &builder) }
        // Nobody reads the other positions; norms look at each alone.
        x = builder.first("v.first", x, count: 2)
        x = builder.layerNorm("v.norm", x, LayerNorm(epsilon: normEpsilon))
        x = builder.reduce("v.pooled", x, .mean, over: [.height])
        builder.output(.embedding, x)
        x = builder.layerNorm("mlp_head.0", x, LayerNorm(epsilon: headEpsilon))
        builder.classify(builder.linear("mlp_head.1", x, outputs: classCount), outputActivation)
    }

    private func addBlock(_ index: Int, _ x: inout GraphBuilder.Value, to builder: inout GraphBuilder) {
        let name = Self.block(index)
        var y = builder.layerNorm(name + ".norm1", x, LayerNorm(epsilon: normEpsilon))
        y = builder.linear(name + ".attn.qkv", y, outputs: 3 * blocks[index].heads * headWidth)
        y = builder.attention(
            name + ".attn", y, Attention(heads: blocks[index].heads, headWidth: headWidth))
        y = builder.linear(name + ".attn.proj", y, outputs: width)
        x = builder.add(name + ".attended", [x, y])
        y = builder.layerNorm(name + ".norm2", x, LayerNorm(epsilon: normEpsilon))
        y = builder.linear(name + ".mlp.fc1", y, outputs: blocks[index].hiddenWidth)
        y = builder.activation(name + ".mlp.act", y, .gelu)
        y = builder.linear(name + ".mlp.fc2", y, outputs: width)
        x = builder.add(name + ".sum", [x, y])
    }
}

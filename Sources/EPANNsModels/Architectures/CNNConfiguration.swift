import EPANNsCore
import EPANNsGraph

/// PANNs' plain networks CNN6, CNN10 and CNN14 and, with other widths, E-PANNs: blocks of convolutions, then a head.
///
/// Source: Kong et al. 2020, reference classes `Cnn6`, `Cnn10`, `Cnn14`, `Cnn14_16k`, `Cnn14_8k`, `Cnn14_mel32`,
/// `Cnn14_mel128`, `Cnn14_emb512/128/32`; Singh, Liu, Plumbley 2023, reference class `Cnn14_pruned`. SPEC §2.1–§2.3.
/// A pruned network is the same structure with other integers. Parity: `NetworkParityTests`, `CostTests`.
public struct CNNConfiguration: Architecture {
    /// What tells the three networks apart.
    public enum Variant: String, Codable, Hashable, Sendable, CaseIterable {
        /// Four blocks of a single 5×5 convolution.
        case cnn6
        /// Four blocks of two 3×3 convolutions.
        case cnn10
        /// Six blocks of two 3×3 convolutions, the last without pooling.
        case cnn14

        /// Number of blocks.
        public var blockCount: Int { self == .cnn14 ? 6 : 4 }
        /// Convolutions of a block.
        public var blockDepth: Int { self == .cnn6 ? 1 : 2 }
        /// Extent of the kernels.
        public var kernel: Int { self == .cnn6 ? 5 : 3 }
        /// Blocks that end with a 2×2 average pooling, from the first on.
        public var pooledBlockCount: Int { self == .cnn14 ? 5 : 4 }
        /// Filters of the published network's convolutions: they double from block to block.
        public var publishedWidths: [Int] {
            (0..<blockCount).flatMap { [Int](repeating: 64 << $0, count: blockDepth) }
        }
        /// Length of the published network's embedding.
        public var publishedEmbeddingWidth: Int { self == .cnn14 ? 2048 : 512 }

        /// The state-dict prefix of a convolution, which is counted from 0.
        func convolutionName(_ index: Int) -> String {
            "conv_block\(index / blockDepth + 1).conv\(index % blockDepth + 1)"
        }
    }

    /// Which of the networks.
    public var variant: Variant
    /// Filters of the convolutions: 4, 8 or 12 of them.
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

    /// Makes a configuration; the published network at 32 kHz where nothing is given.
    public init(
        _ variant: Variant, widths: [Int]? = nil, embeddingWidth: Int? = nil, classCount: Int = 527,
        frontEnd: FrontEndConfiguration = .panns32k(), outputActivation: OutputActivation = .sigmoid
    ) {
        self.variant = variant
        self.widths = widths ?? variant.publishedWidths
        self.embeddingWidth = embeddingWidth ?? variant.publishedEmbeddingWidth
        self.classCount = classCount
        self.frontEnd = frontEnd
        self.outputActivation = outputActivation
    }

    /// E-PANNs: C7 to C12 of CNN14 pruned by `ratio`, their widths truncated toward zero as the reference does.
    ///
    /// - Throws: `EPANNsError` with code `invalidConfiguration` when the ratio is not a number from 0 to less than 1.
    public static func epanns(pruned ratio: Double) throws -> Self {
        guard ratio >= 0, ratio < 1 else {
            throw EPANNsError(
                .invalidConfiguration, "The pruned part must be at least 0 and less than 1, not \(ratio).")
        }
        return Self(
            .cnn14,
            widths: Variant.cnn14.publishedWidths.enumerated().map { index, width in
                index < 6 ? width : Int(Double(width) * (1 - ratio))
            })
    }

    // MARK: The architecture

    /// How a sentence calls the family.
    public static let title = "CNN6, CNN10, CNN14, E-PANNs"
    /// Values of `architecture` in files.
    public static let names = Variant.allCases.map(\.rawValue)

    /// The published networks.
    public static let presets: [Preset] = [
        Preset("cnn6", referenceClass: "Cnn6", Self(.cnn6)),
        Preset("cnn10", referenceClass: "Cnn10", Self(.cnn10)),
        Preset("cnn14", referenceClass: "Cnn14", Self(.cnn14)),
        Preset("cnn14-16k", referenceClass: "Cnn14_16k", Self(.cnn14, frontEnd: .panns16k)),
        Preset("cnn14-8k", referenceClass: "Cnn14_8k", Self(.cnn14, frontEnd: .panns8k)),
        Preset("cnn14-mel32", referenceClass: "Cnn14_mel32", Self(.cnn14, frontEnd: .panns32k(melBands: 32))),
        Preset("cnn14-mel128", referenceClass: "Cnn14_mel128", Self(.cnn14, frontEnd: .panns32k(melBands: 128))),
        Preset("cnn14-emb512", referenceClass: "Cnn14_emb512", Self(.cnn14, embeddingWidth: 512)),
        Preset("cnn14-emb128", referenceClass: "Cnn14_emb128", Self(.cnn14, embeddingWidth: 128)),
        Preset("cnn14-emb32", referenceClass: "Cnn14_emb32", Self(.cnn14, embeddingWidth: 32)),
        Preset("epanns-25", referenceClass: nil, epanns(percent: 25)),
        Preset("epanns-50", referenceClass: "Cnn14_pruned", epanns(percent: 50)),
        Preset("epanns-75", referenceClass: nil, epanns(percent: 75)),
    ]

    /// Besides the presets, `epanns-R` takes any ratio of 0 to 99 %.
    public static func named(_ name: String) -> Self? {
        guard name.hasPrefix("epanns-") else { return preset(name) }
        guard let percent = Int(name.dropFirst(7)), (0...99).contains(percent) else { return nil }
        return epanns(percent: percent)
    }

    // Integer arithmetic: the exact floor, which the reference's float arithmetic gives too (SPEC §2.3).
    private static func epanns(percent: Int) -> Self {
        Self(
            .cnn14,
            widths: Variant.cnn14.publishedWidths.enumerated().map { index, width in
                index < 6 ? width : width * (100 - percent) / 100
            })
    }

    /// The network of a checkpoint, from the blocks it has and their kernels.
    ///
    /// - Throws: `EPANNsError` with code `checkpointMismatch` when the blocks are none of the three networks'.
    public static func recognise(_ shapes: StateDictShapes) throws -> Self? {
        // Others have CNN14's blocks and something before or behind them.
        guard shapes.contains("conv_block1.conv1.weight"), shapes.contains("conv_block2.conv1.weight"),
            !shapes.contains("pre_conv0.weight"), !shapes.contains("att_block.att.weight")
        else {
            return nil
        }
        let kernel = try shapes.shape("conv_block1.conv1.weight", rank: 4)[2]
        let blocks = shapes.contains("conv_block5.conv1.weight") ? 6 : 4
        let depth = shapes.contains("conv_block1.conv2.weight") ? 2 : 1
        guard
            let variant = Variant.allCases.first(where: {
                ($0.blockCount, $0.blockDepth, $0.kernel) == (blocks, depth, kernel)
            })
        else {
            throw EPANNsError(
                .checkpointMismatch,
                "\(blocks) blocks of \(depth) convolutions with \(kernel)×\(kernel) kernels are neither CNN6, CNN10 nor "
                    + "CNN14.")
        }
        return Self(
            variant,
            widths: try (0..<blocks * depth).map {
                try shapes.width(variant.convolutionName($0) + ".weight", rank: 4)
            },
            embeddingWidth: try shapes.width("fc1.weight", rank: 2),
            classCount: try shapes.width("fc_audioset.weight", rank: 2), frontEnd: try shapes.pannsFrontEnd())
    }

    /// The value of `architecture` in files.
    public var name: String { variant.rawValue }
    /// The case that holds it.
    public var configuration: ModelConfiguration { .cnn(self) }
    /// Every number of channels.
    public var everyWidth: [Int] { widths + [embeddingWidth] }

    /// Takes other filters, one number for each convolution.
    ///
    /// - Throws: `EPANNsError` with code `invalidConfiguration` when there are too few or too many.
    public mutating func replaceWidths(_ widths: [Int]) throws {
        self.widths = widths
        try check()
    }

    /// Takes the numbers of channels that pruning left.
    public mutating func take(_ channels: inout ChannelCounts) {
        for index in widths.indices { channels.take(variant.convolutionName(index), &widths[index]) }
        channels.take("fc1", &embeddingWidth)
    }

    /// Checks the number of widths.
    ///
    /// - Throws: `EPANNsError` with code `invalidConfiguration`.
    public func check() throws {
        let expected = variant.blockCount * variant.blockDepth
        guard widths.count == expected else {
            throw EPANNsError(
                .invalidConfiguration,
                "\(name) has \(expected) convolutions, but \(widths.count) widths are given.")
        }
    }

    /// Adds the blocks and the head.
    public func addLayers(to builder: inout GraphBuilder) {
        builder.pannsHead(
            addBlocks(to: &builder), embeddingWidth: embeddingWidth, classCount: classCount,
            outputActivation: outputActivation)
    }

    /// Adds the norm of the spectrogram and the blocks; gives the last map.
    func addBlocks(to builder: inout GraphBuilder) -> GraphBuilder.Value {
        var x = builder.pannsInput()
        for block in 0..<variant.blockCount {
            let first = block * variant.blockDepth
            x = builder.pannsBlock(
                "conv_block\(block + 1)", x, widths: widths[first..<first + variant.blockDepth], kernel: variant.kernel,
                pooled: block < variant.pooledBlockCount)
        }
        return x
    }
}

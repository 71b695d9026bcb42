import EPANNsCore
import EPANNsGraph

/// CNN14 of PANNs and, with other widths, E-PANNs.
///
/// Source: Kong et al. 2020, reference classes `Cnn14`, `Cnn14_16k`, `Cnn14_8k`, `Cnn14_mel32`, `Cnn14_mel128`,
/// `Cnn14_emb512/128/32`; Singh, Liu, Plumbley 2023, reference class `Cnn14_pruned`. SPEC §2.1, §2.3.
/// A pruned network is the same structure with other integers. Parity: `NetworkParityTests`, `CostTests`.
public struct CNN14Configuration: Codable, Hashable, Sendable {
    /// Filters of the twelve convolutions, C1 to C12.
    public var widths: [Int]
    /// Outputs of `fc1`, the length of the embedding.
    public var embeddingWidth: Int
    /// Number of classes.
    public var classCount: Int
    /// How the waveform becomes the spectrogram.
    public var frontEnd: FrontEndConfiguration
    /// What turns logits into scores.
    public var outputActivation: OutputActivation

    /// Widths of the unpruned network.
    public static let fullWidths = [64, 64, 128, 128, 256, 256, 512, 512, 1024, 1024, 2048, 2048]

    /// Makes a configuration; CNN14 at 32 kHz with 527 classes where nothing is given.
    public init(
        widths: [Int] = Self.fullWidths, embeddingWidth: Int = 2048, classCount: Int = 527,
        frontEnd: FrontEndConfiguration = .panns32k(), outputActivation: OutputActivation = .sigmoid
    ) {
        self.widths = widths
        self.embeddingWidth = embeddingWidth
        self.classCount = classCount
        self.frontEnd = frontEnd
        self.outputActivation = outputActivation
    }

    /// E-PANNs: C7 to C12 pruned by `ratio`, their widths truncated toward zero as the reference does.
    public static func epanns(pruned ratio: Double) -> Self {
        let widths = fullWidths.enumerated().map { index, width in
            index < 6 ? width : Int(Double(width) * (1 - ratio))
        }
        return Self(widths: widths)
    }

    /// The network's graph.
    public func graph() -> ModelGraph {
        precondition(widths.count == 12)
        var builder = GraphBuilder(input: frontEnd)
        var x = builder.pannsInput()
        for block in 0..<6 {
            x = builder.pannsBlock(
                "conv_block\(block + 1)", x, widths: widths[2 * block..<2 * block + 2], kernel: 3,
                pooled: block < 5)
        }
        builder.pannsHead(
            x, embeddingWidth: embeddingWidth, classCount: classCount, outputActivation: outputActivation)
        return builder.build()
    }
}

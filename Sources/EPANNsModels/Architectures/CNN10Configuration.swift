import EPANNsCore
import EPANNsGraph

/// CNN10 of PANNs: four blocks of two 3×3 convolutions.
///
/// Source: Kong et al. 2020, reference class `Cnn10`. SPEC §2.2. Parity: `NetworkParityTests`, `CostTests`.
public struct CNN10Configuration: Codable, Hashable, Sendable {
    /// Filters of the eight convolutions.
    public var widths: [Int]
    /// Outputs of `fc1`, the length of the embedding.
    public var embeddingWidth: Int
    /// Number of classes.
    public var classCount: Int
    /// How the waveform becomes the spectrogram.
    public var frontEnd: FrontEndConfiguration
    /// What turns logits into scores.
    public var outputActivation: OutputActivation

    /// Makes a configuration; the published network where nothing is given.
    public init(
        widths: [Int] = [64, 64, 128, 128, 256, 256, 512, 512], embeddingWidth: Int = 512, classCount: Int = 527,
        frontEnd: FrontEndConfiguration = .panns32k(), outputActivation: OutputActivation = .sigmoid
    ) {
        self.widths = widths
        self.embeddingWidth = embeddingWidth
        self.classCount = classCount
        self.frontEnd = frontEnd
        self.outputActivation = outputActivation
    }

    /// The network's graph.
    public func graph() -> ModelGraph {
        precondition(widths.count == 8)
        var builder = GraphBuilder(input: frontEnd)
        var x = builder.pannsInput()
        for block in 0..<4 {
            x = builder.pannsBlock(
                "conv_block\(block + 1)", x, widths: widths[2 * block..<2 * block + 2], kernel: 3, pooled: true)
        }
        builder.pannsHead(
            x, embeddingWidth: embeddingWidth, classCount: classCount, outputActivation: outputActivation)
        return builder.build()
    }
}

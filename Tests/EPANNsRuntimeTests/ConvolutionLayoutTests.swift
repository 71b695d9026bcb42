import EPANNsCore
import EPANNsGraph
import EPANNsModels
import EPANNsRuntime
import EPANNsTestSupport
import Testing

/// Layouts that oneDNN chooses for widths of whole blocks of 16 channels, which the small fixtures do not have.
@Suite struct ConvolutionLayoutTests {
    private let graph: ModelGraph

    init() throws {
        graph = try CNNConfiguration(
            .cnn14, widths: [16, 32, 32, 16, 16, 16, 16, 32, 16, 16, 32, 16], embeddingWidth: 16, classCount: 10
        ).graph()
    }

    private var weights: [String: Tensor] { seededWeights(graph) }

    @Test(arguments: [Precision.fp32, .bf16].filter(\.isSupported)) func planEqualsReference(precision: Precision)
        throws
    {
        let frames = 70
        let weights = weights
        let spectrogram = (0..<frames * 64).map { Float($0 * 37 % 101) / 50 - 1 }
        let expected = try ReferenceExecutor(graph: graph, weights: weights).run(spectrogram)
        let network = InferenceNetwork(graph: graph, weights: weights, options: .init(precision: precision))
        let plan = try network.plan(for: .init(frames: frames))
        let outputs = try plan.run(spectrogram)
        let scale = expected.embedding.map(abs).max() ?? 0
        #expect(scale > 0.1)
        // fp32: Winograd loses two of the seven digits; bf16 keeps two or three, and layers add up.
        let tolerance: Float = precision == .fp32 ? 1e-4 : 5e-2
        let worst = zip(outputs.embedding, expected.embedding).map { abs($0 - $1) }.max() ?? .infinity
        print("layout parity \(precision.rawValue): max |Δ| / max of the embedding \(worst / scale)")
        #expect(worst <= tolerance * scale)
    }

    @Test func firstConvolutionWritesWhatWinogradReads() throws {
        let network = InferenceNetwork(graph: graph, weights: weights, options: .init(precision: .fp32))
        let steps = try network.plan(for: .init(frames: 70)).implementations
        let names = steps.map(\.name)
        let first = try #require(steps.first { $0.name == "conv_block1.relu1" })
        let second = try #require(steps.first { $0.name == "conv_block1.relu2" })
        #expect(!first.implementation.contains("wino"))
        if second.implementation.contains("wino") {
            #expect(!names.contains("reorder for conv_block1.conv2"))
        }
    }
}

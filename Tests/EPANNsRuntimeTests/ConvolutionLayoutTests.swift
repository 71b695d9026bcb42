import EPANNsGraph
import EPANNsModels
import EPANNsRuntime
import Testing

/// Layouts that oneDNN chooses for widths of whole blocks of 16 channels, which the small fixtures do not have.
@Suite struct ConvolutionLayoutTests {
    private let graph = CNN14Configuration(
        widths: [16, 32, 32, 16, 16, 16, 16, 32, 16, 16, 32, 16], embeddingWidth: 16, classCount: 10
    ).graph()

    /// Seeded weights: He-uniform, so that nothing dies on the way through twelve ReLUs.
    private var weights: [String: Tensor] {
        var state: UInt64 = 7
        func random(_ range: ClosedRange<Float>) -> Float {
            state = state &* 6_364_136_223_846_793_005 &+ 1_442_695_040_888_963_407
            return range.lowerBound + (range.upperBound - range.lowerBound) * Float(state >> 40) * 0x1p-24
        }
        var weights: [String: Tensor] = [:]
        for spec in graph.parameterSpecs where !spec.isOptional {
            let range: ClosedRange<Float> =
                switch spec.initialization {
                case .xavierUniform(let fanIn, _): -(6 / Float(fanIn)).squareRoot()...(6 / Float(fanIn)).squareRoot()
                case .zeros: -0.1...0.1
                case .ones, .frontEnd: 0.8...1.2
                }
            weights[spec.name] = Tensor(shape: spec.shape, values: (0..<spec.count).map { _ in random(range) })
        }
        return weights
    }

    @Test(arguments: [Precision.fp32, .bf16]) func planEqualsReference(precision: Precision) throws {
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

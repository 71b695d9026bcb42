import EPANNsCore
import EPANNsGraph
import EPANNsRuntime
import EPANNsTestSupport
import Testing

@Suite struct InferenceNetworkTests {
    /// A few layers whose scores are what `scores` makes of the logits.
    private func graph(_ scores: (inout GraphBuilder, GraphBuilder.Value) -> GraphBuilder.Value) -> ModelGraph {
        var g = GraphBuilder(input: .panns32k(melBands: 16))
        let x = g.reduce("mean", g.convolution("c", g.input, GraphCases.square), .mean, over: [.height, .width])
        let logits = g.linear("head", x, outputs: 5)
        g.output(.embedding, x)
        g.output(.logits, logits)
        g.output(.scores, scores(&g, logits))
        return g.build()
    }

    private let spectrogram: [Float] = (0..<37 * 16).map { (index: Int) -> Float in Float(index * 37 % 101) / 50 - 1 }

    @Test(arguments: [0, -3]) func `no threads are an error`(threads: Int) {
        let graph = graph { _, logits in logits }
        let network = InferenceNetwork(
            graph: graph, weights: seededWeights(graph), options: .init(threads: threads))
        let error = failure { _ = try network.plan(for: .init(frames: 37)) }
        #expect(error?.code == .invalidConfiguration)
        #expect(error?.message.contains("\(threads)") == true)
    }

    @Test(arguments: [(0, 37), (1, 0)]) func `an empty shape is an error`(batch: Int, frames: Int) {
        let graph = graph { _, logits in logits }
        let network = InferenceNetwork(graph: graph, weights: seededWeights(graph))
        #expect(
            failure { _ = try network.plan(for: .init(batch: batch, frames: frames)) }?.code == .invalidConfiguration)
    }

    /// Scores come from the network itself where no output activation lies between them and the logits.
    @Test(arguments: ["none", "sigmoid", "softmax", "relu6", "two layers"])
    func `scores are the graph's`(kind: String) throws {
        let graph = graph { g, logits in
            switch kind {
            case "sigmoid": g.activation("s", logits, .sigmoid)
            case "softmax": g.softmax("s", logits)
            case "relu6": g.activation("s", logits, .relu6)
            case "two layers": g.softmax("s", g.linear("again", logits, outputs: 5))
            default: logits
            }
        }
        let weights = seededWeights(graph)
        let expected = try ReferenceExecutor(graph: graph, weights: weights).run(spectrogram)
        let outputs = try InferenceNetwork(graph: graph, weights: weights).plan(for: .init(frames: 37))
            .run(spectrogram)
        #expect(Set(expected.scores).count > 1)
        // Float32 sums of some ten products against sums in double precision.
        #expect(worst(outputs.scores, expected.scores) <= 1e-5)
        #expect(worst(outputs.logits, expected.logits) <= 1e-5)
    }

    @Test func `a weight of the wrong size is named`() throws {
        let graph = graph { _, logits in logits }
        var weights = seededWeights(graph)
        weights["head.weight"] = Tensor(shape: [4, 6], values: [Float](repeating: 0, count: 24))
        let error = failure {
            _ = try InferenceNetwork(graph: graph, weights: weights).plan(for: .init(frames: 37))
        }
        #expect(error?.code == .checkpointMismatch && error?.message.contains("head.weight") == true)
    }
}

import EPANNsCore
import EPANNsGraph
import EPANNsRuntime
import EPANNsTestSupport
import Testing

/// Parameters that are values of their own: class tokens, positional embeddings.
@Suite struct ParameterNodeTests {
    /// A positional embedding is added to the rows of a map with five positions.
    private let graph: ModelGraph = {
        var g = GraphBuilder(input: .panns32k(melBands: 8))
        var x = g.convolution("stem", g.input, Convolution(filters: 6, kernel: [1, 8]))
        x = g.reduce("rows", x, .mean, over: [.width])
        x = g.add("sum", [x, g.parameter("pos_embed", Parameter(channels: 6, positions: 5))])
        x = g.reduce("mean", x, .mean, over: [.height])
        g.output(.embedding, x)
        g.classify(g.linear("fc", x, outputs: 3), .none)
        return g.build()
    }()

    @Test func theReferenceReadsItWithTheChannelsLast() throws {
        var weights = seededWeights(graph)
        weights["pos_embed"] = Tensor(shape: [1, 5, 6], values: (0..<30).map(Float.init))
        let values = try ReferenceExecutor(graph: graph, weights: weights)
            .allValues((0..<40).map { Float($0 % 7) })
        let value = try #require(values["pos_embed"])
        let transposed = (0..<30).map { (index: Int) -> Float in Float(index % 5 * 6 + index / 5) }
        #expect(value == transposed)
        let (sum, rows) = try (#require(values["sum"]), #require(values["rows"]))
        let expected: [Float] = zip(rows, value).map { $0 + $1 }
        #expect(sum == expected)
    }

    @Test(arguments: [1, 3]) func plansGiveItToEveryClip(batch: Int) throws {
        let weights = seededWeights(graph)
        let clips = (0..<batch).map { clip in (0..<40).map { Float(($0 * 5 + clip * 3) % 7) } }
        let plan = try InferenceNetwork(graph: graph, weights: weights).plan(for: .init(batch: batch, frames: 5))
        let outputs = try plan.run(clips.flatMap(\.self))
        let reference = ReferenceExecutor(graph: graph, weights: weights)
        let expected = try clips.flatMap { try reference.run($0).logits }
        // A few Float32 sums of tens of products.
        #expect(worst(outputs.logits, expected) <= 1e-5 * (expected.map(abs).max() ?? 0))
    }

    @Test func aTensorOfTheWrongSizeIsNamed() throws {
        var weights = seededWeights(graph)
        weights["pos_embed"] = Tensor(shape: [1, 4, 6], values: [Float](repeating: 0, count: 24))
        let error = #expect(throws: EPANNsError.self) {
            try InferenceNetwork(graph: graph, weights: weights).plan(for: .init(frames: 5))
        }
        #expect(error?.code == .checkpointMismatch)
        #expect(error?.message.contains("pos_embed") == true)
    }
}

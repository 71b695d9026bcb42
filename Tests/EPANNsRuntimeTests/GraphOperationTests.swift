import EPANNsGraph
import EPANNsRuntime
import EPANNsTestSupport
import Testing

/// Every operation, and every way of fusing and sharing memory, on toy graphs: the plan against the plain loops.
@Suite struct GraphOperationTests {
    @Test(arguments: GraphCases.cases, [false, true]) func planEqualsReference(item: GraphCases.Case, transposed: Bool)
        throws
    {
        let graph = GraphCases.graph(item, transposed: transposed, head: .max)
        let weights = seededWeights(graph)
        let frames = 37
        let clips: [[Float]] = (0..<2).map { (clip: Int) -> [Float] in
            (0..<frames * 16).map { (index: Int) -> Float in Float((index * 37 + clip * 11) % 101) / 50 - 1 }
        }
        let reference = ReferenceExecutor(graph: graph, weights: weights)
        let expected: [InferencePlan.Outputs] = try clips.map { try reference.run($0) }
        let network = InferenceNetwork(graph: graph, weights: weights)
        for batch in [1, 2] {
            let plan = try network.plan(for: .init(batch: batch, frames: frames))
            let outputs = try plan.run(clips.prefix(batch).flatMap { $0 })
            let pairs: [([Float], [Float])] = [
                (outputs.embedding, expected.prefix(batch).flatMap { $0.embedding }),
                (outputs.logits, expected.prefix(batch).flatMap { $0.logits }),
            ]
            for (got, want) in pairs {
                let scale = want.map(abs).max() ?? 0
                #expect(scale > 0.01)
                // Float32 sums of at most a few hundred products against sums in double precision.
                #expect(worst(got, want) <= 1e-5 * scale, "batch \(batch)")
            }
        }
    }

    /// Wide enough for bf16, which the cases are not, with operations between the convolutions that none takes along.
    @Test(.enabled(if: Precision.bf16.isSupported, "this CPU has no bf16 kernels"), arguments: [false, true])
    func `bf16 maps go through sums, norms, poolings and concatenations`(transposed: Bool) throws {
        let wide = Convolution(filters: 32, kernel: [3, 3], padding: [1, 1])
        let smooth = smooth
        let item = GraphCases.Case("wide") { g, x in
            let first = g.convolution("first", x, wide)
            let sum = g.activation("r", g.add("sum", [first, g.pool("p", first, smooth)]), .relu)
            let normed = g.activation("h", g.batchNorm("bn", sum), .hardSwish)
            let both = g.concatenate("cat", [normed, g.pool("q", sum, smooth)])
            let last = g.convolution("last", both, wide)
            let soft = g.softmax(
                "soft", g.linear("l", g.reduce("m", last, .mean, over: [.height, .width]), outputs: 32))
            return g.multiply("scaled", last, by: soft)
        }
        let graph = GraphCases.graph(item, transposed: transposed)
        let weights = seededWeights(graph)
        let spectrogram: [Float] = (0..<37 * 16).map { (index: Int) -> Float in Float(index * 37 % 101) / 50 - 1 }
        let expected = try ReferenceExecutor(graph: graph, weights: weights).run(spectrogram)
        let plan = try InferenceNetwork(graph: graph, weights: weights, options: .init(precision: .bf16))
            .plan(for: .init(frames: 37))
        #expect(plan.implementations.contains { $0.implementation.contains("bf16") })
        let outputs = try plan.run(spectrogram)
        let scale = expected.embedding.map(abs).max() ?? 0
        let error = worst(outputs.embedding, expected.embedding) / scale
        print("bf16 through all between: max |Δ| by the largest element \(error)")
        // Eight bits of mantissa, through two convolutions and what lies between.
        #expect(scale > 0 && error > 1e-5 && error <= 5e-2)
    }

    private let smooth = Pool(.mean, kernel: [3, 3], stride: [1, 1], padding: [1, 1])
}

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
}

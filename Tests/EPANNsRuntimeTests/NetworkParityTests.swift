import COneDNN
import EPANNsCore
import EPANNsGraph
import EPANNsModels
import EPANNsRuntime
import EPANNsTestSupport
import Testing

/// Whole-tensor parity with PyTorch for every network.
@Suite struct NetworkParityTests {
    /// Double-precision sums against PyTorch's Float32 ones: only PyTorch's own rounding is left.
    static let referenceTolerance: Float = 1e-5
    /// What fp32 scores of small networks may differ by; `Docs/Accuracy.md` has what was measured (1e-5 at most).
    static let fp32Tolerance: Float = 1e-5
    /// bfloat16 keeps 8 bits; through 14 layers that leaves about two digits of a score.
    static let bf16Tolerance: Float = 2e-2

    @Test(arguments: NetworkFixture.names) func referenceExecutorEqualsPyTorch(name: String) throws {
        let fixture = try NetworkFixture(name)
        let executor = ReferenceExecutor(graph: fixture.graph, weights: fixture.weights)
        for item in fixture.cases {
            let values = item.rows
            let clipSize = values.count / item.batch
            var scores: [Float] = []
            var embedding: [Float] = []
            var framewise: [Float] = []
            for clip in 0..<item.batch {
                let outputs = try executor.run(Array(values[clip * clipSize..<(clip + 1) * clipSize]))
                scores += outputs.scores
                embedding += outputs.embedding
                framewise += outputs.framewise.flatMap(\.frames)
            }
            #expect(worst(framewise, item.framewise ?? []) <= Self.referenceTolerance)
            #expect(worst(scores, item.scores) <= Self.referenceTolerance)
            // Embeddings are unbounded: relative to the largest element.
            let scale = max(1, item.embedding.map(abs).max() ?? 1)
            #expect(worst(embedding, item.embedding) <= Self.referenceTolerance * scale)
        }
    }

    @Test(arguments: NetworkFixture.names, [1, 2]) func fp32PlanEqualsPyTorch(name: String, threads: Int) throws {
        let fixture = try NetworkFixture(name)
        let packed = PackedWeights()
        for item in fixture.cases {
            // Not by a network, which would give work as small as this one thread.
            let plan = try InferencePlan(
                graph: fixture.graph, weights: fixture.weights,
                shape: .init(batch: item.batch, item.extent),
                options: .init(precision: .fp32, threads: threads), packed: packed)
            let outputs = try plan.run(item.rows)
            let error = worst(outputs.scores, item.scores)
            print("fp32 parity \(name), \(item.batch) × \(item.extent): max |Δ| of the scores \(error)")
            #expect(error <= Self.fp32Tolerance)
            #expect(worst(outputs.framewise.flatMap(\.frames), item.framewise ?? []) <= Self.fp32Tolerance)
            let scale = max(1, item.embedding.map(abs).max() ?? 1)
            let embeddingError = worst(outputs.embedding, item.embedding)
            print("fp32 parity \(name), embedding: max |Δ| by its largest element \(embeddingError / scale)")
            // Embeddings are unbounded: the same bound, relative to the largest element. Of the one that is known to be
            // off it is known by how much, too.
            #expect(embeddingError <= 3 * Self.fp32Tolerance * scale)
            withKnownIssue(
                """
                oneDNN 3.2 is off by 1.1e-5 on mn005, 2.6 by 2e-6, why is not known; 3.7 by 1.4e-5 on mobilenet-v2, 2.6 by \
                6.5e-6, which it amplifies roundings to
                """, isIntermittent: true
            ) {
                #expect(embeddingError <= Self.fp32Tolerance * scale)
            } when: {
                DNNL_VERSION_MAJOR >= 3 && ["mn005", "mobilenet-v2"].contains(name)
            }
        }
    }

    /// The fixtures that have layers with sums long enough for bf16.
    @Test(
        .enabled(if: Precision.bf16.isSupported, "this CPU has no bf16 kernels"),
        arguments: ["pruned", "cnn10-wide", "wavegram-cnn14", "ast-wide"])
    func bf16PlanIsCloseToPyTorch(name: String) throws {
        let fixture = try NetworkFixture(name)
        let network = InferenceNetwork(
            graph: fixture.graph, weights: fixture.weights, options: .init(precision: .bf16))
        for item in fixture.cases {
            let plan = try network.plan(for: .init(batch: item.batch, item.extent))
            #expect(plan.implementations.contains { $0.implementation.contains("bf16") })
            let outputs = try plan.run(item.rows)
            let error = worst(outputs.scores, item.scores)
            print("bf16 parity \(name), \(item.batch) × \(item.extent): max |Δ| of the scores \(error)")
            #expect(error > 0 && error <= Self.bf16Tolerance)
        }
    }
}

import EPANNsTestSupport
import EPANNsTraining
import Testing

/// Options of a plan that change the way, not the result; and those that leave weights alone.
@Suite struct TrainingPlanWaysTests {
    private func wide(_ filters: Int, _ function: Activation = .relu) -> ModelGraph {
        var g = GraphBuilder(input: .panns32k(melBands: 16))
        let wide = Convolution(filters: filters, kernel: [3, 3], padding: [1, 1])
        var x = g.convolution("stem", g.input, wide)
        for layer in 0..<3 {
            x = g.activation("r\(layer)", g.batchNorm("bn\(layer)", g.convolution("c\(layer)", x, wide)), function)
        }
        x = g.reduce("mean", x, .mean, over: [.height, .width])
        g.classify(g.linear("head", x, outputs: 5), .none)
        return g.build()
    }

    @Test(
        .enabled(if: Precision.hasWinograd, "this oneDNN has no Winograd convolution for training"),
        arguments: [16, 32, 35])
    func `Winograd gives the gradients of the direct convolution`(filters: Int) throws {
        let fixture = try OperationFixture()
        // Smooth: behind a ReLU a value near the edge takes the other branch, and the gradients jump.
        let graph = wide(filters, .sigmoid)
        let weights = seededWeights(graph)
        let results = try [false, true].map { winograd in
            let plan = try TrainingPlan(
                graph: graph, weights: weights,
                options: .init(batch: 3, frames: OperationFixture.frames, allowsWinograd: winograd))
            let loss = try plan.evaluate(inputs: fixture.inputs, targets: fixture.targets).loss
            return (loss, try plan.gradients())
        }
        // F(4×4, 3×3) loses two or three bits of Float32's 24.
        #expect(abs(results[0].0 - results[1].0) < 1e-5)
        let error = try GradientError(results[1].1, results[0].1)
        print("Winograd against direct, \(filters) filters: \(error.worst) (\(error.name)), norm \(error.relativeNorm)")
        #expect(error.relativeNorm < 1e-5)
        #expect(results[0].1.mapValues(\.floats) != results[1].1.mapValues(\.floats), "both went the same way")
    }

    /// A stepper over three steps, and the weights before and after.
    private func trained(
        _ freeze: FreezeSelection, _ precision: Precision = .fp32
    ) throws -> (before: [String: Tensor], after: [String: Tensor], gradients: Set<String>) {
        let fixture = try OperationFixture()
        let graph = wide(16)
        var weights = seededWeights(graph)
        for layer in 0..<3 { weights["bn\(layer).num_batches_tracked"] = CounterTensor.make(7) }
        let stepper = try TrainingStepper(
            graph: graph, weights: weights,
            options: .init(batch: 3, frames: OperationFixture.frames, precision: precision, freeze: freeze))
        for _ in 0..<3 {
            _ = try stepper.step(inputs: fixture.inputs, targets: fixture.targets, learningRate: 0.01)
        }
        return (weights, try stepper.plan.weights(), Set(try stepper.plan.gradients().keys))
    }

    @Test(arguments: Precision.allCases.filter(\.isSupported), [true, false])
    func `frozen layers stay bit for bit`(precision: Precision, includesStatistics: Bool) throws {
        // A layer in the middle: gradients go through it.
        let freeze = FreezeSelection(patterns: ["c1", "bn1", "head.bias"], includesStatistics: includesStatistics)
        let (before, after, gradients) = try trained(freeze, precision)
        for (name, tensor) in before {
            let values = try #require(after[name]).floats
            let isStatistic = name.contains("running") || name.contains("tracked")
            let isFrozen =
                isStatistic ? name.hasPrefix("bn1") && includesStatistics : freeze.contains(name)
            #expect((values == tensor.floats) == isFrozen, "\(name)")
            #expect(gradients.contains(name) == (!isStatistic && !isFrozen), "\(name)")
        }
        #expect(after["bn0.num_batches_tracked"]?.doubles == [10])
        #expect(after["bn1.num_batches_tracked"]?.doubles == [includesStatistics ? 7 : 10])
    }

    @Test func `a frozen beginning costs no gradient memory`() throws {
        let graph = wide(16)
        func memory(_ patterns: [String]) throws -> TrainingPlan.Memory {
            try TrainingPlan(
                graph: graph, weights: seededWeights(graph),
                options: .init(batch: 3, frames: 37, freeze: FreezeSelection(patterns: patterns))
            ).memory
        }
        let (all, head) = (try memory([]), try memory(["*", "!head"]))
        #expect(head.gradients < all.gradients / 10 && head.activations < all.activations)
        #expect(head.weights == all.weights)
    }

    @Test func `everything frozen is an error`() throws {
        let graph = wide(16)
        let error = failure {
            _ = try TrainingPlan(
                graph: graph, weights: seededWeights(graph),
                options: .init(batch: 3, frames: 37, freeze: FreezeSelection(patterns: ["*"])))
        }
        #expect(error?.code == .invalidConfiguration && error?.message.contains("Everything is frozen") == true)
    }

    @Test func `a missing weight is named`() throws {
        let graph = wide(16)
        var weights = seededWeights(graph)
        weights["c1.weight"] = nil
        let error = failure {
            _ = try TrainingPlan(graph: graph, weights: weights, options: .init(batch: 3, frames: 37))
        }
        #expect(error?.code == .checkpointMismatch && error?.message.contains("c1.weight") == true)
    }

    /// The head alone on what the frozen part gives has the gradients of the head in the whole network.
    @Test func `a network can begin in its middle`() throws {
        let fixture = try OperationFixture()
        let graph = wide(16)
        let weights = seededWeights(graph)
        let freeze = FreezeSelection(patterns: ["*", "!head"])
        let whole = try TrainingPlan(
            graph: graph, weights: weights, options: .init(batch: 3, frames: OperationFixture.frames, freeze: freeze))
        let loss = try whole.evaluate(inputs: fixture.inputs, targets: fixture.targets).loss
        let cut = try EmbeddingCut.node(of: graph, freeze)
        #expect(cut == "mean")
        let truncated = try EmbeddingCut.truncated(graph, at: cut)
        let network = InferenceNetwork(graph: truncated, weights: weights, options: .init(precision: .fp32, threads: 1))
        let rows = try network.plan(for: .init(batch: 3, frames: OperationFixture.frames)).run(fixture.inputs).logits
        let head = try TrainingPlan(
            graph: graph, weights: weights,
            options: .init(batch: 3, frames: OperationFixture.frames, freeze: freeze), firstNode: cut)
        #expect(abs(try head.evaluate(inputs: rows, targets: fixture.targets).loss - loss) < 1e-5)
        // The inference plan folds norms into convolutions, which rounds otherwise.
        #expect(try GradientError(head.gradients(), whole.gradients()).worst < 1e-4)
    }

    @Test func `a cut needs a frozen beginning that leads to vectors`() throws {
        let graph = wide(16)
        for patterns in [[], ["c0"], ["!head"]] {
            let error = failure { _ = try EmbeddingCut.node(of: graph, FreezeSelection(patterns: patterns)) }
            #expect(error?.code == .invalidConfiguration, "\(patterns)")
            #expect(error?.remedy == .freezeAllBut(layer: "head"))
        }
        // Maps are as long as the clip, and so no rows of a table.
        let maps = failure {
            _ = try EmbeddingCut.node(of: graph, FreezeSelection(patterns: ["stem", "c0", "bn0"]))
        }
        #expect(maps?.code == .invalidConfiguration)
    }

    @Test func `dropout belongs to what is trained`() throws {
        let graph = try CNNConfiguration(
            .cnn6, widths: [4, 4, 4, 4], embeddingWidth: 6, classCount: 3, frontEnd: .panns32k()
        ).graph()
        let cut = try EmbeddingCut.node(of: graph, FreezeSelection(patterns: ["*", "!fc_audioset"]))
        let node = try #require(graph.nodes.first { $0.name == cut })
        if case .dropout = node.operation { Issue.record("cut behind a dropout") }
        #expect(graph.outputs[.embedding].map { graph.nodes[$0].name } == cut)
    }
}

/// An int64 scalar.
enum CounterTensor {
    static func make(_ value: Int64) -> Tensor {
        Tensor(
            shape: [], dataType: .int64,
            contiguous: TensorStorage(byteCount: 8) { $0.storeBytes(of: value.littleEndian, as: Int64.self) })
    }
}

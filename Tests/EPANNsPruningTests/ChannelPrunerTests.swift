import EPANNsCore
import EPANNsGraph
import EPANNsModels
import EPANNsPruning
import EPANNsRuntime
import EPANNsTestSupport
import Testing

@Suite struct ChannelPrunerTests {
    /// All outputs, exactly: the reference executor adds the products of removed channels as exact zeros.
    private func expectSameOutputs(
        _ first: (ModelGraph, [String: Tensor]), _ second: (ModelGraph, [String: Tensor]), frames: Int,
        embedding: [Int]? = nil, sourceLocation: SourceLocation = #_sourceLocation
    ) throws {
        let input = spectrogram(first.0, frames: frames)
        let a = try ReferenceExecutor(graph: first.0, weights: first.1).run(input)
        let b = try ReferenceExecutor(graph: second.0, weights: second.1).run(input)
        #expect(a.logits == b.logits, sourceLocation: sourceLocation)
        #expect(a.scores == b.scores, sourceLocation: sourceLocation)
        #expect((embedding?.map { a.embedding[$0] } ?? a.embedding) == b.embedding, sourceLocation: sourceLocation)
        // The network does something at all, and its output depends on the input.
        #expect(Set(a.logits).count == a.logits.count, sourceLocation: sourceLocation)
    }

    /// Pruned = masked, whole tensors, whatever meets in the graph.
    @Test(arguments: ToyGraph.allCases) func toyGraphsPrunedEqualMasked(toy: ToyGraph) throws {
        let graph = toy.graph
        let weights = randomWeights(graph)
        let pruner = ChannelPruner(graph)
        for salt in 0..<3 {
            let kept = someUnits(pruner, salt: salt)
            #expect(kept != pruner.everything)
            let pruned = try pruner.prune(weights, keeping: kept)
            #expect(pruned.graph == (try pruner.graph(keeping: kept)))
            for spec in pruned.graph.parameterSpecs where spec.role != .frozen {
                #expect(pruned.weights[spec.name]?.shape == spec.shape, "\(spec.name)")
            }
            let zeroed = masked(weights, pruner, keeping: kept)
            let embedding = pruner.keptChannels(of: graph.outputs[.embedding] ?? 0, keeping: kept)
            try expectSameOutputs((graph, zeroed), (pruned.graph, pruned.weights), frames: 12, embedding: embedding)
            // The masked network differs from the whole one, so there was something to get wrong.
            let input = spectrogram(graph, frames: 12)
            let whole = try ReferenceExecutor(graph: graph, weights: weights).run(input).logits
            #expect(try ReferenceExecutor(graph: graph, weights: zeroed).run(input).logits != whole)
        }
    }

    @Test(arguments: SmallNetwork.allCases) func networksPrunedEqualMasked(network: SmallNetwork) throws {
        let model = try Model(
            name: "small", configuration: network.configuration, weights: randomWeights(network.configuration.graph()))
        let pruner = ChannelPruner(try model.graph())
        // Everything that can be pruned, residual sums, hidden layer and embedding too.
        for salt in 0..<2 {
            let kept = someUnits(pruner, salt: salt)
            let pruned = try model.pruned(pruner, keeping: kept)
            let embedding = pruner.keptChannels(of: pruner.graph.outputs[.embedding] ?? 0, keeping: kept)
            try expectSameOutputs(
                (pruner.graph, masked(model.weights, pruner, keeping: kept)), (pruned.graph(), pruned.weights),
                frames: network.frames, embedding: embedding)
            // On the product's path too: what the plan makes of odd widths.
            let graph = try pruned.graph()
            let input = spectrogram(graph, frames: network.frames)
            let expected = try ReferenceExecutor(graph: graph, weights: pruned.weights).run(input)
            let plan = try InferenceNetwork(graph: graph, weights: pruned.weights)
                .plan(for: .init(extent(graph, frames: network.frames)))
            // Float32 sums against sums in double precision, through up to 46 layers of random weights.
            let scale = max(1, expected.logits.map(abs).max() ?? 0)
            #expect(EPANNsTestSupport.worst(try plan.run(input).logits, expected.logits) < 1e-4 * scale)
        }
    }

    /// Filters that do nothing are found by their norms' scale, and taking them away changes nothing.
    @Test(arguments: SmallNetwork.allCases.filter(\.normalisesEveryFilter))
    func zeroScaledFiltersChangeNoOutput(network: SmallNetwork) throws {
        let graph = try network.configuration.graph()
        let pruner = ChannelPruner(graph)
        let plan = try PruningSelection(pruner, .init(ratio: 0.4, prunesResiduals: true))
        var dead = pruner.everything
        for entry in plan.entries { dead[entry.group] = Array((entry.width - entry.keptCount)..<entry.width) }
        let weights = masked(randomWeights(graph), pruner, keeping: dead)
        let scorer = try ImportanceScorer(graph: graph, weights: weights, criterion: .batchNormScale)
        let kept = try plan.kept(pruner, scorer: scorer).kept
        #expect(kept == dead)
        #expect(kept != pruner.everything)
        let pruned = try pruner.prune(weights, keeping: kept)
        try expectSameOutputs((graph, weights), (pruned.graph, pruned.weights), frames: network.frames)
    }

    @Test(arguments: SmallNetwork.allCases) func nothingPrunedIsTheIdentity(network: SmallNetwork) throws {
        let model = try Model(
            name: "small", configuration: network.configuration, weights: randomWeights(network.configuration.graph()))
        let pruner = ChannelPruner(try model.graph())
        let plan = try PruningSelection(pruner, .init(ratio: 0, prunesResiduals: true))
        let scorer = try ImportanceScorer(graph: pruner.graph, weights: model.weights, criterion: .operatorNorm)
        let kept = try plan.kept(pruner, scorer: scorer).kept
        #expect(kept == pruner.everything)
        let pruned = try model.pruned(pruner, keeping: kept)
        #expect(pruned.configuration == model.configuration)
        for (name, tensor) in model.weights {
            // Not even copied.
            #expect(pruned.weights[name]?.storage === tensor.storage, "\(name)")
        }
    }

    @Test func countersAndWhatBelongsToNoLayerStay() throws {
        let graph = try SmallNetwork.cnn6.configuration.graph()
        var weights = randomWeights(graph)
        weights["logmel_extractor.melW"] = Tensor(shape: [513, 32], values: lcg(513 * 32, seed: 1))
        let pruner = ChannelPruner(graph)
        let pruned = try pruner.prune(weights, keeping: someUnits(pruner))
        for name in ["bn0.weight", "logmel_extractor.melW", "conv_block2.bn1.num_batches_tracked", "fc_audioset.bias"] {
            #expect(pruned.weights[name]?.storage === weights[name]?.storage, "\(name)")
        }
        #expect(pruned.weights["conv_block2.bn1.running_var"]?.count != weights["conv_block2.bn1.running_var"]?.count)
    }

    @Test func impossibleListsAreRefused() throws {
        let pruner = ChannelPruner(try SmallNetwork.cnn6.configuration.graph())
        func error(_ change: (inout [[Int]]) -> Void) -> EPANNsError? {
            var kept = pruner.everything
            change(&kept)
            return failure { _ = try pruner.graph(keeping: kept) }
        }
        #expect(error { $0[0] = [] }?.message.contains("conv_block1.conv1") == true)
        #expect(error { $0[0] = [1, 0] } != nil)
        #expect(error { $0[0] = [0, 0] } != nil)
        #expect(error { $0[0] = [6] } != nil)
        #expect(error { $0[0] = [-1] } != nil)
        #expect(error { $0.removeLast() } != nil)
        #expect(error { $0[$0.count - 1].removeLast() }?.message.contains("classes") == true)
        #expect(error { _ in } == nil)
        let missing = failure { _ = try pruner.prune([:], keeping: pruner.everything) }
        #expect(missing?.code == .checkpointMismatch)
    }

    @Test func stridedTensorsAreSliced() throws {
        // A transposed view: what a checkpoint may hold.
        let values = Tensor(shape: [4, 6], values: (0..<24).map(Float.init))
        let view = try Tensor(shape: [6, 4], dataType: .float32, strides: [1, 6], storage: values.storage)
        let part = try view.keeping([[1, 3, 5], [0, 2]])
        #expect(part.shape == [3, 2])
        #expect(part.floats == [1, 13, 3, 15, 5, 17])
        #expect(try view.keeping([nil, [3]]).floats == [18, 19, 20, 21, 22, 23])
        #expect(try view.keeping([[2], nil]).floats == [2, 8, 14, 20])
        #expect(failure { _ = try view.keeping([[6], nil]) } != nil)
    }
}

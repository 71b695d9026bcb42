import EPANNsCore
import EPANNsGraph
import EPANNsPruning
import Testing

@Suite struct SensitivityTests {
    @Test func oneGroupAtATime() throws {
        let graph = try SmallNetwork.cnn10.configuration.graph()
        let weights = randomWeights(graph)
        let pruner = ChannelPruner(graph)
        let plan = try PruningSelection(pruner, .init(layers: LayerSelection(parsing: "C3-C5")))
        let scorer = try ImportanceScorer(graph: graph, weights: weights, criterion: .l2)
        var seen: [String] = []
        let study = try SensitivityStudy(
            plan, pruner, weights: weights, scores: plan.kept(pruner, scorer: scorer).scores, ratios: [0.25, 0.5]
        ) { graph, weights in
            // Every network is whole: its tensors fit its graph.
            for spec in graph.parameterSpecs where spec.role == .trainable {
                #expect(weights[spec.name]?.shape == spec.shape)
            }
            return graph.nodes.reduce(0) { $0 + Double($1.channels) }
        } progress: { done, total in
            seen.append("\(done)/\(total)")
        }
        #expect(study.rows.map(\.layers) == [["conv_block2.conv1"], ["conv_block2.conv2"], ["conv_block3.conv1"]])
        #expect(study.rows.map(\.keptCounts) == [[6, 4], [5, 3], [9, 6]])
        // Convolution, norm and ReLU lose as many channels; behind the second one of a block come pooling and dropout.
        #expect(study.rows[0].metrics == [study.baseline - 6, study.baseline - 12])
        #expect(study.rows[1].metrics == [study.baseline - 10, study.baseline - 20])
        #expect(seen == (1...7).map { "\($0)/7" })
    }
}

import EPANNsCore
import EPANNsGraph
import EPANNsPruning
import EPANNsRuntime
import EPANNsTestSupport
import Testing

@Suite struct FeatureMapTests {
    /// Every node's map from the fast executor against the plain loops.
    @Test(arguments: SmallNetwork.allCases) func mapsEqualTheReference(network: SmallNetwork) throws {
        let graph = try network.configuration.graph()
        let weights = randomWeights(graph)
        let input = spectrogram(graph, frames: network.frames)
        let expected = try ReferenceExecutor(graph: graph, weights: weights).allValues(input)
        for (index, node) in graph.nodes.enumerated() {
            switch node.operation {
            case .activation, .pool, .add: break
            default: continue
            }
            // The output activation is applied outside of plans.
            if index == graph.outputs[.scores] { continue }
            let executor = FeatureMapExecutor(graph: graph, weights: weights, node: index)
            let got = try executor.run(input) { values, _ in Array(values) }
            let want = try #require(expected[node.name])
            let scale = want.map(abs).max() ?? 0
            // Float32 sums through up to 46 layers against sums in double precision.
            #expect(EPANNsTestSupport.worst(got, want) <= 1e-4 * max(scale, 1e-3), "\(node.name)")
        }
    }

    @Test func importanceOfFeaturesComesFromTheMaps() throws {
        let graph = try SmallNetwork.cnn10.configuration.graph()
        var weights = randomWeights(graph)
        // A dead filter: its map is zero, so are rank and energy.
        var gamma = try #require(weights["conv_block3.bn1.weight"]).floats
        var beta = try #require(weights["conv_block3.bn1.bias"]).floats
        (gamma[5], beta[5]) = (0, 0)
        weights["conv_block3.bn1.weight"] = Tensor(shape: [12], values: gamma)
        weights["conv_block3.bn1.bias"] = Tensor(shape: [12], values: beta)
        let pruner = ChannelPruner(graph)
        let group = try #require(pruner.groups.first { $0.scoredNames == ["conv_block3.conv1"] })
        let clips = [1, 2].map { spectrogram(graph, frames: 40, seed: $0) }
        let reference = ReferenceExecutor(graph: graph, weights: weights)
        let pairs: [(PruningCriterion, FeatureMaps.Measure)] = [(.featureRank, .rank), (.featureEnergy, .energy)]
        for (criterion, measure) in pairs {
            let scorer = try ImportanceScorer(
                graph: graph, weights: weights, criterion: criterion, evidence: .init(spectrograms: clips))
            let scores = try scorer.scores(of: group)
            var sums = [Double](repeating: 0, count: 12)
            for clip in clips {
                let map = try #require(try reference.allValues(clip)["conv_block3.relu1"])
                // 40 frames and 32 bands after two poolings.
                let measured = map.withUnsafeBufferPointer {
                    FeatureMaps.measure($0, channels: 12, height: 10, width: 8, measure)
                }
                for index in sums.indices { sums[index] += measured[index] }
            }
            // Maps in Float32 that were computed in two ways.
            #expect(EPANNsPruningTests.worst(scores, sums.normalized) < 1e-4)
            #expect(scores[5] == 0)
            #expect(scores.max() == 1)
        }
    }

    @Test func evidenceIsAskedFor() throws {
        let graph = try SmallNetwork.cnn6.configuration.graph()
        for criterion in [PruningCriterion.featureRank, .featureEnergy, .taylor] {
            let error = failure { _ = try ImportanceScorer(graph: graph, weights: [:], criterion: criterion) }
            #expect(error?.code == .invalidConfiguration)
            #expect(error?.message.contains("clips") == true)
        }
    }
}

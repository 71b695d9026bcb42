import EPANNsCore
import EPANNsGraph
import EPANNsModels
import Testing

@Suite struct RandomWeightsTests {
    private let configuration = ModelConfiguration.cnn(
        .init(.cnn6, widths: [3, 4, 5, 6], embeddingWidth: 33, classCount: 2))

    @Test func aSeedGivesAModel() throws {
        let graph = try configuration.graph()
        let weights = graph.randomWeights(seed: 1)
        _ = try Model(name: "random", configuration: configuration, weights: weights)
        let values = weights.mapValues(\.floats)
        #expect(values == graph.randomWeights(seed: 1).mapValues(\.floats))
        #expect(values != graph.randomWeights(seed: 2).mapValues(\.floats))
        #expect(values.values.allSatisfy { $0.count == 1 || Set($0).count > 1 })
    }

    @Test func aNormCanBeForSpectrograms() throws {
        let graph = try configuration.graph()
        let plain = graph.randomWeights(seed: 1)
        let weights = graph.randomWeights(seed: 1, inputNorm: "bn0")
        #expect(try #require(plain["bn0.running_var"]).floats.allSatisfy { (0.8...1.2).contains($0) })
        #expect(try #require(weights["bn0.running_var"]).floats.allSatisfy { (300...500).contains($0) })
        #expect(try #require(weights["bn0.running_mean"]).floats.allSatisfy { (-40 ... -20).contains($0) })
        #expect(weights["fc1.weight"]?.floats == plain["fc1.weight"]?.floats)
    }
}

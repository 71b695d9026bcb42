import EPANNsCore
import EPANNsGraph
import EPANNsPruning
import EPANNsTestSupport
import Foundation
import Testing

/// Every criterion against NumPy and SciPy; `Tools/reference/pruning.py`.
@Suite struct CriterionParityTests {
    struct Fixture: Decodable {
        struct Layer: Decodable {
            var seed: UInt32
            var shape: [Int]
            var gradientSeeds: [UInt32]
            var scores: [String: [Double]]
        }

        struct Maps: Decodable {
            var shape: [Int]
            var values: [Float]
            var rank: [Double]
            var energy: [Double]
        }

        var layers: [Layer]
        var maps: [Maps]
    }

    static let fixture: Fixture? = {
        let decoder = JSONDecoder()
        decoder.keyDecodingStrategy = .convertFromSnakeCase
        return Bundle.module.path(forResource: "criteria", ofType: "json", inDirectory: "Fixtures")
            .flatMap { FileManager.default.contents(atPath: $0) }.flatMap {
                try? decoder.decode(Fixture.self, from: $0)
            }
    }()

    private func taylor(_ bank: FilterBank, _ layer: Fixture.Layer) throws -> [Double] {
        let size = layer.shape.reduce(1, *)
        let weight = Tensor(shape: layer.shape, values: lcg(size, seed: layer.seed))
        var importance = try TaylorImportance(layers: ["layer"], weights: ["layer.weight": weight])
        for seed in layer.gradientSeeds {
            let gradient = Tensor(shape: layer.shape, values: lcg(size, seed: seed))
            try importance.add(["layer.weight": gradient], clipCount: 3)
        }
        return try importance.scores(of: "layer")
    }

    @Test func batchesWeighByTheirClips() throws {
        let weight = Tensor(shape: [2, 1], values: [1, 1])
        var importance = try TaylorImportance(layers: ["a"], weights: ["a.weight": weight])
        #expect(importance.isEmpty)
        try importance.add(["a.weight": Tensor(shape: [2, 1], values: [1, -4])], clipCount: 3)
        try importance.add(["a.weight": Tensor(shape: [2, 1], values: [-9, 4])], clipCount: 1)
        // (3·1 + 9) / 4 = 3 and (3·4 + 4) / 4 = 4.
        #expect(try importance.scores(of: "a") == [0.75, 1])
        #expect(failure { _ = try importance.scores(of: "b") }?.code == .invalidConfiguration)
        #expect(failure { try importance.add([:], clipCount: 1) }?.code == .checkpointMismatch)
    }

    @Test func layersScoreAsInNumPy() throws {
        let fixture = try #require(Self.fixture)
        var worstError = 0.0
        var compared = 0
        for layer in fixture.layers {
            let bank = try bank(layer.shape, seed: layer.seed)
            for (name, expected) in layer.scores {
                let scores: [Double] =
                    switch try PruningCriterion(name: name) {
                    case .operatorNorm: OperatorNorm(bank).scores()
                    case .operatorNormInvariant: OperatorNorm(bank).invariantScores()
                    case .l1: WeightNorms.l1(bank)
                    case .l2: WeightNorms.l2(bank)
                    case .geometricMean: WeightNorms.geometricMean(bank)
                    case .geometricMedian: FilterDistances.geometricMedian(bank)
                    case .cosineSimilarity: CosineSimilarity(bank).scores()
                    case .taylor:
                        try taylor(bank, layer)
                    case .batchNormScale:
                        WeightNorms.batchNormScale(
                            Tensor(shape: [bank.count], values: lcg(bank.count, seed: layer.seed + 200)))
                    case .random:
                        WeightNorms.random(
                            count: bank.count, seed: UInt64(layer.seed), name: "layer\(layer.seed)")
                    case .featureRank, .featureEnergy: []
                    }
                let error = worst(scores, expected)
                worstError = max(worstError, error)
                compared += 1
                // Both are in double precision; eigenvectors of AᵀA lose a few digits against those of A where singular
                // values are near one another.
                #expect(error < 1e-11, "\(name) of \(layer.shape): \(error)")
            }
        }
        // Nine passive criteria and taylor for six layers, without cosine-similarity where kernels have one weight.
        #expect(compared == 6 * 10 - 2)
        print("worst difference of importance to NumPy: \(worstError)")
    }

    @Test func mapsMeasureAsInNumPy() throws {
        for maps in try #require(Self.fixture).maps {
            maps.values.withUnsafeBufferPointer { values in
                func measure(_ measure: FeatureMaps.Measure) -> [Double] {
                    FeatureMaps.measure(
                        values, channels: maps.shape[0], height: maps.shape[1], width: maps.shape[2], measure)
                }
                #expect(measure(.rank) == maps.rank)
                // Singular values are of the order of 1; those that are 0 come out as roots of rounding errors, √1e-16.
                #expect(worst(measure(.energy), maps.energy) < 2e-7)
            }
        }
    }
}

import EPANNsGraph
import EPANNsPruning
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
                        try WeightNorms.taylor(
                            bank,
                            gradients: layer.gradientSeeds.map {
                                Tensor(shape: layer.shape, values: lcg(layer.shape.reduce(1, *), seed: $0))
                            })
                    case .batchNormScale, .random, .featureRank, .featureEnergy: []
                    }
                let error = worst(scores, expected)
                worstError = max(worstError, error)
                compared += 1
                // Both are in double precision; eigenvectors of AᵀA lose a few digits against those of A where singular
                // values are near one another.
                #expect(error < 1e-11, "\(name) of \(layer.shape): \(error)")
            }
        }
        // Seven passive criteria and taylor for six layers, without cosine-similarity where kernels have one weight.
        #expect(compared == 6 * 8 - 2)
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

import EPANNsTraining
import Foundation

/// PyTorch's losses and optimisers in float64; written by `Tools/reference/optimizers.py`.
struct OptimizationFixture: Decodable {
    struct Optimizers: Decodable {
        struct Settings: Decodable {
            var kind: OptimizerConfiguration.Kind
            var amsgrad: Bool?
            var beta1: Double?
            var beta2: Double?
            var epsilon: Double?
            var momentum: Double?
            var nesterov: Bool?
            var weightDecay: Double
            var clippingNorm: Double?

            var configuration: OptimizerConfiguration {
                OptimizerConfiguration(
                    kind, usesAMSGrad: amsgrad ?? true, beta1: beta1 ?? 0.9, beta2: beta2 ?? 0.999,
                    epsilon: epsilon ?? 1e-8, momentum: momentum ?? 0.9, usesNesterov: nesterov ?? false,
                    weightDecay: weightDecay, clippingNorm: clippingNorm)
            }
        }
        struct Case: Decodable {
            var name: String
            var configuration: Settings
            var weights: [[Double]]
        }
        var start: [Float]
        var gradients: [[Float]]
        var rates: [Double]
        var kept: [Int]
        var cases: [Case]
    }
    struct Losses: Decodable {
        struct Kind: Decodable {
            struct Case: Decodable {
                var weight: Double
                var temperature: Double
                var loss: Double
                var gradient: [Double]
            }
            var targets: [Float]
            var teacher: [Float]
            var cases: [Case]
        }
        var batch: Int
        var classes: Int
        var logits: [Float]
        var kinds: [String: Kind]
    }
    var optimizers: Optimizers
    var losses: Losses

    static func load() throws -> OptimizationFixture {
        let decoder = JSONDecoder()
        decoder.keyDecodingStrategy = .convertFromSnakeCase
        return try decoder.decode(
            OptimizationFixture.self,
            from: Data(contentsOf: URL(fileURLWithPath: StoredFixture.path("optimizers.json"))))
    }
}

import EPANNsCore
import EPANNsGraph
import Foundation

/// Changes a plan's master weights by its gradients.
///
/// The arithmetic is PyTorch's of torch 1.3 and later (SPEC §5.3). Moments lie as the weights do.
/// Parity: `OptimizerTests` against PyTorch.
package final class Optimizer {
    package let configuration: OptimizerConfiguration
    /// Steps taken.
    package var stepCount = 0
    /// First moments, second moments, largest second moments; or momentum alone.
    package let moments: [(name: String, values: UnsafeMutableBufferPointer<Float>)]
    private let count: Int
    private let team: Team

    /// Prepares moments for `count` weights.
    init(_ configuration: OptimizerConfiguration, count: Int, team: Team) {
        self.configuration = configuration
        self.count = count
        self.team = team
        let names =
            switch configuration.kind {
            case .sgd: configuration.momentum > 0 ? ["momentum"] : []
            case .adam, .adamW:
                ["first_moment", "second_moment"] + (configuration.usesAMSGrad ? ["largest_second_moment"] : [])
            }
        moments = names.map { ($0, ParameterStore.zeros(count)) }
    }

    /// Prepares moments for `count` weights, which lie in memory of whole, aligned vectors.
    package convenience init(_ configuration: OptimizerConfiguration, count: Int, threads: Int) {
        self.init(configuration, count: count, team: Team(threads: threads))
    }

    deinit {
        for moment in moments { moment.values.deallocate() }
    }

    /// Bytes of the moments.
    var byteCount: Int { moments.reduce(0) { $0 + $1.values.count * 4 } }

    /// The Euclidean norm of the gradients.
    package func norm(_ gradients: UnsafeMutableBufferPointer<Float>) -> Double {
        // Sums of fixed stretches, added in order: the same for any number of threads.
        let stretch = 1 << 16
        let parts = (count + stretch - 1) / stretch
        let sums = UnsafeMutableBufferPointer<Double>.allocate(capacity: max(parts, 1))
        defer { sums.deallocate() }
        sums.initialize(repeating: 0)
        team.run(parts) { range in
            for part in range {
                var sum = SIMD8<Double>()
                let end = min((part + 1) * stretch, count)
                var index = part * stretch
                while index + 8 <= end {
                    var values = SIMD8<Double>()
                    for lane in 0..<8 { values[lane] = Double(gradients[index + lane]) }
                    sum += values * values
                    index += 8
                }
                var total = sum.sum()
                while index < end {
                    total += Double(gradients[index]) * Double(gradients[index])
                    index += 1
                }
                sums[part] = total
            }
        }
        return sums.prefix(parts).reduce(0, +).squareRoot()
    }

    /// Takes one step.
    ///
    /// - Parameters:
    ///   - scale: What gradients are multiplied with first: clipping, or 1 / number of machines.
    package func step(
        _ weights: UnsafeMutableBufferPointer<Float>, _ gradients: UnsafeMutableBufferPointer<Float>,
        learningRate: Double, scale: Float = 1
    ) {
        stepCount += 1
        guard let weights = weights.baseAddress, let gradients = gradients.baseAddress else { return }
        switch configuration.kind {
        case .sgd: stepSGD(weights, gradients, Float(learningRate), scale)
        case .adam, .adamW: stepAdam(weights, gradients, learningRate, scale)
        }
    }

    private typealias Vector = SIMD16<Float>

    private func stepSGD(
        _ weights: UnsafeMutablePointer<Float>, _ gradients: UnsafeMutablePointer<Float>, _ rate: Float, _ scale: Float
    ) {
        let momentum = Float(configuration.momentum)
        let decay = Float(configuration.weightDecay)
        let isFirst = stepCount == 1
        let nesterov = configuration.usesNesterov
        let buffer = moments.first?.values.baseAddress
        team.run(count, grain: 16) { range in
            for index in range {
                var gradient = gradients[index] * scale + decay * weights[index]
                if let buffer {
                    let velocity = isFirst ? gradient : momentum * buffer[index] + gradient
                    buffer[index] = velocity
                    gradient = nesterov ? gradient + momentum * velocity : velocity
                }
                weights[index] -= rate * gradient
            }
        }
    }

    private func stepAdam(
        _ weights: UnsafeMutablePointer<Float>, _ gradients: UnsafeMutablePointer<Float>, _ rate: Double,
        _ scale: Float
    ) {
        let (b1, b2) = (configuration.beta1, configuration.beta2)
        let step = Double(stepCount)
        let stepSize = Float(rate / (1 - pow(b1, step)))
        let rootCorrection = Float((1 - pow(b2, step)).squareRoot())
        let (beta1, rest1, beta2, rest2) = (Float(b1), Float(1 - b1), Float(b2), Float(1 - b2))
        let epsilon = Float(configuration.epsilon)
        let isDecoupled = configuration.kind == .adamW
        let shrink = isDecoupled ? Float(1 - rate * configuration.weightDecay) : 1
        let decay = isDecoupled ? 0 : Float(configuration.weightDecay)
        guard let first = moments[0].values.baseAddress, let second = moments[1].values.baseAddress else { return }
        let largest = configuration.usesAMSGrad ? moments[2].values.baseAddress : nil
        // Weights, gradients and moments are padded to whole vectors and 64-byte aligned.
        team.run(count, grain: 16) { range in
            var index = range.lowerBound
            while index < range.upperBound {
                func load(_ values: UnsafeMutablePointer<Float>) -> Vector {
                    UnsafeRawPointer(values + index).load(as: Vector.self)
                }
                func store(_ vector: Vector, _ values: UnsafeMutablePointer<Float>) {
                    UnsafeMutableRawPointer(values + index).storeBytes(of: vector, as: Vector.self)
                }
                var weight = load(weights) * shrink
                let gradient = load(gradients) * scale + decay * weight
                let mean = load(first) * beta1 + gradient * rest1
                let variance = load(second) * beta2 + gradient * gradient * rest2
                store(mean, first)
                store(variance, second)
                var bound = variance
                if let largest {
                    let before = load(largest)
                    bound = before.replacing(with: variance, where: variance .> before)
                    store(bound, largest)
                }
                let denominator = bound.squareRoot() / rootCorrection + epsilon
                weight -= stepSize * mean / denominator
                store(weight, weights)
                index += 16
            }
        }
    }
}

import EPANNsGraph
import Foundation

// What the reference executor and the kernels compute.
extension DecisionPooling {
    /// Bounds of the logits that attention's softmax reads.
    static let attentionRange: ClosedRange<Float> = -10...10

    /// What one class's stretches come to, in double precision.
    struct Pooled {
        /// Each stretch's weight; their sum is 1.
        var weights: [Double]
        /// The clip's probability, and that of its opposite, which is as exact.
        var probability: Double
        var opposite: Double

        /// The clip's logit.
        var logit: Double { log(max(probability, 1e-300)) - log(max(opposite, 1e-300)) }
    }

    /// Pools one class.
    ///
    /// - Parameters:
    ///   - values: The stretches' logits.
    ///   - attention: The weights' logits; read by ``attention`` only.
    func pool(
        _ values: UnsafeBufferPointer<Float>, attention: UnsafeBufferPointer<Float>
    ) -> Pooled {
        let weights: [Double]
        switch self {
        case .mean: weights = [Double](repeating: 1 / Double(values.count), count: values.count)
        case .attention:
            let range = Self.attentionRange
            let powers = attention.map { exp(Double(min(max($0, range.lowerBound), range.upperBound))) }
            let sum = powers.reduce(0, +)
            weights = powers.map { $0 / sum }
        }
        var pooled = Pooled(weights: weights, probability: 0, opposite: 0)
        for (weight, value) in zip(weights, values) {
            pooled.probability += weight * Self.sigmoid(Double(value))
            pooled.opposite += weight * Self.sigmoid(-Double(value))
        }
        return pooled
    }

    static func sigmoid(_ x: Double) -> Double { 1 / (1 + exp(-x)) }
}

import EPANNsCore
import EPANNsGraph
import Foundation

/// Criteria that look at one filter's weights at a time.
///
/// Parity: `CriterionTests` (SPEC §8.4), `CriterionParityTests`.
package enum WeightNorms {
    /// Σ|w| over its maximum, shape (filters).
    package static func l1(_ bank: FilterBank) -> [Double] {
        bank.map { $0.reduce(0) { $0 + Double(abs($1)) } }.normalized
    }

    /// √Σw² over its maximum, shape (filters).
    package static func l2(_ bank: FilterBank) -> [Double] {
        bank.map { $0.reduce(0) { $0 + Double($1) * Double($1) }.squareRoot() }.normalized
    }

    /// (g − gᵢ)² over its maximum, where g is the geometric mean of all |w| of the layer and gᵢ that of a filter.
    ///
    /// One weight of exactly 0 makes its filter's mean 0, and the layer's.
    package static func geometricMean(_ bank: FilterBank) -> [Double] {
        let logarithms = bank.map { $0.reduce(0) { $0 + log(Double(abs($1))) } }
        let layer = exp(logarithms.reduce(0, +) / Double(bank.count * bank.filterSize))
        return logarithms.map { sum in
            let mean = exp(sum / Double(bank.filterSize))
            return (layer - mean) * (layer - mean)
        }.normalized
    }

    /// |γ| over its maximum, shape (filters).
    package static func batchNormScale(_ scale: Tensor) -> [Double] { scale.doubles.map(abs).normalized }

    /// Uniform in 0..<1 by SplitMix64 (Steele, Lea, Flood 2014) from the seed and the layer's name.
    package static func random(count: Int, seed: UInt64, name: String) -> [Double] {
        // FNV-1a of the name, so that layers of the same width get different orders.
        var state = name.utf8.reduce(seed ^ 0xCBF2_9CE4_8422_2325) { ($0 ^ UInt64($1)) &* 0x100_0000_01B3 }
        return (0..<count).map { _ in
            state &+= 0x9E37_79B9_7F4A_7C15
            var word = (state ^ state >> 30) &* 0xBF58_476D_1CE4_E5B9
            word = (word ^ word >> 27) &* 0x94D0_49BB_1331_11EB
            return Double((word ^ word >> 31) >> 11) * 0x1p-53
        }
    }

    /// |Σ w·∂loss/∂w|, shape (filters); see ``TaylorImportance``.
    ///
    /// - Parameter gradient: Of the weight's shape.
    package static func firstOrder(_ bank: FilterBank, gradient: Tensor) throws -> [Double] {
        guard gradient.count == bank.count * bank.filterSize else {
            throw EPANNsError(
                .checkpointMismatch, "A gradient of shape \(gradient.shape) is not that of \(bank.name).")
        }
        return gradient.withFloats { gradient in
            bank.withWeights { weights in
                (0..<bank.count).map { filter in
                    var sum = 0.0
                    for index in filter * bank.filterSize..<(filter + 1) * bank.filterSize {
                        sum += Double(weights[index]) * Double(gradient[index])
                    }
                    return abs(sum)
                }
            }
        }
    }
}

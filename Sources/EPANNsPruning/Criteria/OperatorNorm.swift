import EPANNsCore
import EPANNsGraph

/// The authors' “operator norm” and its permutation-invariant variant.
///
/// For each input channel the filters' kernels, less their mean, make a matrix A of shape (filters, positions); v is its
/// leading right singular vector. Only v is needed, so it is taken as the leading eigenvector of the small matrix AᵀA
/// instead of from a singular value decomposition of A: the same to double precision, where the two largest singular
/// values are apart. The reference throws the singular values away, but projecting A onto v brings the largest one back:
/// A·v = σ·u.
///
/// Source: SPEC §4.1. Parity: `CriterionTests` (SPEC §8.4), `CriterionParityTests` (NumPy's SVD).
package struct OperatorNorm {
    private let bank: FilterBank
    /// Mean over the filters, shape (channels, positions).
    private var means: [Double]
    /// v with the sign of its product with filter 0, shape (channels, positions).
    private var directions: [Double]

    package init(_ bank: FilterBank) {
        self.bank = bank
        means = [Double](repeating: 0, count: bank.filterSize)
        directions = [Double](repeating: 0, count: bank.filterSize)
        bank.withWeights { findDirections($0) }
    }

    /// `s²` over its maximum, where s is the sum over channels of a filter's signed projections; shape (filters).
    package func scores() -> [Double] {
        projections { $0.reduce(0, +) }.map { $0 * $0 }.normalized
    }

    /// The sum over channels of a filter's squared projections, over its maximum; shape (filters).
    package func invariantScores() -> [Double] {
        projections { $0.reduce(0) { $0 + $1 * $1 } }.normalized
    }

    /// Each filter's projection onto every channel's direction, shape (channels), reduced to a number.
    private func projections(_ reduce: (UnsafeBufferPointer<Double>) -> Double) -> [Double] {
        let (channels, positions, size) = (bank.channels, bank.positions, bank.filterSize)
        return bank.withWeights { weights in
            withUnsafeTemporaryAllocation(of: Double.self, capacity: channels) { products in
                products.initialize(repeating: 0)
                return (0..<bank.count).map { filter in
                    means.withUnsafeBufferPointer { means in
                        directions.withUnsafeBufferPointer { directions in
                            var index = 0
                            for channel in 0..<channels {
                                var sum = 0.0
                                for _ in 0..<positions {
                                    sum += (Double(weights[filter * size + index]) - means[index]) * directions[index]
                                    index += 1
                                }
                                products[channel] = sum
                            }
                        }
                    }
                    return reduce(UnsafeBufferPointer(products))
                }
            }
        }
    }

    private mutating func findDirections(_ weights: UnsafeBufferPointer<Float>) {
        let (count, channels, positions, size) = (bank.count, bank.channels, bank.positions, bank.filterSize)
        means.withUnsafeMutableBufferPointer { means in
            for filter in 0..<count {
                for index in 0..<size { means[index] += Double(weights[filter * size + index]) }
            }
            for index in 0..<size { means[index] /= Double(count) }
        }
        // As many channels at a time as leave their products in the cache.
        let block = max(1, min(channels, 2048 / (positions * positions) + 1))
        var products = [Double](repeating: 0, count: block * positions * positions)
        for first in stride(from: 0, to: channels, by: block) {
            let part = first..<min(first + block, channels)
            gram(weights, part, &products)
            for channel in part {
                let start = (channel - first) * positions * positions
                let matrix = Array(products[start..<start + positions * positions])
                orient(weights, channel, SymmetricEigen(matrix, size: positions).leadingVector)
            }
        }
    }

    /// AᵀA of some channels, each (positions, positions).
    private func gram(_ weights: UnsafeBufferPointer<Float>, _ part: Range<Int>, _ products: inout [Double]) {
        let (count, positions, size) = (bank.count, bank.positions, bank.filterSize)
        products.withUnsafeMutableBufferPointer { products in
            products.update(repeating: 0)
            means.withUnsafeBufferPointer { means in
                withUnsafeTemporaryAllocation(of: Double.self, capacity: positions) { row in
                    row.initialize(repeating: 0)
                    for filter in 0..<count {
                        var source = part.lowerBound * positions
                        var target = 0
                        for _ in part {
                            for k in 0..<positions {
                                row[k] = Double(weights[filter * size + source + k]) - means[source + k]
                            }
                            for a in 0..<positions {
                                let x = row[a]
                                for b in 0..<positions { products[target + b] += x * row[b] }
                                target += positions
                            }
                            source += positions
                        }
                    }
                }
            }
        }
    }

    /// Keeps a channel's direction with the sign of its product with filter 0.
    private mutating func orient(
        _ weights: UnsafeBufferPointer<Float>, _ channel: Int, _ vector: ArraySlice<Double>
    ) {
        let start = channel * bank.positions
        var product = 0.0
        for (k, value) in vector.enumerated() { product += (Double(weights[start + k]) - means[start + k]) * value }
        // The reference divides 0 by 0 here; we take v with its largest element positive.
        let largest = vector.max { abs($0) < abs($1) } ?? 0
        let isNegative = product == 0 ? largest < 0 : product < 0
        for (k, value) in vector.enumerated() { directions[start + k] = isNegative ? -value : value }
    }
}

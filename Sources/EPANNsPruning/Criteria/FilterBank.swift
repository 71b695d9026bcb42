import EPANNsCore
import EPANNsGraph

/// The weights of one layer as filters × input channels × kernel positions.
///
/// A linear layer has one position. Kernel positions are in row-major order.
package struct FilterBank {
    /// Number of filters.
    package let count: Int
    /// Input channels of each.
    package let channels: Int
    /// Kernel positions, 9 for 3×3.
    package let positions: Int
    /// What messages call the layer.
    package let name: String
    private let tensor: Tensor

    /// Looks at a layer's weight.
    ///
    /// - Throws: `EPANNsError` with code `checkpointMismatch` when it has fewer than two axes or no elements.
    package init(_ tensor: Tensor, name: String) throws {
        guard tensor.shape.count >= 2, tensor.count > 0 else {
            throw EPANNsError(
                .checkpointMismatch, "The weight of \(name) has shape \(tensor.shape), which no layer has.")
        }
        count = tensor.shape[0]
        channels = tensor.shape[1]
        positions = tensor.shape.dropFirst(2).reduce(1, *)
        self.name = name
        self.tensor = tensor
    }

    /// Weights of one filter.
    package var filterSize: Int { channels * positions }

    /// Calls `body` with all weights, row-major; mapped pages leave memory afterwards.
    package func withWeights<Result>(_ body: (UnsafeBufferPointer<Float>) throws -> Result) rethrows -> Result {
        defer { tensor.releaseForNow() }
        return try tensor.withFloats(body)
    }

    /// A number for each filter's weights.
    package func map(_ score: (UnsafeBufferPointer<Float>) -> Double) -> [Double] {
        withWeights { weights in
            (0..<count).map { filter in
                score(UnsafeBufferPointer(rebasing: weights[filter * filterSize..<(filter + 1) * filterSize]))
            }
        }
    }
}

extension [Double] {
    /// Divided by the largest absolute value; zeros stay zeros.
    package var normalized: [Double] {
        let largest = reduce(0) { Swift.max($0, abs($1)) }
        return largest > 0 ? map { $0 / largest } : self
    }

    /// Indices from the smallest to the largest value; equal ones stay in order, as with NumPy's stable sort.
    package var ascendingOrder: [Int] {
        indices.sorted { (self[$0], $0) < (self[$1], $1) }
    }
}

import EPANNsCore
import EPANNsGraph

/// Criteria that look at the feature maps of real clips.
///
/// Parity: `CriterionParityTests` against NumPy's SVD.
package enum FeatureMaps {
    /// What is summed up of each map's singular values.
    package enum Measure {
        /// Their number above `max σ · max(height, width) · ε` with Float32's ε, as NumPy and PyTorch count the rank.
        case rank
        /// Their sum, the nuclear norm.
        case energy
    }

    /// The measure of each channel's map, shape (channels).
    ///
    /// - Parameters:
    ///   - values: Shape (channels, height, width).
    ///   - height: Extent of the first spatial axis; 1 for a vector.
    package static func measure(
        _ values: UnsafeBufferPointer<Float>, channels: Int, height: Int, width: Int, _ measure: Measure
    ) -> [Double] {
        precondition(values.count == channels * height * width)
        return (0..<channels).map { channel in
            let map = UnsafeBufferPointer(rebasing: values[channel * height * width..<(channel + 1) * height * width])
            let singular = singularValues(map, height: height, width: width)
            switch measure {
            case .energy: return singular.reduce(0, +)
            case .rank:
                let largest = singular.max() ?? 0
                let threshold = largest * Double(max(height, width)) * Double(Float.ulpOfOne)
                return Double(singular.count { $0 > threshold })
            }
        }
    }

    /// Singular values as square roots of the eigenvalues of the smaller product of the map with itself.
    ///
    /// Squaring loses values below 1e-8 of the largest, which lie below the rank's threshold of Float32 anyway.
    private static func singularValues(_ map: UnsafeBufferPointer<Float>, height: Int, width: Int) -> [Double] {
        let isTall = height >= width
        let (size, length) = isTall ? (width, height) : (height, width)
        let (step, stride) = isTall ? (1, width) : (width, 1)
        var products = [Double](repeating: 0, count: size * size)
        withUnsafeTemporaryAllocation(of: Double.self, capacity: size) { row in
            row.initialize(repeating: 0)
            for position in 0..<length {
                for a in 0..<size { row[a] = Double(map[a * step + position * stride]) }
                for a in 0..<size where row[a] != 0 {
                    for b in a..<size { products[a * size + b] += row[a] * row[b] }
                }
            }
        }
        for a in 0..<size {
            for b in 0..<a { products[a * size + b] = products[b * size + a] }
        }
        return SymmetricEigen(products, size: size, wantsVectors: false).values.map { max($0, 0).squareRoot() }
    }
}

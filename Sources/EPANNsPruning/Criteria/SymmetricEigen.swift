/// Eigenvalues and eigenvectors of small symmetric matrices by Jacobi's rotations, to full double precision.
///
/// The matrices here are kernel positions squared (9×9) or the shorter side of a feature map squared.
package struct SymmetricEigen {
    /// The eigenvalues, not sorted.
    package private(set) var values: [Double]
    /// The eigenvectors, row `i` to eigenvalue `i`, each of length 1.
    package private(set) var vectors: [Double]
    /// Rows of the matrix.
    package let size: Int

    /// Decomposes a matrix.
    ///
    /// - Parameter matrix: Row-major, shape (size, size), symmetric.
    package init(_ matrix: [Double], size: Int, wantsVectors: Bool = true) {
        precondition(matrix.count == size * size && size > 0)
        self.size = size
        vectors = []
        if wantsVectors {
            vectors = [Double](repeating: 0, count: size * size)
            for index in 0..<size { vectors[index * size + index] = 1 }
        }
        values = []
        var matrix = matrix
        matrix.withUnsafeMutableBufferPointer { a in
            vectors.withUnsafeMutableBufferPointer { v in
                Self.rotate(a, v, size)
            }
        }
        values = (0..<size).map { matrix[$0 * size + $0] }
    }

    /// The eigenvector of the largest eigenvalue; of equal ones, the first.
    package var leadingVector: ArraySlice<Double> {
        var best = 0
        for index in 1..<max(size, 1) where values[index] > values[best] { best = index }
        return vectors[best * size..<(best + 1) * size]
    }

    private static func rotate(
        _ a: UnsafeMutableBufferPointer<Double>, _ v: UnsafeMutableBufferPointer<Double>, _ size: Int
    ) {
        // Convergence is quadratic: six sweeps are usual; the limit only guards against values that are not finite.
        for _ in 0..<60 {
            var offDiagonal = 0.0
            var diagonal = 0.0
            for row in 0..<size {
                diagonal += a[row * size + row] * a[row * size + row]
                for column in row + 1..<size { offDiagonal += a[row * size + column] * a[row * size + column] }
            }
            // Below the last bit of the largest eigenvalue.
            if !(offDiagonal > 1e-34 * diagonal) { return }
            for p in 0..<size - 1 {
                for q in p + 1..<size {
                    let element = a[p * size + q]
                    if element == 0 { continue }
                    let theta = (a[q * size + q] - a[p * size + p]) / (2 * element)
                    let t = (theta < 0 ? -1 : 1) / (abs(theta) + (theta * theta + 1).squareRoot())
                    let c = 1 / (t * t + 1).squareRoot()
                    let s = t * c
                    a[p * size + p] -= t * element
                    a[q * size + q] += t * element
                    a[p * size + q] = 0
                    a[q * size + p] = 0
                    for k in 0..<size where k != p && k != q {
                        let (x, y) = (a[p * size + k], a[q * size + k])
                        let (newX, newY) = (c * x - s * y, s * x + c * y)
                        a[p * size + k] = newX
                        a[k * size + p] = newX
                        a[q * size + k] = newY
                        a[k * size + q] = newY
                    }
                    if v.isEmpty { continue }
                    for k in 0..<size {
                        let (x, y) = (v[p * size + k], v[q * size + k])
                        v[p * size + k] = c * x - s * y
                        v[q * size + k] = s * x + c * y
                    }
                }
            }
        }
    }
}

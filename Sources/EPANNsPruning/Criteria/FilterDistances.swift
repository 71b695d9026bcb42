import EPANNsCore
import EPANNsGraph

/// Criteria that compare filters with one another.
///
/// Parity: `CriterionTests` (SPEC §8.4), `CriterionParityTests` (SciPy's `cdist`).
package enum FilterDistances {
    /// Sum of a filter's Euclidean distances to all others, over its maximum; shape (filters).
    package static func geometricMedian(_ bank: FilterBank) -> [Double] {
        let products = centredProducts(bank)
        let count = bank.count
        return (0..<count).map { first in
            var sum = 0.0
            for second in 0..<count where second != first {
                let square =
                    products[first * count + first] + products[second * count + second]
                    - 2 * products[first * count + second]
                sum += max(square, 0).squareRoot()
            }
            return sum
        }.normalized
    }

    /// Inner products of the filters less their mean, which changes no distance but keeps the difference of squares
    /// exact; shape (filters, filters).
    private static func centredProducts(_ bank: FilterBank) -> [Double] {
        let (count, size) = (bank.count, bank.filterSize)
        var products = [Double](repeating: 0, count: count * count)
        // A tile of rows by a stretch of columns, converted once for all its partners; small enough for the cache.
        let (tile, stretch) = (32, 256)
        bank.withWeights { weights in
            var means = [Double](repeating: 0, count: size)
            for filter in 0..<count {
                for index in 0..<size { means[index] += Double(weights[filter * size + index]) }
            }
            for index in 0..<size { means[index] /= Double(count) }
            var panel = [Double](repeating: 0, count: count * stretch)
            products.withUnsafeMutableBufferPointer { products in
                for start in stride(from: 0, to: size, by: stretch) {
                    let width = min(stretch, size - start)
                    for filter in 0..<count {
                        for index in 0..<width {
                            panel[filter * stretch + index] =
                                Double(weights[filter * size + start + index]) - means[start + index]
                        }
                        for index in width..<stretch { panel[filter * stretch + index] = 0 }
                    }
                    panel.withUnsafeBufferPointer { panel in
                        for row in stride(from: 0, to: count, by: tile) {
                            for column in stride(from: 0, through: row, by: tile) {
                                multiply(panel, stretch, count, row, column, tile, products)
                            }
                        }
                    }
                }
                for row in 0..<count {
                    for column in 0..<row { products[column * count + row] = products[row * count + column] }
                }
            }
        }
        return products
    }

    /// Adds the products of two tiles of rows.
    private static func multiply(
        _ panel: UnsafeBufferPointer<Double>, _ stretch: Int, _ count: Int, _ row: Int, _ column: Int, _ tile: Int,
        _ products: UnsafeMutableBufferPointer<Double>
    ) {
        guard let base = panel.baseAddress else { return }
        func vectors(_ filter: Int) -> UnsafePointer<SIMD2<Double>> {
            UnsafeRawPointer(base + filter * stretch).assumingMemoryBound(to: SIMD2<Double>.self)
        }
        let rows = row..<min(row + tile, count)
        let columns = column..<min(column + tile, count)
        for a in stride(from: rows.lowerBound, to: rows.upperBound, by: 2) {
            let a1 = min(a + 1, rows.upperBound - 1)
            let (x0, x1) = (vectors(a), vectors(a1))
            for b in stride(from: columns.lowerBound, to: columns.upperBound, by: 2) {
                let b1 = min(b + 1, columns.upperBound - 1)
                let (y0, y1) = (vectors(b), vectors(b1))
                var (s00, s01) = (SIMD2<Double>.zero, SIMD2<Double>.zero)
                var (s10, s11) = (SIMD2<Double>.zero, SIMD2<Double>.zero)
                for k in 0..<stretch / 2 {
                    let (u0, u1, w0, w1) = (x0[k], x1[k], y0[k], y1[k])
                    s00 += u0 * w0
                    s01 += u0 * w1
                    s10 += u1 * w0
                    s11 += u1 * w1
                }
                products[a * count + b] += s00.sum()
                if b1 != b { products[a * count + b1] += s01.sum() }
                if a1 != a { products[a1 * count + b] += s10.sum() }
                if a1 != a, b1 != b { products[a1 * count + b1] += s11.sum() }
            }
        }
    }
}

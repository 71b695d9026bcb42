import EPANNsCore
import EPANNsGraph

/// Similarity of filters by their leading spatial directions.
///
/// A filter is a matrix of shape (positions, channels); its leading left singular vector, with the sign of its product
/// with channel 0, stands for it. Source: SPEC §4.2. Parity: `CriterionTests` (SPEC §8.4), `CriterionParityTests`.
package struct CosineSimilarity {
    /// Number of filters.
    package let count: Int
    /// One minus the cosine, shape (filters, filters).
    package let distances: [Double]

    package init(_ bank: FilterBank) {
        let count = bank.count
        let positions = bank.positions
        var directions: [Double] = []
        directions.reserveCapacity(count * positions)
        bank.withWeights { weights in
            var products = [Double](repeating: 0, count: positions * positions)
            for filter in 0..<count {
                let start = filter * bank.filterSize
                for index in products.indices { products[index] = 0 }
                for channel in 0..<bank.channels {
                    let kernel = start + channel * positions
                    for a in 0..<positions {
                        let x = Double(weights[kernel + a])
                        for b in 0..<positions { products[a * positions + b] += x * Double(weights[kernel + b]) }
                    }
                }
                let vector = SymmetricEigen(products, size: positions).leadingVector
                var product = 0.0
                for (k, value) in vector.enumerated() { product += Double(weights[start + k]) * value }
                directions += product < 0 ? vector.map { -$0 } : Array(vector)
            }
        }
        var distances = [Double](repeating: 0, count: count * count)
        for first in 0..<count {
            for second in 0..<first {
                var cosine = 0.0
                for k in 0..<positions {
                    cosine += directions[first * positions + k] * directions[second * positions + k]
                }
                distances[first * count + second] = 1 - cosine
                distances[second * count + first] = 1 - cosine
            }
        }
        self.count = count
        self.distances = distances
    }

    /// When a filter goes, over the number of filters less one: of the closest pair that is left, the later filter goes.
    ///
    /// The reference keeps a filter and marks its nearest as redundant, the most similar first, and stops when all are
    /// either; this goes on, so that any number can stay.
    package func scores() -> [Double] {
        guard count > 1 else { return [1] }
        var scores = [Double](repeating: 1, count: count)
        var isLeft = [Bool](repeating: true, count: count)
        // Of each filter the nearest later one; the closest pair is the best of these.
        var nearest = (0..<count).map { nearestLater($0, isLeft) }
        for step in 0..<count - 1 {
            var best = -1
            for filter in 0..<count where isLeft[filter] && nearest[filter] >= 0 {
                if best < 0 || distance(filter, nearest[filter]) < distance(best, nearest[best]) { best = filter }
            }
            let gone = nearest[best]
            isLeft[gone] = false
            scores[gone] = Double(step) / Double(count - 1)
            for filter in 0..<gone where isLeft[filter] && nearest[filter] == gone {
                nearest[filter] = nearestLater(filter, isLeft)
            }
        }
        return scores
    }

    private func distance(_ first: Int, _ second: Int) -> Double { distances[first * count + second] }

    private func nearestLater(_ filter: Int, _ isLeft: [Bool]) -> Int {
        var best = -1
        for other in filter + 1..<max(count, filter + 1) where isLeft[other] {
            if best < 0 || distance(filter, other) < distance(filter, best) { best = other }
        }
        return best
    }

    /// Each filter's nearest other.
    package func nearest() -> [Int] {
        (0..<count).map { filter in
            (0..<count).filter { $0 != filter }.min { distance(filter, $0) < distance(filter, $1) } ?? filter
        }
    }

    /// What the published code keeps, in the order in which it visits the filters; their number follows from the data.
    ///
    /// A filter that was kept can be marked redundant later; it stays kept, as there.
    package func referenceSelection() -> [Int] {
        let nearest = nearest()
        var redundant = Set<Int>()
        var kept: [Int] = []
        for filter in (0..<count).map({ distance($0, nearest[$0]) }).ascendingOrder where !redundant.contains(filter) {
            kept.append(filter)
            redundant.insert(nearest[filter])
        }
        return kept
    }
}

import Dispatch
import Synchronization

/// How well scores rank the clips of one class.
///
/// - Average precision: the sum over distinct scores, from the highest, of the gain in recall times the precision
///   there; ties are one operating point, nothing is interpolated. As scikit-learn's `average_precision_score`.
/// - ROC AUC: the share of (positive, negative) pairs in which the positive scores higher; ties count ½. As
///   scikit-learn's `roc_auc_score`.
///
/// Source: PANNs (Kong et al. 2020), `evaluate.py`; SPEC §6. Parity: `MetricsParityTests`.
public struct RankingMetrics: Hashable, Sendable {
    /// Clips that have the class.
    public var positiveCount: Int
    /// Nil for a class without positives.
    public var averagePrecision: Double?
    /// Nil for a class without positives or without negatives.
    public var areaUnderROC: Double?
}

extension ScoredClips {
    /// Average precision and AUC of every class, in their order.
    ///
    /// A radix sort a class, classes in blocks on all cores: 527 classes of 20,000 clips take a fraction of a second.
    public func rankingMetrics() -> [RankingMetrics] {
        let blockCount = (classCount + Self.blockSize - 1) / Self.blockSize
        let results = Mutex([[RankingMetrics]](repeating: [], count: blockCount))
        DispatchQueue.concurrentPerform(iterations: blockCount) { block in
            let start = block * Self.blockSize
            let metrics = rankingMetrics(of: start..<min(start + Self.blockSize, classCount))
            results.withLock { $0[block] = metrics }
        }
        return results.withLock { $0 }.flatMap(\.self)
    }

    /// Neighbouring columns are gathered together: 16 Float32 are a cache line.
    private static let blockSize = 16

    private func rankingMetrics(of columns: Range<Int>) -> [RankingMetrics] {
        var sorter = RadixSorter(count: clipCount)
        var keys = [UInt64](repeating: 0, count: columns.count * clipCount)
        for clip in 0..<clipCount {
            let row = clip * classCount
            for (offset, column) in columns.enumerated() {
                keys[offset * clipCount + clip] =
                    UInt64(RadixSorter.key(scores[row + column])) << 1 | (targets[row + column] ? 1 : 0)
            }
        }
        return columns.indices.map { column in
            let start = (column - columns.lowerBound) * clipCount
            return Self.metrics(ofSorted: sorter.sorted(keys[start..<start + clipCount]))
        }
    }

    /// Metrics from keys in ascending order, the target in the lowest bit.
    private static func metrics(ofSorted keys: [UInt64]) -> RankingMetrics {
        var positives = 0
        var negatives = 0
        // Twice the number of pairs, so that ties stay integers. Clips squared stay far below 2⁶².
        var doubledPairs = 0
        var weightedPrecision = 0.0
        var end = keys.count
        while end > 0 {
            // All clips of one score are one operating point.
            let score = keys[end - 1] >> 1
            var found = 0
            var start = end
            while start > 0, keys[start - 1] >> 1 == score {
                start -= 1
                found += Int(keys[start] & 1)
            }
            let others = end - start - found
            doubledPairs += others * (2 * positives + found)
            positives += found
            negatives += others
            if found > 0 {
                weightedPrecision += Double(found) * Double(positives) / Double(positives + negatives)
            }
            end = start
        }
        return RankingMetrics(
            positiveCount: positives,
            averagePrecision: positives > 0 ? weightedPrecision / Double(positives) : nil,
            areaUnderROC: positives > 0 && negatives > 0
                ? Double(doubledPairs) / 2 / (Double(positives) * Double(negatives)) : nil)
    }
}

/// Sorts 33-bit keys, a float and a flag, by the float.
private struct RadixSorter {
    private var buffer: [UInt64]
    private var other: [UInt64]

    init(count: Int) {
        buffer = [UInt64](repeating: 0, count: count)
        other = buffer
    }

    /// Bits in the order of the numbers; both zeros get the same.
    static func key(_ score: Float) -> UInt32 {
        let bits = (score == 0 ? 0 : score).bitPattern
        return bits >> 31 == 1 ? ~bits : bits | 1 << 31
    }

    /// The keys in ascending order of all bits but the lowest: three passes over eleven bits each.
    mutating func sorted(_ keys: ArraySlice<UInt64>) -> [UInt64] {
        precondition(keys.count == buffer.count)
        for (index, key) in zip(keys.indices, keys) { buffer[index - keys.startIndex] = key }
        for shift in [UInt64(1), 12, 23] {
            var starts = [Int](repeating: 0, count: 2048)
            for key in buffer { starts[Int(key >> shift & 2047)] += 1 }
            var sum = 0
            for digit in starts.indices { (starts[digit], sum) = (sum, sum + starts[digit]) }
            for key in buffer {
                let digit = Int(key >> shift & 2047)
                other[starts[digit]] = key
                starts[digit] += 1
            }
            swap(&buffer, &other)
        }
        return buffer
    }
}

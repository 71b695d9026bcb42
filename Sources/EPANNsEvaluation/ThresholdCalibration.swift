import EPANNsGraph

/// From which score on a class counts as heard, by class, so that decisions are best on a set of clips.
///
/// Classes with enough examples get the threshold with the highest F1; between the score that is the last to be taken
/// and the first that is not, the middle is chosen. The others share one threshold, which is that with the highest F1
/// over all decisions of all classes. On clips that the model was trained on thresholds come out too high.
///
/// Tests: `ThresholdCalibrationTests`.
public struct ThresholdCalibration: Hashable, Sendable {
    /// Positives that a class needs for a threshold of its own.
    public static let defaultMinimumPositives = 5

    /// The thresholds by class.
    public var thresholds: [Float]
    /// What classes with few examples share.
    public var pooled: Float
    /// Number of classes that have thresholds of their own.
    public var ownCount: Int

    /// Finds thresholds.
    ///
    /// - Parameters:
    ///   - clips: Scores, and what is true.
    ///   - minimumPositives: Clips that a class must be in, and not be in, to get a threshold of its own.
    /// - Throws: `EPANNsError` with code `invalidConfiguration` when `minimumPositives` is below 1.
    public init(_ clips: ScoredClips, minimumPositives: Int = Self.defaultMinimumPositives) throws {
        guard minimumPositives > 0 else {
            throw EPANNsError(
                .invalidConfiguration,
                "A threshold needs at least one clip that has the class, not \(minimumPositives).")
        }
        let width = clips.classCount
        let pooled = Self.best(clips.scores, clips.targets)
        self.pooled = pooled
        thresholds = []
        ownCount = 0
        for column in 0..<width {
            let cells = Array(stride(from: column, to: clips.scores.count, by: width))
            let positives = cells.count { clips.targets[$0] }
            if positives >= minimumPositives, cells.count - positives >= minimumPositives {
                thresholds.append(Self.best(cells.map { clips.scores[$0] }, cells.map { clips.targets[$0] }))
                ownCount += 1
            } else {
                thresholds.append(pooled)
            }
        }
    }

    /// The threshold with the highest F1; of several the highest, which finds least by mistake.
    ///
    /// There is a positive.
    private static func best(_ scores: [Float], _ targets: [Bool]) -> Float {
        let order = scores.indices.sorted { scores[$0] > scores[$1] }
        let positives = targets.count { $0 }
        var (hits, best, threshold) = (0, -1.0, Float(0))
        for (position, index) in order.enumerated() {
            hits += targets[index] ? 1 : 0
            // Equal scores are all taken, or none.
            if position + 1 < order.count, scores[order[position + 1]] == scores[index] { continue }
            let f1 = 2 * Double(hits) / Double(position + 1 + positives)
            guard f1 > best else { continue }
            best = f1
            let next = position + 1 < order.count ? scores[order[position + 1]] : scores[index]
            let middle = next + (scores[index] - next) / 2
            // Rounding may bring the middle of two neighbours down to the lower one, which is not meant.
            threshold = middle > next ? middle : scores[index]
        }
        return threshold
    }
}

import EPANNsCore
import EPANNsGraph

/// From which score on a class counts as heard, by class, so that decisions are best on a set of clips.
///
/// Classes with enough examples get the threshold with the highest F1 of those whose decisions are right often enough:
/// where a model knows nothing of a class, the highest F1 would take every clip. Between the score that is the last to
/// be taken and the first that is not, the middle is chosen. The others share one threshold: that with the highest F1
/// over all their decisions, or, where none is right often enough, over those of all classes. On clips that the model
/// was trained on thresholds come out too high, and F1 is better on the clips they were found on than on any others.
///
/// Tests: `ThresholdCalibrationTests`.
public struct ThresholdCalibration: Hashable, Sendable {
    /// Positives that a class needs for a threshold of its own.
    public static let defaultMinimumPositives = 5

    /// The share of what a threshold takes that must be right.
    public static let defaultMinimumPrecision = 0.5

    /// The thresholds of classes that have one of their own; nil for those that share ``pooled``.
    public var own: [Float?]
    /// What classes with few examples share.
    public var pooled: Float

    /// The thresholds by class.
    public var thresholds: [Float] { own.map { $0 ?? pooled } }
    /// Number of classes that have thresholds of their own.
    public var ownCount: Int { own.count { $0 != nil } }

    /// Finds thresholds.
    ///
    /// - Parameters:
    ///   - clips: Scores, and what is true.
    ///   - minimumPositives: Clips that a class must be in, and not be in, to get a threshold of its own.
    ///   - minimumPrecision: The share of what a threshold takes that must be right, in 0…1; a class for which none
    ///     is that good shares the common one.
    /// - Throws: `EPANNsError` with code `invalidConfiguration` when `minimumPositives` is below 1, or
    ///   `minimumPrecision` is outside 0…1.
    public init(
        _ clips: ScoredClips, minimumPositives: Int = Self.defaultMinimumPositives,
        minimumPrecision: Double = Self.defaultMinimumPrecision
    ) throws {
        guard minimumPositives > 0 else {
            throw EPANNsError(
                .invalidConfiguration,
                "A threshold needs at least one clip that has the class, not \(minimumPositives).")
        }
        guard (0...1).contains(minimumPrecision) else {
            throw EPANNsError(
                .invalidConfiguration, "The least precision is a share from 0 to 1, not \(minimumPrecision).")
        }
        let width = clips.classCount
        func best(columns: [Int], _ minimumPrecision: Double) -> Float? {
            let cells = columns.flatMap { Array(stride(from: $0, to: clips.scores.count, by: width)) }
            return Self.best(
                cells.map { clips.scores[$0] }, cells.map { clips.targets[$0] }, minimumPrecision)
        }
        let own = (0..<width).map { column -> Float? in
            let positives = stride(from: column, to: clips.targets.count, by: width).count { clips.targets[$0] }
            guard positives >= minimumPositives, clips.clipCount - positives >= minimumPositives else { return nil }
            return best(columns: [column], minimumPrecision)
        }
        let all = Array(0..<width)
        // Where no threshold is right often enough, the best there is; without a single positive, a score's middle.
        let pooled =
            best(columns: all.filter { own[$0] == nil }, minimumPrecision) ?? best(columns: all, minimumPrecision)
            ?? best(columns: all, 0) ?? 0.5
        (self.own, self.pooled) = (own, pooled)
    }

    /// The threshold with the highest F1; of several the highest, which finds least by mistake.
    ///
    /// Nil when none takes a positive and is right often enough.
    private static func best(_ scores: [Float], _ targets: [Bool], _ minimumPrecision: Double) -> Float? {
        let order = scores.indices.sorted { scores[$0] > scores[$1] }
        let positives = targets.count { $0 }
        var (hits, best) = (0, 0.0)
        var threshold: Float?
        for (position, index) in order.enumerated() {
            hits += targets[index] ? 1 : 0
            // Equal scores are all taken, or none.
            if position + 1 < order.count, scores[order[position + 1]] == scores[index] { continue }
            let f1 = 2 * Double(hits) / Double(position + 1 + positives)
            guard f1 > best, Double(hits) >= minimumPrecision * Double(position + 1) else { continue }
            best = f1
            let next = position + 1 < order.count ? scores[order[position + 1]] : scores[index]
            let middle = next + (scores[index] - next) / 2
            // Rounding may bring the middle of two neighbours down to the lower one, which is not meant.
            threshold = middle > next ? middle : scores[index]
        }
        return threshold
    }
}

/// Counts of right and wrong decisions.
public struct DecisionCounts: Hashable, Sendable {
    /// Found and there.
    public var truePositives = 0
    /// Found but not there.
    public var falsePositives = 0
    /// There but not found.
    public var falseNegatives = 0

    /// Nothing counted yet.
    public init() {}

    init(truePositives: Int, falsePositives: Int, falseNegatives: Int) {
        self.truePositives = truePositives
        self.falsePositives = falsePositives
        self.falseNegatives = falseNegatives
    }

    /// Share of what was found that is there; 0 when nothing was found.
    public var precision: Double { Self.share(truePositives, truePositives + falsePositives) }
    /// Share of what is there that was found; 0 when nothing is there.
    public var recall: Double { Self.share(truePositives, truePositives + falseNegatives) }
    /// Harmonic mean of precision and recall; 0 when there is nothing and nothing was found.
    public var f1: Double { Self.share(2 * truePositives, 2 * truePositives + falsePositives + falseNegatives) }

    private static func share(_ part: Int, _ whole: Int) -> Double { whole > 0 ? Double(part) / Double(whole) : 0 }

    /// The sums.
    public static func + (a: Self, b: Self) -> Self {
        Self(
            truePositives: a.truePositives + b.truePositives, falsePositives: a.falsePositives + b.falsePositives,
            falseNegatives: a.falseNegatives + b.falseNegatives)
    }
}

extension ScoredClips {
    /// Decisions of every class when a score of at least the threshold means yes.
    public func decisions(threshold: Float) -> [DecisionCounts] {
        decisions(thresholds: [Float](repeating: threshold, count: classCount))
    }

    /// Decisions of every class when a score of at least the class's threshold means yes.
    ///
    /// - Precondition: There is one threshold a class.
    public func decisions(thresholds: [Float]) -> [DecisionCounts] {
        precondition(thresholds.count == classCount, "one threshold a class")
        var counts = [DecisionCounts](repeating: DecisionCounts(), count: classCount)
        for row in stride(from: 0, to: scores.count, by: classCount) {
            for column in 0..<classCount {
                switch (scores[row + column] >= thresholds[column], targets[row + column]) {
                case (true, true): counts[column].truePositives += 1
                case (true, false): counts[column].falsePositives += 1
                case (false, true): counts[column].falseNegatives += 1
                case (false, false): break
                }
            }
        }
        return counts
    }

    /// Label-weighted label-ranking average precision.
    ///
    /// For every label of every clip, the share of the clip's own labels among the classes that score at least as
    /// high; the mean over all labels. As scikit-learn's `label_ranking_average_precision_score` weighted by the
    /// number of labels a clip. Parity: `MetricsParityTests`.
    public func labelRankingPrecision() -> Double {
        var sum = 0.0
        var count = 0
        for row in stride(from: 0, to: scores.count, by: classCount) {
            for label in row..<row + classCount where targets[label] {
                var rank = 0
                var own = 0
                for column in row..<row + classCount where scores[column] >= scores[label] {
                    rank += 1
                    own += targets[column] ? 1 : 0
                }
                sum += Double(own) / Double(rank)
                count += 1
            }
        }
        return sum / Double(count)
    }
}

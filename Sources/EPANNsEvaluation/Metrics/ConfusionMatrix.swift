/// How often clips of one class were taken for another.
public struct ConfusionMatrix: Codable, Hashable, Sendable {
    /// Clips by true class (row) and best-scoring class (column), shape `(classes, classes)`.
    public var counts: [[Int]]

    /// Counts pairs.
    ///
    /// - Parameters:
    ///   - labels: The true classes, shape `(clips)`.
    ///   - predictions: The best-scoring classes, shape `(clips)`.
    ///   - classCount: Number of classes; labels and predictions lie below it.
    public init(labels: [Int], predictions: [Int], classCount: Int) {
        precondition(labels.count == predictions.count)
        counts = [[Int]](repeating: [Int](repeating: 0, count: classCount), count: classCount)
        for (label, prediction) in zip(labels, predictions) { counts[label][prediction] += 1 }
    }

    /// Number of clips.
    public var clipCount: Int { counts.reduce(0) { $0 + $1.reduce(0, +) } }

    /// Clips on the diagonal.
    public var correctCount: Int { counts.indices.reduce(0) { $0 + counts[$1][$1] } }

    /// Share of clips on the diagonal, 0…1.
    public var accuracy: Double { clipCount > 0 ? Double(correctCount) / Double(clipCount) : 0 }

    /// Decisions of every class.
    public var decisions: [DecisionCounts] {
        counts.indices.map { label in
            let found = counts.reduce(0) { $0 + $1[label] }
            let there = counts[label].reduce(0, +)
            let right = counts[label][label]
            return DecisionCounts(
                truePositives: right, falsePositives: found - right, falseNegatives: there - right)
        }
    }

    /// Mean recall of the classes that have clips, as scikit-learn's `balanced_accuracy_score`.
    public var balancedAccuracy: Double { mean(\.recall) }

    /// Mean F1 of the classes that have clips.
    public var macroF1: Double { mean(\.f1) }

    private func mean(_ value: (DecisionCounts) -> Double) -> Double {
        let present = decisions.filter { $0.truePositives + $0.falseNegatives > 0 }
        return present.isEmpty ? 0 : present.reduce(0) { $0 + value($1) } / Double(present.count)
    }
}

import EPANNsCore
import EPANNsGraph

/// What a model said of the clips of a data set, and what is true of them.
///
/// Single-label sets have exactly one target a clip; nothing else sets them apart.
public struct ScoredClips: Sendable {
    /// Names of the classes, in the order of the columns.
    public let classNames: [String]
    /// Number of clips.
    public let clipCount: Int
    /// Scores, row-major, shape `(clips, classes)`; any finite numbers, higher is more likely.
    public let scores: [Float]
    /// Which classes are true of a clip, row-major, shape `(clips, classes)`.
    public let targets: [Bool]

    /// Number of classes.
    public var classCount: Int { classNames.count }

    /// Checks and keeps scores and targets.
    ///
    /// - Parameters:
    ///   - scores: Row-major, shape `(clips, classes)`.
    ///   - targets: Row-major, shape `(clips, classes)`.
    ///   - classNames: One name a class.
    /// - Throws: `EPANNsError` with code `invalidConfiguration` when there is no clip, when shapes do not fit, when a
    ///   score is not finite, or when no clip has any of the classes.
    public init(scores: [Float], targets: [Bool], classNames: [String]) throws {
        let classCount = classNames.count
        guard classCount > 0 else {
            throw EPANNsError(.invalidConfiguration, "There are no classes to evaluate.")
        }
        guard !scores.isEmpty else {
            throw EPANNsError(.invalidConfiguration, "There are no clips to evaluate.")
        }
        guard scores.count == targets.count, scores.count % classCount == 0 else {
            throw EPANNsError(
                .invalidConfiguration,
                "\(scores.count.counted("score")) and \(targets.count.counted("target")) do not make clips of \(classCount.counted("class")) each."
            )
        }
        if let index = scores.firstIndex(where: { !$0.isFinite }) {
            throw EPANNsError(
                .invalidConfiguration,
                "The score of clip \(index / classCount), class “\(classNames[index % classCount])”, is "
                    + "\(scores[index]): such scores cannot be ranked. The model's weights are damaged, or its training "
                    + "diverged; take an earlier checkpoint.")
        }
        guard targets.contains(true) else {
            throw EPANNsError(
                .invalidConfiguration, "No clip has any of the classes as its label: there is nothing to find.")
        }
        self.scores = scores
        self.targets = targets
        self.classNames = classNames
        clipCount = scores.count / classCount
    }

    /// Checks and keeps the scores of a single-label set.
    ///
    /// - Parameters:
    ///   - scores: Row-major, shape `(clips, classes)`.
    ///   - labels: The true class of each clip, shape `(clips)`.
    ///   - classNames: One name a class.
    /// - Throws: As ``init(scores:targets:classNames:)``, and when a label is not a class.
    public init(scores: [Float], labels: [Int], classNames: [String]) throws {
        guard let outside = labels.first(where: { !classNames.indices.contains($0) }) else {
            var targets = [Bool](repeating: false, count: labels.count * classNames.count)
            for (clip, label) in labels.enumerated() { targets[clip * classNames.count + label] = true }
            try self.init(scores: scores, targets: targets, classNames: classNames)
            return
        }
        throw EPANNsError(
            .invalidConfiguration, "Class \(outside) does not exist; there are \(classNames.count) classes.")
    }

    /// The true class of each clip, shape `(clips)`; nil when a clip has none or several.
    package var singleLabels: [Int]? {
        var labels: [Int] = []
        labels.reserveCapacity(clipCount)
        for start in stride(from: 0, to: targets.count, by: classCount) {
            var label: Int?
            for column in 0..<classCount where targets[start + column] {
                guard label == nil else { return nil }
                label = column
            }
            guard let label else { return nil }
            labels.append(label)
        }
        return labels
    }

    /// The best-scoring class of each clip, shape `(clips)`; the first of several equals, as NumPy's `argmax`.
    package var bestClasses: [Int] {
        stride(from: 0, to: scores.count, by: classCount).map { start in
            var best = 0
            for column in 1..<max(1, classCount) where scores[start + column] > scores[start + best] { best = column }
            return best
        }
    }
}

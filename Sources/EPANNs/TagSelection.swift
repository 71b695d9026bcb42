import EPANNsCore
import EPANNsGraph
import EPANNsModels

/// Which of a model's classes are reported.
public struct TagSelection: Codable, Hashable, Sendable {
    /// At most so many tags a window.
    public var topK: Int
    /// Only scores of at least this; nil for no limit.
    public var threshold: Float?
    /// Only scores of at least these, one a class; nil for no limits.
    ///
    /// A class without one is not reported.
    public var classThresholds: [Float]?
    /// Indices of the classes that may be reported; nil for all.
    public var allowed: Set<Int>?
    /// Indices of classes that are never reported.
    public var denied: Set<Int>
    /// Where no score reaches its threshold, so many of the best are given as guesses.
    public var guessCount: Int

    /// Makes a selection.
    public init(
        topK: Int = 10, threshold: Float? = nil, classThresholds: [Float]? = nil, allowed: Set<Int>? = nil,
        denied: Set<Int> = [], guessCount: Int = 0
    ) {
        self.topK = topK
        self.threshold = threshold
        self.classThresholds = classThresholds
        self.allowed = allowed
        self.denied = denied
        self.guessCount = guessCount
    }

    /// Makes a selection of classes by name, MID or index.
    ///
    /// - Throws: `EPANNsError` with code `invalidConfiguration` for an unknown class, with the nearest
    ///   names, or when nothing is left to report.
    public init(
        topK: Int = 10, threshold: Float? = nil, classThresholds: [Float]? = nil, allow: [String],
        deny: [String] = [], labels: LabelSet
    ) throws {
        guard topK > 0 else {
            throw EPANNsError(.invalidConfiguration, "The number of tags must be at least 1, not \(topK).")
        }
        if let threshold, !threshold.isFinite {
            throw EPANNsError(.invalidConfiguration, "The threshold \(threshold) is not a finite number.")
        }
        if let classThresholds, classThresholds.count != labels.count || !classThresholds.allSatisfy(\.isFinite) {
            throw EPANNsError(
                .invalidConfiguration,
                "\(classThresholds.count.counted("threshold")) do not fit \(labels.count.counted("class")), or are not finite numbers."
            )
        }
        let allowed = allow.isEmpty ? nil : Set(try allow.map(labels.index(of:)))
        let denied = Set(try deny.map(labels.index(of:)))
        guard !(allowed ?? Set(labels.labels.indices)).subtracting(denied).isEmpty else {
            throw EPANNsError(.invalidConfiguration, "Every allowed class is denied; nothing would be reported.")
        }
        self.init(
            topK: topK, threshold: threshold, classThresholds: classThresholds, allowed: allowed, denied: denied)
    }

    /// The tags of one row of scores, best first; equal scores in the order of the classes.
    ///
    /// - Throws: `EPANNsError` with code `invalidConfiguration` when there are more scores than labels.
    public func tags(_ scores: some Collection<Float>, labels: LabelSet) throws -> [Tag] {
        try best(scores, topK, labels) { index, score in
            (threshold.map { score >= $0 } ?? true)
                && (classThresholds.map { index < $0.count && score >= $0[index] } ?? true)
        }
    }

    /// The best of the classes that may be reported, whatever their thresholds: what a model would say if it had to.
    ///
    /// - Throws: As ``tags(_:labels:)``.
    public func guesses(_ scores: some Collection<Float>, labels: LabelSet) throws -> [Tag] {
        try best(scores, min(topK, guessCount), labels) { _, _ in true }
    }

    private func best(
        _ scores: some Collection<Float>, _ count: Int, _ labels: LabelSet, _ isHeard: (Int, Float) -> Bool
    ) throws -> [Tag] {
        guard scores.count <= labels.count else {
            throw EPANNsError(
                .invalidConfiguration,
                "\(scores.count.counted("score")) do not fit \(labels.count.counted("label")); take the model's own."
            )
        }
        guard count > 0 else { return [] }
        let candidates = scores.enumerated().filter { index, score in
            isHeard(index, score) && (allowed?.contains(index) ?? true) && !denied.contains(index)
        }
        return candidates.sorted { ($1.element, $0.offset) < ($0.element, $1.offset) }.prefix(count).map {
            let label = labels.labels[$0.offset]
            return Tag(index: $0.offset, mid: label.mid, name: label.name, score: $0.element)
        }
    }
}

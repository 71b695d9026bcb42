import EPANNsCore
import EPANNsModels

/// From which score on a class counts as heard.
public enum TagThreshold: Codable, Hashable, Sendable {
    /// Every class is reported, the best first.
    case none
    /// The same score for all classes.
    case score(Float)
    /// Each class's own, where the model knows them, else ``general``.
    case automatic

    /// What serves a model without thresholds of its own: what PANNs' users settled on.
    public static let general: Float = 0.3
    /// Guesses where nothing is sure.
    public static let guessCount = 3
}

extension AudioTagger {
    /// A selection for this model.
    ///
    /// With ``TagThreshold/automatic``, the best classes are given as guesses where none reaches its threshold.
    ///
    /// - Parameters:
    ///   - topK: At most so many tags a window.
    ///   - threshold: From which score on a class counts as heard.
    ///   - allow: Names, MIDs or indices of the classes that may be reported; none for all.
    ///   - deny: Those that are never reported.
    /// - Throws: As ``TagSelection/init(topK:threshold:classThresholds:allow:deny:labels:)``.
    public func selection(
        topK: Int = 10, threshold: TagThreshold = .none, allow: [String] = [], deny: [String] = []
    ) throws -> TagSelection {
        var limit: Float?
        var own: [Float]?
        switch threshold {
        case .none: break
        case .score(let score): limit = score
        case .automatic:
            own = thresholds?.scores
            if own == nil { limit = TagThreshold.general }
        }
        var selection = try TagSelection(
            topK: topK, threshold: limit, classThresholds: own, allow: allow, deny: deny, labels: labels)
        if threshold == .automatic { selection.guessCount = TagThreshold.guessCount }
        return selection
    }
}

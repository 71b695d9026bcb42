import EPANNsCore
import EPANNsGraph

/// From which score on each class of a model counts as heard, and where these numbers come from.
///
/// Kept in our own model files; `epanns calibrate` makes them, `epanns tag --threshold auto` uses them.
public struct ClassThresholds: Codable, Hashable, Sendable {
    /// One score a class.
    public var scores: [Float]
    /// What decided, such as `mn04_as_mAP_432 ≥ 0.5` or `labels`.
    public var reference: String
    /// Number of clips they were chosen on.
    public var clipCount: Int
    /// Number of classes with a threshold of their own; the others have a common one.
    public var ownCount: Int

    /// Makes thresholds.
    public init(scores: [Float], reference: String, clipCount: Int, ownCount: Int) {
        self.scores = scores
        self.reference = reference
        self.clipCount = clipCount
        self.ownCount = ownCount
    }

    /// Whether there is one number for every class.
    func fit(_ classCount: Int) -> Bool { scores.count == classCount && scores.allSatisfy(\.isFinite) }

    enum CodingKeys: String, CodingKey {
        case scores, reference
        case clipCount = "clips"
        case ownCount = "own"
    }
}

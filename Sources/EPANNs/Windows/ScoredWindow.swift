import EPANNsCore
import EPANNsModels
import EPANNsRuntime

/// What a network says of one stretch of audio: the one stream that everything else is made of.
///
/// A whole clip is one window. Tags, embeddings and events are maps over it.
public struct ScoredWindow: Codable, Hashable, Sendable {
    /// Where the stretch starts, in seconds from the beginning.
    public var startSeconds: Double
    /// Where it ends.
    public var endSeconds: Double
    /// The classes' scores, shape `(classes)`; finite.
    public var scores: [Float]
    /// The vector before the classifier, shape `(embedding width)`.
    public var embedding: [Float]
    /// Whose mean this is; nil for a stretch that was heard as it is.
    public var mean: WindowMean?
    /// Where in the stretch the classes are heard; nil for networks that do not tell, and for means.
    public var framewise: FramewiseScores?

    /// Makes a window.
    public init(
        startSeconds: Double, endSeconds: Double, scores: [Float], embedding: [Float], mean: WindowMean? = nil,
        framewise: FramewiseScores? = nil
    ) {
        self.startSeconds = startSeconds
        self.endSeconds = endSeconds
        self.scores = scores
        self.embedding = embedding
        self.mean = mean
        self.framewise = framewise
    }

    /// The tags of the stretch.
    ///
    /// - Throws: As ``TagSelection/tags(_:labels:)``.
    public func tags(_ selection: TagSelection, labels: LabelSet) throws -> TaggedWindow {
        let tags = try selection.tags(scores, labels: labels)
        let guesses = tags.isEmpty ? try selection.guesses(scores, labels: labels) : []
        return TaggedWindow(
            startSeconds: startSeconds, endSeconds: endSeconds, tags: tags, guesses: guesses.isEmpty ? nil : guesses,
            mean: mean)
    }

    /// The embedding of the stretch.
    public var embedded: EmbeddedWindow {
        EmbeddedWindow(startSeconds: startSeconds, endSeconds: endSeconds, embedding: embedding, mean: mean)
    }
}

/// Which windows a result is the mean of, each as heavy as it is long.
public struct WindowMean: Codable, Hashable, Sendable {
    /// Their number.
    public var windowCount: Int
    /// Their length, the last one's perhaps excepted.
    public var windowSeconds: Double

    /// Makes one.
    public init(windowCount: Int, windowSeconds: Double) {
        self.windowCount = windowCount
        self.windowSeconds = windowSeconds
    }
}

/// Sums windows up, each as heavy as it is long.
///
/// Test: `WindowPolicyTests`.
struct WindowSum {
    private var scores: [Double] = []
    private var embedding: [Double] = []
    private var seconds = 0.0
    private var endSeconds = 0.0
    private var count = 0

    mutating func add(_ window: ScoredWindow) {
        let weight = window.endSeconds - window.startSeconds
        if count == 0 {
            scores = [Double](repeating: 0, count: window.scores.count)
            embedding = [Double](repeating: 0, count: window.embedding.count)
        }
        for (index, value) in window.scores.enumerated() { scores[index] += weight * Double(value) }
        for (index, value) in window.embedding.enumerated() { embedding[index] += weight * Double(value) }
        seconds += weight
        endSeconds = max(endSeconds, window.endSeconds)
        count += 1
    }

    /// The mean as one window; nil where nothing was added.
    func mean(windowSeconds: Double) -> ScoredWindow? {
        guard count > 0 else { return nil }
        return ScoredWindow(
            startSeconds: 0, endSeconds: endSeconds, scores: scores.map { Float($0 / seconds) },
            embedding: embedding.map { Float($0 / seconds) },
            mean: WindowMean(windowCount: count, windowSeconds: windowSeconds))
    }
}

/// The embedding of one stretch of audio.
public struct EmbeddedWindow: Codable, Hashable, Sendable {
    /// Where the stretch starts, in seconds from the beginning.
    public var startSeconds: Double
    /// Where it ends.
    public var endSeconds: Double
    /// The vector before the classifier, shape `(embedding width)`.
    public var embedding: [Float]
    /// Whose mean the vector is; nil for a stretch that was heard as it is.
    public var mean: WindowMean?

    /// Makes a window.
    public init(startSeconds: Double, endSeconds: Double, embedding: [Float], mean: WindowMean? = nil) {
        self.startSeconds = startSeconds
        self.endSeconds = endSeconds
        self.embedding = embedding
        self.mean = mean
    }
}

/// The embeddings of one file or stream.
public struct EmbeddedAudio: Codable, Hashable, Sendable {
    /// The path, or `-`.
    public var file: String
    /// Length of the audio.
    public var durationSeconds: Double
    /// The model.
    public var model: ModelIdentity
    /// One window for the whole clip, or several.
    public var windows: [EmbeddedWindow]
    /// What the user should know, as in ``TaggedAudio/warnings``; absent where there is nothing.
    public var warnings: [String]?

    /// Makes a result.
    public init(
        file: String, durationSeconds: Double, model: ModelIdentity, windows: [EmbeddedWindow], warnings: [String] = []
    ) {
        self.file = file
        self.durationSeconds = durationSeconds
        self.model = model
        self.windows = windows
        self.warnings = warnings.isEmpty ? nil : warnings
    }

    /// All embeddings one after the other, shape `(windows, embedding width)`, row-major.
    public var matrix: (values: [Float], shape: [Int]) {
        (windows.flatMap(\.embedding), [windows.count, windows.first?.embedding.count ?? 0])
    }
}

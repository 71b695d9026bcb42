import EPANNsModels
import EPANNsRuntime

// Keys follow the encoder: with its strategies for snake case, `start_seconds` is written and read.

/// A class that was heard, with its score.
public struct Tag: Codable, Hashable, Sendable {
    /// Position among the model's outputs.
    public var index: Int
    /// AudioSet's machine identifier, empty for classes from elsewhere.
    public var mid: String
    /// Display name.
    public var name: String
    /// The model's score; a probability with the usual sigmoid.
    public var score: Float

    /// Makes a tag.
    public init(index: Int, mid: String, name: String, score: Float) {
        self.index = index
        self.mid = mid
        self.name = name
        self.score = score
    }
}

/// The tags of one stretch of audio.
public struct TaggedWindow: Codable, Hashable, Sendable {
    /// Where the stretch starts, in seconds from the beginning.
    public var startSeconds: Double
    /// Where it ends.
    public var endSeconds: Double
    /// The tags, best first.
    public var tags: [Tag]
    /// The best classes where none reaches its threshold, and guesses were asked for; else nil.
    public var guesses: [Tag]?
    /// Whose mean the scores are; nil for a stretch that was heard as it is.
    public var mean: WindowMean?

    /// Makes a window.
    public init(
        startSeconds: Double, endSeconds: Double, tags: [Tag], guesses: [Tag]? = nil, mean: WindowMean? = nil
    ) {
        self.startSeconds = startSeconds
        self.endSeconds = endSeconds
        self.tags = tags
        self.guesses = guesses
        self.mean = mean
    }
}

/// Which model gave a result, and in which arithmetic.
public struct ModelIdentity: Codable, Hashable, Sendable {
    /// The model's name.
    public var name: String
    /// SHA-256 of the model's file; nil for a model that was never in one.
    public var sha256: String?
    /// The arithmetic that ran.
    public var precision: Precision

    /// True for the model that is built in, absent for others.
    public var isBuiltIn: Bool?

    enum CodingKeys: String, CodingKey {
        case name, sha256, precision
        case isBuiltIn = "builtIn"
    }

    /// Makes an identity.
    public init(name: String, sha256: String?, precision: Precision, isBuiltIn: Bool? = nil) {
        self.name = name
        self.sha256 = sha256
        self.precision = precision
        self.isBuiltIn = isBuiltIn
    }
}

/// The tags of one file or stream.
public struct TaggedAudio: Codable, Hashable, Sendable {
    /// The path, or `-`.
    public var file: String
    /// Length of the audio.
    public var durationSeconds: Double
    /// The model.
    public var model: ModelIdentity
    /// One window for the whole clip, or several.
    public var windows: [TaggedWindow]
    /// What the user should know: silence that was added to a short clip, damage that was found.
    ///
    /// Absent where there is nothing.
    public var warnings: [String]?

    /// Makes a result.
    public init(
        file: String, durationSeconds: Double, model: ModelIdentity, windows: [TaggedWindow], warnings: [String] = []
    ) {
        self.file = file
        self.durationSeconds = durationSeconds
        self.model = model
        self.windows = windows
        self.warnings = warnings.isEmpty ? nil : warnings
    }
}

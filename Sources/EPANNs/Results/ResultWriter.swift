import EPANNsCore
import EPANNsModels
import Foundation

/// Writes results in one format.
///
/// A document is ``header``, the results of the inputs with ``separator`` between them, ``footer``. Each input has an
/// encoder of its own, which takes its windows as they come; an input that fails has a record, too. Conform to it for a
/// format that this package does not have. Tests: `ResultWriterTests`.
public protocol ResultWriter: Sendable {
    /// Extension of a file in this format.
    var fileExtension: String { get }
    /// What comes before the first result.
    var header: String { get }
    /// What comes between the results of two inputs.
    var separator: String { get }
    /// What comes after the last result.
    var footer: String { get }
    /// Whether a result says which model gave it.
    var namesModel: Bool { get }
    /// Begins an input's result.
    func encoder(for head: ResultHead) -> any ResultEncoder
    /// The record of an input that failed; empty where the format has no place for it.
    ///
    /// - Throws: `EPANNsError`.
    func failure(_ failure: ResultFailure, of head: ResultHead) throws -> Data
}

extension ResultWriter {
    /// Nothing, as most formats have it.
    public var header: String { "" }
    /// Nothing, as most formats have it.
    public var separator: String { "" }
    /// Nothing, as most formats have it.
    public var footer: String { "" }
}

/// Writes the result of one input.
public protocol ResultEncoder {
    /// Takes a window.
    ///
    /// - Returns: What can be written now, perhaps nothing.
    /// - Throws: `EPANNsError`.
    mutating func take(_ window: ScoredWindow) throws -> Data
    /// Ends the input.
    ///
    /// - Returns: What is left to be written.
    /// - Throws: `EPANNsError`.
    mutating func finish(_ ending: ResultEnding) throws -> Data
}

/// Whose result it is.
public struct ResultHead: Sendable {
    /// The path, or `-`.
    public var file: String
    /// The path's bytes in hexadecimal digits where they are not UTF-8 text.
    public var fileBytes: String?
    /// The model; nil where an input failed before there was one.
    public var model: ModelIdentity?

    /// Makes one.
    public init(file: String, fileBytes: String? = nil, model: ModelIdentity? = nil) {
        self.file = file
        self.fileBytes = fileBytes
        self.model = model
    }
}

/// What is known at the end of an input.
public struct ResultEnding: Sendable {
    /// Length of the audio.
    public var durationSeconds: Double
    /// What the user should know.
    public var warnings: [String]

    /// Makes one.
    public init(durationSeconds: Double, warnings: [String] = []) {
        self.durationSeconds = durationSeconds
        self.warnings = warnings
    }
}

/// Why an input has no result.
public struct ResultFailure: Codable, Hashable, Sendable {
    /// `EPANNsError.Code`'s name.
    public var code: String
    /// What went wrong and what the user can do.
    public var message: String

    /// Makes one.
    public init(code: String, message: String) {
        self.code = code
        self.message = message
    }
}

/// Which tags of a window are reported, under which names.
public struct TagView: Sendable {
    /// Which tags.
    public var selection: TagSelection
    /// The classes' names.
    public var labels: LabelSet
    /// Whether a result has a row a window, and not one for the clip.
    public var isWindowed: Bool
    /// Whether the frames of a window are written, and not the window.
    public var isFramewise: Bool

    /// Makes a view.
    ///
    /// - Parameters:
    ///   - selection: Which tags.
    ///   - labels: The classes' names.
    ///   - isWindowed: Whether a result has a row a window, and not one for the clip.
    ///   - isFramewise: Whether the frames of a window are written, and not the window.
    public init(selection: TagSelection, labels: LabelSet, isWindowed: Bool, isFramewise: Bool = false) {
        self.selection = selection
        self.labels = labels
        self.isWindowed = isWindowed
        self.isFramewise = isFramewise
    }

    func tagged(_ window: ScoredWindow) throws -> TaggedWindow { try window.tags(selection, labels: labels) }
}

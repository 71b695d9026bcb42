import EPANNsCore
import Foundation

/// What a window's JSON holds.
public enum JSONContent: Sendable {
    /// Its tags.
    case tags(TagView)
    /// Its embedding.
    case embeddings
}

/// Results as an array with one object an input: ``TaggedAudio`` or ``EmbeddedAudio`` with keys in snake case.
///
/// An input that failed is a ``FailedInput``, an object with `file` and `error`.
public struct JSONWriter: ResultWriter {
    let content: JSONContent

    /// Makes a writer.
    public init(_ content: JSONContent) { self.content = content }

    /// `json`.
    public var fileExtension: String { "json" }
    /// The array's begin.
    public var header: String { "[\n" }
    /// A comma.
    public var separator: String { ",\n" }
    /// The array's end.
    public var footer: String { "\n]\n" }
    /// Every object has the model.
    public var namesModel: Bool { true }

    /// Begins an input's result.
    public func encoder(for head: ResultHead) -> any ResultEncoder { JSONObjectEncoder(content, head) }

    /// The record of an input that failed.
    public func failure(_ failure: ResultFailure, of head: ResultHead) throws -> Data {
        try ResultJSON.data(FailedInput(file: head.file, fileBytes: head.fileBytes, error: failure))
    }
}

/// Gathers an input's windows as JSON, which is much smaller than scores of all classes.
struct JSONObjectEncoder: ResultEncoder {
    private let content: JSONContent
    private let head: ResultHead
    private let end: String
    private var windows = Data()

    private struct Rest: Encodable {
        var file: String
        var fileBytes: String?
        var durationSeconds: Double
        var model: ModelIdentity?
        var warnings: [String]?
    }

    init(_ content: JSONContent, _ head: ResultHead, end: String = "") {
        self.content = content
        self.head = head
        self.end = end
    }

    mutating func take(_ window: ScoredWindow) throws -> Data {
        if !windows.isEmpty { windows += Data(",".utf8) }
        switch content {
        case .tags(let view): windows += try ResultJSON.data(view.tagged(window))
        case .embeddings: windows += try ResultJSON.data(window.embedded)
        }
        return Data()
    }

    mutating func finish(_ ending: ResultEnding) throws -> Data {
        var object = try ResultJSON.data(
            Rest(
                file: head.file, fileBytes: head.fileBytes, durationSeconds: ending.durationSeconds, model: head.model,
                warnings: ending.warnings.isEmpty ? nil : ending.warnings))
        // Its brace; the windows' key is the last in order.
        object.removeLast()
        return object + Data(",\"windows\":[".utf8) + windows + Data("]}\(end)".utf8)
    }
}

import EPANNsCore
import Foundation

/// Results as JSON lines: an object a line for a clip, or a line for every window as soon as it was heard.
///
/// A window's line has `file`, `start_seconds`, `end_seconds`, `model` and `tags` or `embedding`; at the end of the input a
/// line with `file`, `duration_seconds`, `window_count`, `model` and the `warnings`, where there are any, follows.
public struct JSONLinesWriter: ResultWriter {
    let content: JSONContent
    let isWindowed: Bool

    /// Makes a writer.
    ///
    /// - Parameters:
    ///   - content: What a window's line holds.
    ///   - isWindowed: Whether there is a line a window, and not one a clip.
    public init(_ content: JSONContent, isWindowed: Bool) {
        self.content = content
        self.isWindowed = isWindowed
    }

    /// `jsonl`.
    public var fileExtension: String { "jsonl" }
    /// Every line has the model.
    public var namesModel: Bool { true }

    /// Begins an input's result.
    public func encoder(for head: ResultHead) -> any ResultEncoder {
        isWindowed ? LineEncoder(content: content, head: head) : JSONObjectEncoder(content, head, end: "\n")
    }

    /// The record of an input that failed.
    public func failure(_ failure: ResultFailure, of head: ResultHead) throws -> Data {
        try ResultJSON.line(FailedInput(file: head.file, fileBytes: head.fileBytes, error: failure))
    }
}

private struct LineEncoder: ResultEncoder {
    let content: JSONContent
    let head: ResultHead
    var windowCount = 0

    private struct Line: Encodable {
        var file: String
        var fileBytes: String?
        var model: ModelIdentity?
        var startSeconds: Double?
        var endSeconds: Double?
        var tags: [Tag]?
        var guesses: [Tag]?
        var embedding: [Float]?
        var durationSeconds: Double?
        var windowCount: Int?
        var warnings: [String]?

        init(_ head: ResultHead) {
            file = head.file
            fileBytes = head.fileBytes
            model = head.model
        }
    }

    mutating func take(_ window: ScoredWindow) throws -> Data {
        windowCount += 1
        var line = Line(head)
        line.startSeconds = window.startSeconds
        line.endSeconds = window.endSeconds
        switch content {
        case .tags(let view):
            let tagged = try view.tagged(window)
            line.tags = tagged.tags
            line.guesses = tagged.guesses
        case .embeddings: line.embedding = window.embedding
        }
        return try ResultJSON.line(line)
    }

    mutating func finish(_ ending: ResultEnding) throws -> Data {
        var line = Line(head)
        line.durationSeconds = ending.durationSeconds
        line.windowCount = windowCount
        line.warnings = ending.warnings.isEmpty ? nil : ending.warnings
        return try ResultJSON.line(line)
    }
}

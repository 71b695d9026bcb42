import EPANNsCore
import Foundation

/// Tags as CSV (RFC 4180), a row a tag; numbers with as many digits as bring the same Float32 back.
///
/// A stretch in which nothing was heard has a row without a class, an input with warnings one more at its end, and one
/// that failed a row with its error: every input is in the table.
public struct CSVWriter: ResultWriter {
    let view: TagView

    /// Makes a writer.
    public init(_ view: TagView) { self.view = view }

    /// `csv`.
    public var fileExtension: String { "csv" }
    /// The columns' names.
    public var header: String {
        "file,start_seconds,end_seconds,index,mid,name,score,guess,mean_of_windows,warnings,error\n"
    }
    /// The table has no column for it.
    public var namesModel: Bool { false }

    /// Begins an input's result.
    public func encoder(for head: ResultHead) -> any ResultEncoder { Encoder(view: view, file: head.file) }

    /// A row with the error.
    public func failure(_ failure: ResultFailure, of head: ResultHead) -> Data {
        Self.row(file: head.file, error: failure.message)
    }

    private static func row(
        file: String, window: TaggedWindow? = nil, tag: Tag? = nil, isGuess: Bool = false, warnings: [String] = [],
        error: String = ""
    ) -> Data {
        let fields: [String] = [
            file, window.map { "\($0.startSeconds)" } ?? "", window.map { "\($0.endSeconds)" } ?? "",
            tag.map { "\($0.index)" } ?? "", tag?.mid ?? "", tag?.name ?? "", tag.map { "\($0.score)" } ?? "",
            isGuess ? "true" : "", window?.mean.map { "\($0.windowCount)" } ?? "", warnings.joined(separator: "; "),
            error,
        ]
        return Data((CSVText.row(fields) + "\n").utf8)
    }

    private struct Encoder: ResultEncoder {
        let view: TagView
        let file: String

        mutating func take(_ window: ScoredWindow) throws -> Data {
            let tagged = try view.tagged(window)
            var rows = Data()
            for tag in tagged.tags { rows += CSVWriter.row(file: file, window: tagged, tag: tag) }
            for tag in tagged.guesses ?? [] {
                rows += CSVWriter.row(file: file, window: tagged, tag: tag, isGuess: true)
            }
            return rows.isEmpty ? CSVWriter.row(file: file, window: tagged) : rows
        }

        mutating func finish(_ ending: ResultEnding) -> Data {
            ending.warnings.isEmpty ? Data() : CSVWriter.row(file: file, warnings: ending.warnings)
        }
    }
}

import EPANNsCore
import EPANNsRuntime
import Foundation

/// The tags of frames as CSV (RFC 4180), a row a tag; numbers with as many digits as bring the same Float32 back.
///
/// The frames of windows come one after the other, each with its start in the recording. A frame in which nothing was
/// heard has a row without a class, an input with warnings one more at its end, and one that failed a row with its error.
/// Tests: `FramewiseTests`.
public struct FramewiseCSVWriter: ResultWriter {
    let view: TagView

    /// Makes a writer.
    ///
    /// - Parameter view: Which tags of a frame are written; there are no guesses.
    public init(_ view: TagView) { self.view = view }

    /// `csv`.
    public var fileExtension: String { "csv" }
    /// The columns' names.
    public var header: String { "file,start_seconds,index,mid,name,score,warnings,error\n" }
    /// The table has no column for it.
    public var namesModel: Bool { false }

    /// Begins an input's result.
    ///
    /// - Parameter head: Whose it is.
    public func encoder(for head: ResultHead) -> any ResultEncoder { Encoder(view: view, file: head.file) }

    /// A row with the error.
    ///
    /// - Parameters:
    ///   - failure: What went wrong.
    ///   - head: Whose result is missing.
    public func failure(_ failure: ResultFailure, of head: ResultHead) -> Data {
        Data(Self.row(file: head.file, error: failure.message).utf8)
    }

    private static func row(
        file: String, start: String = "", tag: Tag? = nil, warnings: [String] = [], error: String = ""
    ) -> String {
        let fields = [
            file, start, tag.map { "\($0.index)" } ?? "", tag?.mid ?? "", tag?.name ?? "",
            tag.map { "\($0.score)" } ?? "", warnings.joined(separator: "; "), error,
        ]
        return CSVText.row(fields) + "\n"
    }

    private struct Encoder: ResultEncoder {
        let view: TagView
        let file: String

        mutating func take(_ window: ScoredWindow) throws -> Data {
            let framewise = try window.requireFramewise()
            var rows = ""
            var stretch: (start: Int, tags: [Tag])?
            for frame in 0..<framewise.frameCount {
                let scores = framewise.scores(frame: frame)
                // The frames of a stretch have the same scores, and are sorted once.
                let tags =
                    try stretch?.start == scores.startIndex
                    ? stretch?.tags ?? [] : view.selection.tags(scores, labels: view.labels)
                stretch = (scores.startIndex, tags)
                // Sums of hundredths of a second are no hundredths; a microsecond is less than any two samples' distance.
                let start = "\(((window.startSeconds + framewise.seconds(frame: frame)) * 1e6).rounded() / 1e6)"
                for tag in tags { rows += FramewiseCSVWriter.row(file: file, start: start, tag: tag) }
                if tags.isEmpty { rows += FramewiseCSVWriter.row(file: file, start: start) }
            }
            return Data(rows.utf8)
        }

        mutating func finish(_ ending: ResultEnding) -> Data {
            let warnings = ending.warnings
            return warnings.isEmpty ? Data() : Data(FramewiseCSVWriter.row(file: file, warnings: warnings).utf8)
        }
    }
}

extension ScoredWindow {
    /// The scores of frames.
    ///
    /// - Throws: `EPANNsError` with code `invalidAudio` for a mean over windows, which has none, and for a window of a
    ///   network that does not tell.
    func requireFramewise() throws -> FramewiseScores {
        if let framewise { return framewise }
        throw EPANNsError(
            .invalidAudio,
            mean == nil
                ? "The network does not score stretches of time, so that there are no frames."
                : "The clip is long: its result is a mean over windows, which has no frames.",
            remedy: mean == nil ? nil : .useWindows(seconds: WindowPolicy.meanSeconds))
    }
}

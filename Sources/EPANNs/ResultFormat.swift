import EPANNsCore
import EPANNsGraph
import Foundation

/// How results are written.
public enum ResultFormat: String, CaseIterable, Sendable {
    /// For people.
    case text
    /// An array with one element an input.
    case json
    /// One JSON object a line, one line an input.
    case jsonl
    /// One row a tag.
    case csv

    /// Extension of a file in this format.
    public var fileExtension: String {
        switch self {
        case .text: "txt"
        case .json: "json"
        case .jsonl: "jsonl"
        case .csv: "csv"
        }
    }

    /// What comes before the first result.
    public var header: String {
        switch self {
        case .text, .jsonl: ""
        case .json: "[\n"
        case .csv: "file,start_seconds,end_seconds,index,mid,name,score\n"
        }
    }

    /// What comes between two results.
    public var separator: String { self == .json ? ",\n" : "" }

    /// What comes after the last result.
    public var footer: String { self == .json ? "\n]\n" : "" }

    /// One result, without header, separator and footer.
    ///
    /// Scores are written with as many digits as bring the same Float32 back.
    ///
    /// - Throws: `EPANNsError` with code `backendFailure` when a score is not a finite number.
    public func body(_ audio: TaggedAudio) throws -> String {
        switch self {
        case .text: return text(audio)
        case .json: return try json(audio)
        case .jsonl: return try json(audio) + "\n"
        case .csv: return audio.windows.map { Self.csvRows($0, file: audio.file) }.joined()
        }
    }

    /// Whether results of a long recording can be written window by window; an object of JSON comes whole.
    public var isStreamable: Bool { self == .text || self == .csv }

    /// Whether a result says which model gave it.
    public var namesModel: Bool { self == .json || self == .jsonl }

    /// One window of a recording that is written window by window.
    public func window(_ window: TaggedWindow, file: String) -> String {
        self == .csv ? Self.csvRows(window, file: file) : Self.textLine(window)
    }

    /// A whole file with one result.
    ///
    /// - Throws: As ``body(_:)``.
    public func document(_ audio: TaggedAudio) throws -> String { try header + body(audio) + footer }

    private func json(_ audio: TaggedAudio) throws -> String {
        let encoder = JSONEncoder()
        encoder.outputFormatting = [.sortedKeys, .withoutEscapingSlashes]
        do {
            return String(decoding: try encoder.encode(audio), as: UTF8.self)
        } catch {
            throw EPANNsError(
                .backendFailure, "The scores of \(audio.file) are no finite numbers; are the model's weights damaged?",
                cause: error)
        }
    }

    private func text(_ audio: TaggedAudio) -> String {
        let title = "\(audio.file)  (\(Self.clock(audio.durationSeconds)))\n"
        if audio.windows.count == 1, let window = audio.windows.first {
            return title + window.tags.map { "  \(Self.score($0.score))  \($0.name)\n" }.joined()
        }
        return title + audio.windows.map(Self.textLine).joined()
    }

    private static func textLine(_ window: TaggedWindow) -> String {
        let tags = window.tags.map { "\($0.name) " + String(format: "%.3f", $0.score) }.joined(separator: ", ")
        return "  \(clock(window.startSeconds)) – \(clock(window.endSeconds))  \(tags.isEmpty ? "–" : tags)\n"
    }

    private static func score(_ value: Float) -> String { String(format: "%6.3f", value) }

    private static func csvRows(_ window: TaggedWindow, file: String) -> String {
        window.tags.map { tag in
            [
                CSVText.field(file), seconds(window.startSeconds), seconds(window.endSeconds), String(tag.index),
                CSVText.field(tag.mid), CSVText.field(tag.name), "\(tag.score)",
            ].joined(separator: ",") + "\n"
        }.joined()
    }

    /// Minutes and seconds, with hours from one hour on.
    public static func clock(_ seconds: Double) -> String {
        let tenths = Int((seconds * 10).rounded())
        let (hours, minutes, rest) = (tenths / 36000, tenths / 600 % 60, Double(tenths % 600) / 10)
        return hours > 0
            ? String(format: "%d:%02d:%04.1f", hours, minutes, rest) : String(format: "%d:%04.1f", minutes, rest)
    }

    private static func seconds(_ value: Double) -> String { "\(value)" }
}

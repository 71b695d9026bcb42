import EPANNsCore
import Foundation

/// Tags for people: a clip's below its name, a window's behind its time, wrapped to the width of the screen.
///
/// Names come from files of strangers: what a terminal could take for a command is escaped.
public struct TextWriter: ResultWriter {
    let view: TagView
    let columns: Int
    let namesFailures: Bool

    /// Makes a writer.
    ///
    /// - Parameters:
    ///   - view: Which tags are written.
    ///   - columns: Width of a line, from 40.
    ///   - namesFailures: Whether an input that failed is named, too: for one of several, since why it failed stands
    ///     elsewhere.
    public init(_ view: TagView, columns: Int = 80, namesFailures: Bool = true) {
        self.view = view
        self.columns = max(40, columns)
        self.namesFailures = namesFailures
    }

    /// `txt`.
    public var fileExtension: String { "txt" }
    /// Whoever asked for a model knows it.
    public var namesModel: Bool { false }

    /// Begins an input's result.
    public func encoder(for head: ResultHead) -> any ResultEncoder {
        let file = head.file.printable
        return view.isWindowed ? WindowText(writer: self, file: file) : ClipText(writer: self, file: file)
    }

    /// The input's name, and that there is nothing to say of it; why, standard error says.
    public func failure(_ failure: ResultFailure, of head: ResultHead) -> Data {
        Data((namesFailures ? "\(head.file.printable)  (failed)\n" : "").utf8)
    }

    /// What is said where no class reaches its threshold.
    static let unsure = "nothing it is sure of"

    /// Tags in one line or several, separated by commas.
    func line(_ window: TaggedWindow, indent: Int) -> String {
        func words(_ tag: Tag) -> String { tag.name.printable + String(format: " %.3f", tag.score) }
        var parts = window.tags.map(words)
        if parts.isEmpty {
            guard let guesses = window.guesses, let first = guesses.first else { return "–" }
            parts = ["\(Self.unsure);", "perhaps \(words(first))"] + guesses.dropFirst().map(words)
        }
        var (text, used) = ("", 0)
        for (index, part) in parts.enumerated() {
            let piece = part + (index + 1 < parts.count && !part.hasSuffix(";") ? "," : "")
            if index > 0, used + 1 + piece.count > columns - indent {
                text += "\n" + String(repeating: " ", count: indent)
                used = 0
            } else if index > 0 {
                text += " "
                used += 1
            }
            text += piece
            used += piece.count
        }
        return text
    }
}

private struct ClipText: ResultEncoder {
    let writer: TextWriter
    let file: String
    var window: TaggedWindow?

    mutating func take(_ window: ScoredWindow) throws -> Data {
        self.window = try writer.view.tagged(window)
        return Data()
    }

    mutating func finish(_ ending: ResultEnding) -> Data {
        var title = ResultFormat.clock(ending.durationSeconds, decimals: ending.durationSeconds < 1 ? 3 : 1)
        if let mean = window?.mean {
            title += ", mean of \(mean.windowCount.counted("window")) of \(Int(mean.windowSeconds.rounded())) s"
        }
        var text = "\(file)  (\(title))\n"
        let tags = window?.tags ?? []
        let guesses = window?.guesses ?? []
        if tags.isEmpty { text += guesses.isEmpty ? "  –\n" : "  \(TextWriter.unsure); its best guesses:\n" }
        for tag in tags.isEmpty ? guesses : tags {
            text += String(format: "  %6.3f", tag.score) + "  \(tag.name.printable)\n"
        }
        return Data(text.utf8)
    }
}

private struct WindowText: ResultEncoder {
    let writer: TextWriter
    let file: String
    var hasTitle = false

    mutating func take(_ window: ScoredWindow) throws -> Data {
        let tagged = try writer.view.tagged(window)
        let decimals = Self.decimals(tagged)
        let time =
            "  \(ResultFormat.clock(tagged.startSeconds, decimals: decimals)) – "
            + "\(ResultFormat.clock(tagged.endSeconds, decimals: decimals))  "
        defer { hasTitle = true }
        return Data("\(hasTitle ? "" : file + "\n")\(time)\(writer.line(tagged, indent: time.count))\n".utf8)
    }

    mutating func finish(_ ending: ResultEnding) -> Data { Data() }

    /// As many as tell the window's start and end apart.
    private static func decimals(_ window: TaggedWindow) -> Int {
        for (digits, scale) in [(1, 10.0), (2, 100.0)] {
            let fits = [window.startSeconds, window.endSeconds].allSatisfy { seconds in
                abs((seconds * scale).rounded() - seconds * scale) < 1e-3
            }
            if fits { return digits }
        }
        return window.endSeconds - window.startSeconds >= 1 ? 1 : 3
    }
}

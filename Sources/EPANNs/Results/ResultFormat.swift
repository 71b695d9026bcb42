import EPANNsCore

/// How tags are written.
public enum ResultFormat: String, CaseIterable, Codable, Sendable {
    /// For people.
    case text
    /// An array with one element an input.
    case json
    /// One JSON object a line: a line an input, or with windows a line a window.
    case jsonl
    /// One row a tag.
    case csv
    /// An array of Float32 with the scores of all classes for each input, in NumPy's format.
    case npy

    /// The format's writer.
    ///
    /// Frames are in CSV and NumPy's format; the others have what they have of a window.
    ///
    /// - Parameters:
    ///   - view: Which tags are written.
    ///   - columns: Width of lines for people.
    public func writer(_ view: TagView, columns: Int = 80) -> any ResultWriter {
        switch self {
        case .text: TextWriter(view, columns: columns)
        case .json: JSONWriter(.tags(view))
        case .jsonl: JSONLinesWriter(.tags(view), isWindowed: view.isWindowed)
        case .csv where view.isFramewise: FramewiseCSVWriter(view)
        case .csv: CSVWriter(view)
        case .npy: NumPyWriter(view.isFramewise ? .frames : .scores)
        }
    }

    /// Extension of a file in this format.
    public var fileExtension: String {
        switch self {
        case .text: "txt"
        case .json: "json"
        case .jsonl: "jsonl"
        case .csv: "csv"
        case .npy: "npy"
        }
    }

    /// Minutes and seconds, with hours from one hour on; a dash for what is not a time.
    ///
    /// - Parameters:
    ///   - seconds: The time.
    ///   - decimals: Digits behind the seconds' point, 0 to 3.
    public static func clock(_ seconds: Double, decimals: Int = 1) -> String {
        guard seconds >= 0, seconds < 1e12 else { return "–" }
        let digits = min(max(decimals, 0), 3)
        let scale = [1, 10, 100, 1000][digits]
        let units = Int((seconds * Double(scale)).rounded())
        func padded(_ value: Int, _ width: Int) -> String {
            let text = String(value)
            return String(repeating: "0", count: max(0, width - text.count)) + text
        }
        let (hours, minutes) = (units / (3600 * scale), units / (60 * scale) % 60)
        let rest = padded(units / scale % 60, 2) + (digits > 0 ? "." + padded(units % scale, digits) : "")
        return hours > 0 ? "\(hours):\(padded(minutes, 2)):\(rest)" : "\(minutes):\(rest)"
    }
}

/// How embeddings are written.
public enum EmbeddingFormat: String, CaseIterable, Codable, Sendable {
    /// An array of Float32, shape `(windows, embedding width)`, in NumPy's format.
    case npy
    /// An array with one element an input.
    case json
    /// One JSON object a line: a line an input, or with windows a line a window.
    case jsonl

    /// The format's writer.
    public func writer(isWindowed: Bool) -> any ResultWriter {
        switch self {
        case .npy: NumPyWriter()
        case .json: JSONWriter(.embeddings)
        case .jsonl: JSONLinesWriter(.embeddings, isWindowed: isWindowed)
        }
    }
}

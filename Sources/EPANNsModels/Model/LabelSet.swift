import EPANNsCore
import EPANNsGraph

/// The classes of a model, in the order of its outputs.
public struct LabelSet: Codable, Hashable, Sendable {
    /// One class.
    public struct Label: Codable, Hashable, Sendable {
        /// AudioSet's machine identifier, such as `/m/09x0r`; empty for classes from elsewhere.
        public var mid: String
        /// The display name.
        public var name: String

        /// Makes a label.
        public init(mid: String = "", name: String) {
            self.mid = mid
            self.name = name
        }
    }

    /// The classes.
    public var labels: [Label]

    /// Makes a set.
    public init(_ labels: [Label]) { self.labels = labels }

    /// Number of classes.
    public var count: Int { labels.count }

    /// The 527 classes of AudioSet (Google, CC BY 4.0).
    public static let audioSet: LabelSet = {
        let rows = try? labels(inCSV: PackageResources.audioset_labels_csv, name: "audioset_labels.csv")
        guard let rows, rows.count == 527 else { preconditionFailure("the embedded label list is damaged") }
        return LabelSet(rows)
    }()

    /// Placeholders, for a model whose file names no classes.
    public static func numbered(_ count: Int) -> LabelSet {
        LabelSet((0..<count).map { Label(name: "class \($0)") })
    }

    /// Finds a class by name (any case), MID or index.
    ///
    /// - Throws: `EPANNsError` with code `invalidConfiguration` that suggests the nearest names.
    public func index(of text: String) throws -> Int {
        let wanted = text.trimmingSpaces
        if let exact = labels.firstIndex(where: { $0.name == wanted || (!$0.mid.isEmpty && $0.mid == wanted) }) {
            return exact
        }
        let lowered = wanted.lowercased()
        if let folded = labels.firstIndex(where: { $0.name.lowercased() == lowered }) { return folded }
        if let index = Int(wanted) {
            guard labels.indices.contains(index) else {
                throw EPANNsError(
                    .invalidConfiguration, "There is no class \(index); indices go from 0 to \(count - 1).")
            }
            return index
        }
        let hint = NearestNames.question(suggestions(for: lowered))
        throw EPANNsError(
            .invalidConfiguration, "There is no class named “\(wanted)”.\(hint.map { " \($0)" } ?? "")",
            remedy: hint == nil ? .listLabels : nil)
    }

    /// Up to three names near a mistyped one: a few typing errors away, or containing it.
    func suggestions(for lowered: String) -> [String] {
        NearestNames.find(lowered, among: labels.map { NearestNames.Candidate($0.name, byWords: true) })
    }

    /// Reads a list of labels: AudioSet's CSV (`index,mid,display_name`), or one name a line.
    ///
    /// - Throws: `EPANNsError` with code `invalidConfiguration` when names repeat or the list is empty.
    public static func parse(_ text: String) throws -> LabelSet {
        let lines = text.split(whereSeparator: \.isNewline).map { String($0).trimmingSpaces }.filter { !$0.isEmpty }
        let isCSV = lines.first?.lowercased().hasPrefix("index,mid,display_name") ?? false
        let labels =
            isCSV
            ? try Self.labels(inCSV: Array(text.utf8), name: "the list of labels") : lines.map { Label(name: $0) }
        guard !labels.isEmpty, Set(labels.map(\.name)).count == labels.count else {
            throw EPANNsError(.invalidConfiguration, "The list of labels is empty or names a class twice.")
        }
        return LabelSet(labels)
    }

    /// The rows behind a header.
    private static func labels(inCSV bytes: [UInt8], name: String) throws -> [Label] {
        try bytes.withUnsafeBytes { bytes in
            var reader = CSVReader(bytes, name: name)
            var labels: [Label] = []
            _ = try reader.next()
            while let row = try reader.next() {
                guard row.fields.count == 3 else {
                    throw EPANNsError(
                        .invalidConfiguration,
                        "Line \(row.line) of \(name) has \(row.fields.count) fields in place of index, MID and name; put "
                            + "names with commas in quotes.")
                }
                labels.append(Label(mid: row.fields[1], name: row.fields[2]))
            }
            return labels
        }
    }
}

extension String {
    var trimmingSpaces: String {
        var view = self[...]
        while let first = view.first, first.isWhitespace { view.removeFirst() }
        while let last = view.last, last.isWhitespace { view.removeLast() }
        return String(view)
    }
}

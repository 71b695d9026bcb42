import EPANNsCore
import EPANNsGraph

extension LabelSet {
    /// Finds classes: names that contain a text (any case), a MID, or an index.
    ///
    /// - Returns: Indices in the order of the classes, never none.
    /// - Throws: `EPANNsError` with code `invalidConfiguration` that suggests the nearest names, when
    ///   nothing is found.
    public func search(_ text: String) throws -> [Int] {
        let wanted = text.trimmingSpaces.lowercased()
        guard !wanted.isEmpty else { throw EPANNsError(.invalidConfiguration, "There is no text to search for.") }
        let found = labels.indices.filter { index in
            labels[index].name.lowercased().contains(wanted) || labels[index].mid.lowercased() == wanted
                || String(index) == wanted
        }
        guard found.isEmpty else { return found }
        let hint = NearestNames.question(suggestions(for: wanted))
        throw EPANNsError(
            .invalidConfiguration, "No class has “\(text.trimmingSpaces)” in its name.\(hint.map { " \($0)" } ?? "")",
            remedy: hint == nil ? .listLabels : nil)
    }

    /// AudioSet's CSV form, which ``parse(_:)`` reads back: `index,mid,display_name`, names in quotes.
    public var csv: String { Self.csvHeader + labels.indices.map(csvRow).joined() }

    /// The CSV form of some classes.
    ///
    /// - Throws: `EPANNsError` with code `invalidConfiguration` for an index that no class has.
    public func csv(of indices: some Sequence<Int>) throws -> String {
        var text = Self.csvHeader
        for index in indices {
            guard labels.indices.contains(index) else {
                throw EPANNsError(
                    .invalidConfiguration, "There is no class \(index); indices go from 0 to \(labels.count - 1).")
            }
            text += csvRow(index)
        }
        return text
    }

    private static let csvHeader = "index,mid,display_name\n"

    private func csvRow(_ index: Int) -> String {
        "\(index),\(CSVText.field(labels[index].mid)),\(CSVText.quoted(labels[index].name))\n"
    }
}

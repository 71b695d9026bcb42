import EPANNsCore
import EPANNsGraph
import EPANNsModels

/// Finds classes by MID or name in constant time; `LabelSet.index(of:)` walks the list and takes numbers too.
struct ClassIndex {
    let labels: LabelSet
    private var exact: [String: Int] = [:]
    private var folded: [String: Int] = [:]

    init(_ labels: LabelSet) {
        self.labels = labels
        for (index, label) in labels.labels.enumerated() {
            if !label.mid.isEmpty { exact[label.mid] = index }
        }
        // A name wins over another label's MID, the first of equal names over the rest.
        for (index, label) in labels.labels.enumerated().reversed() {
            exact[label.name] = index
            folded[label.name.lowercased()] = index
        }
    }

    /// The class of a MID or a name (any case); nil when there is none.
    func find(_ text: String) -> Int? { exact[text] ?? folded[text.lowercased()] }

    /// The classes of a cell such as `/m/09x0r;/m/05zppz`, `Speech;Music`, or `Speech, Waves, surf`.
    ///
    /// Semicolons separate where there are any; otherwise commas do, and names that hold commas themselves are put
    /// together again, the longest first.
    ///
    /// - Returns: Indices, and the parts that name no class.
    func findAll(_ cell: String) -> (found: [Int], unknown: [String]) {
        if let whole = find(cell) { return ([whole], []) }
        if cell.contains(";") {
            var result: (found: [Int], unknown: [String]) = ([], [])
            for part in cell.split(separator: ";").map({ Self.trimmed($0) }) where !part.isEmpty {
                if let index = find(part) { result.found.append(index) } else { result.unknown.append(part) }
            }
            return result
        }
        let parts = cell.split(separator: ",", omittingEmptySubsequences: false).map { Self.trimmed($0) }
        var (found, unknown): ([Int], [String]) = ([], [])
        var start = 0
        while start < parts.count {
            // No AudioSet name has more than four commas.
            let longest = min(parts.count, start + 5)
            let end = (start + 1...longest).reversed().first { find(parts[start..<$0].joined(separator: ", ")) != nil }
            if let end, let index = find(parts[start..<end].joined(separator: ", ")) {
                found.append(index)
                start = end
            } else {
                if !parts[start].isEmpty { unknown.append(parts[start]) }
                start += 1
            }
        }
        return (found, unknown)
    }

    /// The parts of a cell whose classes are not known beforehand.
    static func parts(_ cell: String) -> [String] {
        cell.split(separator: cell.contains(";") ? ";" : ",").map { trimmed($0) }.filter { !$0.isEmpty }
    }

    private static func trimmed(_ text: Substring) -> String {
        var text = text
        while text.first?.isWhitespace == true { text.removeFirst() }
        while text.last?.isWhitespace == true { text.removeLast() }
        return String(text)
    }
}

extension String {
    /// Fills up with spaces.
    func padded(to width: Int, left: Bool = false) -> String {
        let spaces = String(repeating: " ", count: max(0, width - count))
        return left ? spaces + self : self + spaces
    }

    /// Broken between words into lines of at most so many columns; those after the first are indented.
    ///
    /// A word that is longer, such as a path, stays whole.
    func wrapped(to width: Int = 80, indent: Int = 0) -> [String] {
        let margin = String(repeating: " ", count: indent)
        var lines: [String] = []
        var line = ""
        // The first line keeps its own spaces, which may be a table's.
        for word in split(separator: " ", omittingEmptySubsequences: false) {
            if line.count + 1 > indent, line.count + 1 + word.count > width, line.contains(where: { $0 != " " }) {
                lines.append(line)
                line = margin + word
            } else {
                line = line.isEmpty ? String(word) : line + " " + word
            }
        }
        return lines + [line]
    }
}

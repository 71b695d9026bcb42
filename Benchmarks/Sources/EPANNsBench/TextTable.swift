/// A table in plain text: columns as wide as their widest cell, text to the left, numbers to the right.
struct TextTable {
    /// One column.
    struct Column {
        var title: String
        var isNumber = true
    }

    var columns: [Column]
    var rows: [[String]] = []

    var description: String {
        let widths = columns.indices.map { column in
            ([columns[column].title] + rows.map { $0[column] }).map(\.count).max() ?? 0
        }
        let lines = [columns.map(\.title)] + rows
        return lines.map { cells in
            let padded = cells.indices.map { column in
                let space = String(repeating: " ", count: widths[column] - cells[column].count)
                return columns[column].isNumber ? space + cells[column] : cells[column] + space
            }
            let line = padded.joined(separator: "  ")
            return String(line.reversed().drop { $0 == " " }.reversed())
        }
        .joined(separator: "\n")
    }
}

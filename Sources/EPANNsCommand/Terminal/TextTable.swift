import EPANNsCore

/// Rows of text in aligned columns; what a terminal could take for a command is escaped.
struct TextTable {
    enum Alignment { case left, right }

    var columns: [(title: String, alignment: Alignment)]
    var rows: [[String]] = []

    init(_ columns: [(title: String, alignment: Alignment)]) { self.columns = columns }

    mutating func add(_ cells: String...) {
        precondition(cells.count == columns.count)
        rows.append(cells)
    }

    /// The titles and rows, without spaces at the ends of lines.
    var lines: [String] {
        let all = [columns.map(\.title)] + rows.map { $0.map(\.printable) }
        let widths = columns.indices.map { column in all.map { $0[column].count }.max() ?? 0 }
        return all.map { row in
            var line = ""
            for (column, cell) in row.enumerated() {
                if column > 0 { line += "  " }
                line += cell.padded(to: widths[column], left: columns[column].alignment == .right)
            }
            while line.last == " " { line.removeLast() }
            return line
        }
    }
}

/// Counts as people read them.
enum CountText {
    /// With separators, `80,753,615`.
    static func grouped(_ count: Int) -> String {
        var digits = Array(String(abs(count)))
        var position = digits.count - 3
        while position > 0 {
            digits.insert(",", at: position)
            position -= 3
        }
        return (count < 0 ? "-" : "") + String(digits)
    }

    /// A number and what is counted, `1 clip`, `1,200 clips`, in the plural where it is not one.
    static func of(_ count: Int, _ one: String, _ many: String? = nil) -> String {
        "\(grouped(count)) \(count == 1 ? one : many ?? one + "s")"
    }

    /// In powers of a thousand with as many decimals, `21.094 G`; a dash for nothing.
    static func short(_ count: Int, decimals: Int = 2) -> String {
        guard count != 0 else { return "–" }
        let units: [(Double, String)] = [(1e12, "T"), (1e9, "G"), (1e6, "M"), (1e3, "k")]
        for (size, unit) in units where Double(abs(count)) >= size {
            return "\(fixed(Double(count) / size, decimals: decimals)) \(unit)"
        }
        return "\(count)"
    }

    /// With exactly so many decimals.
    static func fixed(_ value: Double, decimals: Int) -> String {
        var scale = 1.0
        for _ in 0..<decimals { scale *= 10 }
        let digits = String(Int((abs(value) * scale).rounded()))
        let padded = String(repeating: "0", count: max(0, decimals + 1 - digits.count)) + digits
        let sign = value < 0 ? "-" : ""
        return decimals == 0 ? sign + padded : "\(sign)\(padded.dropLast(decimals)).\(padded.suffix(decimals))"
    }

    /// With at most three decimals, `0.31`, `10`.
    static func seconds(_ value: Double) -> String {
        var text = fixed(value, decimals: 3)
        while text.last == "0" { text.removeLast() }
        if text.last == "." { text.removeLast() }
        return text
    }
}

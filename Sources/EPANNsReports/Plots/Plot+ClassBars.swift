import EPANNsCore
import EPANNsGraph

extension Plot {
    /// A bar a class, longest first, in as many columns as keep every name readable.
    ///
    /// - Parameters:
    ///   - title: Above the plot.
    ///   - valueTitle: Of the axis, with its unit.
    ///   - bars: Name, length in 0…1, and the number of clips behind it.
    /// - Throws: `EPANNsError` with code `invalidConfiguration` when there is no bar, or one beyond 0…1.
    public static func classBars(
        title: String, valueTitle: String, bars: [(name: String, value: Double, clipCount: Int)]
    ) throws -> Plot {
        guard !bars.isEmpty else {
            throw EPANNsError(.invalidConfiguration, "There are no classes to draw bars of.")
        }
        if let bar = bars.first(where: { !(0...1).contains($0.value) }) {
            throw EPANNsError(
                .invalidConfiguration, "The bar of “\(bar.name)” has the length \(bar.value); it must lie in 0…1.")
        }
        let sorted = bars.sorted { ($1.value, $0.name) < ($0.value, $1.name) }
        let columnCount = sorted.count <= 64 ? 1 : (sorted.count + 87) / 88
        let rowCount = (sorted.count + columnCount - 1) / columnCount
        let isDense = columnCount > 1
        let (fontSize, rowHeight) = isDense ? (9, 13.0) : (12, 20.0)
        let names = sorted.map {
            "\($0.name.count > nameLimit ? $0.name.prefix(nameLimit - 1) + "…" : $0.name[...]) (\($0.clipCount))"
        }
        let nameWidth = Double(names.map(\.count).max() ?? 0) * Double(fontSize) * 0.58 + 14
        let barWidth = isDense ? 130.0 : 440.0
        let valueWidth = isDense ? 34.0 : 46.0
        let (top, bottom) = (44.0, 54.0)
        let width = Double(columnCount) * (nameWidth + barWidth + valueWidth) + 10
        let height = top + bottom + Double(rowCount) * rowHeight
        var script = """
            set multiplot
            unset key
            set border 1
            set grid noy
            set grid x
            set xrange [0:1]
            set style fill solid noborder
            set tics \(font(fontSize))
            set label 1000 \(quoted(title, limit: 110)) at screen 0.5, \(1 - 16 / height) center \(font(13)) textcolor rgb '\(ink)'
            set label 1001 \(quoted("\(valueTitle); clips in brackets", limit: 110)) at screen 0.5, \(14 / height) center textcolor rgb '\(ink)'

            """
        for column in 0..<columnCount {
            let members = Array(sorted.indices.dropFirst(column * rowCount).prefix(rowCount))
            if members.isEmpty { continue }
            let left = Double(column) * (nameWidth + barWidth + valueWidth) + nameWidth
            let bottomEdge = bottom + Double(rowCount - members.count) * rowHeight
            script += block(
                "column\(column)",
                members.enumerated().map { row, index in
                    let y = Double(row)
                    return [sorted[index].value / 2, y, 0, sorted[index].value, y - 0.36, y + 0.36]
                })
            let tics = members.enumerated().map { "\(tic(names[$1], limit: nameLimit + 12)) \($0)" }
            script += """
                set lmargin at screen \(left / width)
                set rmargin at screen \((left + barWidth) / width)
                set bmargin at screen \(bottomEdge / height)
                set tmargin at screen \(1 - top / height)
                set yrange [\(Double(members.count) - 0.5):-0.5]
                set ytics scale 0 (\(tics.joined(separator: ", ")))
                set xtics \(isDense ? 0.5 : 0.2)

                """
            for (row, index) in members.enumerated() {
                script +=
                    "set label \(row + 1) '\(fixed(sorted[index].value))' at first \(max(0, sorted[index].value)), first \(row) "
                    + "left offset character 0.4, 0 \(font(fontSize)) textcolor rgb '\(ink)'\n"
            }
            script += "plot $column\(column) using 1:2:3:4:5:6 with boxxyerror linecolor rgb '\(colors[0])' notitle\n"
            script += members.indices.map { "unset label \($0 + 1)\n" }.joined()
            script += "unset label 1000\nunset label 1001\n"
        }
        return Plot(title: title, width: Int(width), height: Int(height), script: script + "unset multiplot\n")
    }

    private static let nameLimit = 40

    /// Three decimals, without a leading zero that takes room; 1.000 is full.
    static func fixed(_ value: Double) -> String {
        guard abs(value) < 1e12 else { return "\(value)" }
        let thousandths = Int((value * 1000).rounded())
        let text = String(abs(thousandths) % 1000)
        let padded = String(repeating: "0", count: 3 - text.count) + text
        return "\(thousandths < 0 ? "-" : "")\(abs(thousandths) / 1000).\(padded)"
    }
}

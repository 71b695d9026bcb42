import EPANNsEvaluation
import EPANNsCore
import EPANNsGraph

extension Plot {
    /// A confusion matrix: a row a true class, a column a best-scoring class, shaded by the share of the row's clips.
    ///
    /// Clip counts stand in the cells as long as they can be read.
    ///
    /// - Throws: `EPANNsError` with code `invalidConfiguration` for no class, or more than 100: such a matrix cannot be
    ///   read; the class-wise bars and the CSV can.
    public static func confusion(
        title: String, matrix: ConfusionMatrix, classNames: [String]
    ) throws -> Plot {
        let count = classNames.count
        precondition(matrix.isSquare(classCount: count), "a confusion matrix without a name for every class")
        guard (1...maximumConfusionClassCount).contains(count) else {
            throw EPANNsError(
                .invalidConfiguration,
                "A confusion matrix of \(count) classes cannot be read as a picture (at most "
                    + "\(maximumConfusionClassCount)); the report has its numbers.")
        }
        let cell = count <= 4 ? 84.0 : count <= 12 ? 44.0 : count <= 25 ? 30.0 : count <= 50 ? 18.0 : 13.0
        let fontSize = count <= 25 ? 12 : count <= 50 ? 10 : 8
        let longest = Double(min(nameLimit, classNames.map(\.count).max() ?? 0)) * Double(fontSize) * 0.58
        // Names under the columns are slanted, the last one's end lies left of its cell.
        let (left, right, top) = (longest + 50, 100.0, 44.0)
        let bottom = longest * 0.72 + 56
        let side = cell * Double(count)
        let width = max(left + side + right, 420)
        let height = top + side + bottom
        var script = frame(
            PlotArea(left: left, top: top, width: side, height: side), width: width, height: height, title: title)
        script += """
            unset key
            unset grid
            set border 15
            set xrange [-0.5:\(Double(count) - 0.5)]
            set yrange [\(Double(count) - 0.5):-0.5]
            set palette defined (0 '#f7fbff', 0.25 '#c6dbef', 0.5 '#6baed6', 0.75 '#2171b5', 1 '#08306b')
            set cbrange [0:100]
            set cblabel 'share of the true class (%)' textcolor rgb '\(ink)'
            set colorbox user origin screen \((left + side + 16) / width), screen \(bottom / height) size screen \(14 / width), screen \(min(side, 260) / height)
            set label 1001 'true class' at screen \(14 / width), \((bottom + side / 2) / height) center rotate by 90 textcolor rgb '\(ink)'
            set label 1002 'best-scoring class' at screen \((left + side / 2) / width), \(14 / height) center textcolor rgb '\(ink)'
            set object 1 rectangle from graph 0,0 to graph 1,1 fillstyle solid noborder fillcolor rgb '#f7fbff' behind

            """
        let tics = classNames.enumerated().map { "\(tic($1, limit: nameLimit)) \($0)" }.joined(separator: ", ")
        script += "set ytics \(font(fontSize))\nset ytics scale 0 (\(tics))\n"
        script += "set xtics \(font(fontSize))\nset xtics scale 0 rotate by 45 right (\(tics))\n"
        var cells: [[Double]] = []
        var label = 0
        for (row, counts) in matrix.counts.enumerated() {
            let total = counts.reduce(0, +)
            for (column, value) in counts.enumerated() where value > 0 {
                let (x, y) = (Double(column), Double(row))
                let share = 100 * Double(value) / Double(total)
                cells.append([x, y, x - 0.5, x + 0.5, y - 0.5, y + 0.5, share])
                // Three digits fit into a cell of the larger sizes only.
                guard count <= 25 || (count <= 50 && value < 100) else { continue }
                label += 1
                script +=
                    "set label \(label + 2000) '\(value)' at first \(column), first \(row) center front "
                    + "\(font(fontSize)) textcolor rgb '\(share > 50 ? "#ffffff" : "#101418")'\n"
            }
        }
        script += block("cells", cells)
        script +=
            "plot $cells using 1:2:3:4:5:6:7 with boxxyerror fillstyle solid noborder linecolor palette notitle\n"
        return Plot(title: title, width: Int(width), height: Int(height), script: script)
    }

    /// More classes than this make no readable confusion matrix.
    public static let maximumConfusionClassCount = 100
    private static let nameLimit = 30
}

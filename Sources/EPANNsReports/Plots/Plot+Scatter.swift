import EPANNsCore
import EPANNsGraph
import Foundation

/// One point of a scatter plot.
public struct PlotPoint: Sendable {
    /// Beside the point.
    public var label: String
    /// Horizontal position.
    public var x: Double
    /// Vertical position.
    public var y: Double
    /// Half the length of the vertical error bar; nil for none.
    public var yError: Double?
    /// Points of one group share colour, shape and an entry in the legend; empty for none.
    public var group: String

    /// Makes a point.
    public init(label: String, x: Double, y: Double, yError: Double? = nil, group: String = "") {
        self.label = label
        self.x = x
        self.y = y
        self.yError = yError
        self.group = group
    }
}

extension Plot {
    /// Points with labels, such as a metric against parameters or operations.
    ///
    /// Labels look for a place where they cover neither points nor each other.
    ///
    /// - Parameters:
    ///   - title: Above the plot; empty for none.
    ///   - xTitle: Of the horizontal axis, with its unit.
    ///   - yTitle: Of the vertical axis, with its unit.
    ///   - points: At least one.
    ///   - isLogarithmic: Whether the horizontal axis is; positions are then above 0.
    /// - Throws: `EPANNsError` with code `invalidConfiguration` when there is no point, or one cannot be placed.
    public static func scatter(
        title: String, xTitle: String, yTitle: String, points: [PlotPoint], isLogarithmic: Bool = false
    ) throws -> Plot {
        guard !points.isEmpty else {
            throw EPANNsError(.invalidConfiguration, "There are no points to draw.")
        }
        for point in points
        where ![point.x, point.y, point.yError ?? 0].allSatisfy(isDrawable) || (isLogarithmic && point.x < 1e-100) {
            throw EPANNsError(
                .invalidConfiguration,
                "The point “\(point.label)” at \(point.x), \(point.y) cannot be drawn"
                    + (isLogarithmic ? "; a logarithmic axis needs numbers above 0." : "."))
        }
        let groups = points.map(\.group).reduce(into: [String]()) { if !$0.contains($1) { $0.append($1) } }
        let (left, right, top, bottom) = (86.0, 24.0, 44.0, 62.0)
        let width = 760.0
        let legend = legend(groups, left: left, width: width, height: 440)
        let height = 440 + legend.height
        let x = PlotAxis(values: points.map(\.x), isLogarithmic: isLogarithmic)
        let y = PlotAxis(
            values: points.flatMap { [$0.y - ($0.yError ?? 0), $0.y + ($0.yError ?? 0)] }, isLogarithmic: false)
        let area = PlotArea(
            left: left, top: top + legend.height, width: width - left - right,
            height: height - top - legend.height - bottom)
        let positions = points.map { point in
            (x: area.left + area.width * x.fraction(point.x), y: area.top + area.height * (1 - y.fraction(point.y)))
        }
        let labels = LabelPlacement.offsets(of: points.map(\.label), at: positions, in: area)
        var script = frame(area, width: width, height: height, title: title)
        script += """
            set xrange [\(x.lower):\(x.upper)]
            set yrange [\(y.lower):\(y.upper)]
            set xtics (\(x.tics))
            set ytics (\(y.tics))
            set bars 0.6

            """
        script += axisTitles(x: xTitle, y: yTitle) + legend.script
        if isLogarithmic { script += "set logscale x\n" }
        for (index, place) in labels.enumerated() where !points[index].label.isEmpty {
            script +=
                "set label \(index + 1) \(quoted(points[index].label, limit: 40)) at screen \(place.x / width), "
                + "\(1 - place.y / height) \(place.alignment) front \(font(11)) textcolor rgb '\(ink)'\n"
        }
        var plots: [String] = []
        for (index, group) in groups.enumerated() {
            let members = points.filter { $0.group == group }
            script += block("group\(index)", members.map { [$0.x, $0.y, $0.yError ?? 0] })
            let color = colors[index % colors.count]
            if members.contains(where: { ($0.yError ?? 0) > 0 }) {
                plots.append(
                    "$group\(index) using 1:2:3 with yerrorbars pointtype 0 linewidth 1.2 linecolor rgb '\(color)' notitle"
                )
            }
            plots.append(
                "$group\(index) using 1:2 with points pointtype \(self.points[index % self.points.count]) pointsize 1.1*mark "
                    + "linecolor rgb '\(color)' title \(quoted(group))")
        }
        script += "plot " + plots.joined(separator: ", \\\n") + "\n"
        return Plot(title: title, width: Int(width), height: Int(height), script: script)
    }
}

/// Where the axes lie, in pixels from the top left.
struct PlotArea {
    var left, top, width, height: Double
}

/// Range and marks of an axis.
struct PlotAxis {
    let lower, upper: Double
    private let marks: [Double]
    private let isLogarithmic: Bool

    /// Leaves some room on both sides.
    ///
    /// - Parameters:
    ///   - values: What has a place on the axis.
    ///   - isLogarithmic: Whether equal factors are equally far apart; values are then above 0.
    ///   - margin: The room, as a share of the values' range; of a logarithmic axis 0.08 and no less than that of a decade.
    ///   - isWhole: Whether only whole numbers get marks, such as iterations.
    init(values: [Double], isLogarithmic: Bool, margin share: Double = 0.08, isWhole: Bool = false) {
        self.isLogarithmic = isLogarithmic
        let least = values.min() ?? 0
        let greatest = values.max() ?? 1
        if isLogarithmic {
            let margin = max(0.08, 0.08 * log10(greatest / least))
            lower = least / pow(10, margin)
            upper = greatest * pow(10, margin)
            // 1, 2, 5 in every decade, or bare decades where there are many.
            let first = Int(log10(lower).rounded(.down))
            let last = Int(log10(upper).rounded(.up))
            let steps: [Double] = last - first > 4 ? [1] : [1, 2, 5]
            let range = lower...upper
            marks = (first...max(first, last)).flatMap { decade in steps.map { $0 * pow(10, Double(decade)) } }
                .filter { range.contains($0) }
        } else {
            // A single value stands in the middle, with marks beside it that can be told apart.
            let isSingle = greatest <= least
            let span = isSingle ? max(0.1 * abs(greatest), 1) : greatest - least
            lower = least - (isSingle ? 0.5 : share) * span
            upper = greatest + (isSingle ? 0.5 : share) * span
            let rough = span / 5
            let decade = pow(10, log10(rough).rounded(.down))
            let fine = decade * ([1, 2, 5, 10].first { $0 * decade >= rough } ?? 10)
            let step = isWhole ? max(1, fine) : fine
            let (first, last) = ((lower / step).rounded(.up), (upper / step).rounded(.down))
            marks = stride(from: first, through: last, by: 1).map { $0 * step }
        }
    }

    /// Position in 0…1.
    func fraction(_ value: Double) -> Double {
        isLogarithmic
            ? log10(value / lower) / log10(upper / lower) : (value - lower) / (upper - lower)
    }

    /// The marks for gnuplot.
    var tics: String { marks.map { "'\(Self.text($0))' \($0)" }.joined(separator: ", ") }

    /// Short: `0.25`, `5 M`.
    static func text(_ value: Double) -> String {
        for (size, unit) in [(1e12, " T"), (1e9, " G"), (1e6, " M"), (1e3, " k")] where abs(value) >= size * 0.9999 {
            return digits(value / size) + unit
        }
        return digits(value)
    }

    private static func digits(_ value: Double) -> String {
        // No “-0”.
        let text = "\((value * 1e4).rounded() / 1e4 + 0)"
        return text.hasSuffix(".0") ? String(text.dropLast(2)) : text
    }
}

import EPANNsCore
import EPANNsGraph

/// One line of a plot of curves.
public struct PlotCurve: Sendable {
    /// What the legend calls it.
    public var name: String
    /// Horizontal positions, ascending, such as iterations.
    public var x: [Double]
    /// Heights, as many; those that are not finite make gaps.
    public var y: [Double]
    /// Whether the line is a noisy one, such as the loss of single steps: a running mean is drawn over a faint line.
    public var isNoisy: Bool
    /// Curves with the same number share a colour, such as the losses of one run; nil takes the next colour.
    public var colorIndex: Int?

    /// Makes a curve.
    public init(name: String, x: [Double], y: [Double], isNoisy: Bool = false, colorIndex: Int? = nil) {
        precondition(x.count == y.count)
        self.name = name
        self.x = x
        self.y = y
        self.isNoisy = isNoisy
        self.colorIndex = colorIndex
    }
}

extension Plot {
    /// Lines over iterations, for one or several runs.
    ///
    /// - Parameters:
    ///   - title: Above the plot; empty for none.
    ///   - xTitle: Of the horizontal axis, with its unit.
    ///   - yTitle: Of the vertical axis, with its unit.
    ///   - curves: At least one point among them.
    ///   - yRange: The vertical axis's; nil for what the curves need.
    ///   - yLimit: What no value exceeds, such as 1 for shares: the axis does not, either.
    /// - Throws: `EPANNsError` with code `invalidConfiguration` when there is no finite point.
    public static func curves(
        title: String, xTitle: String, yTitle: String, curves: [PlotCurve], yRange: ClosedRange<Double>? = nil,
        yLimit: Double? = nil
    ) throws -> Plot {
        let curves = curves.filter { curve in zip(curve.x, curve.y).contains { isDrawable($0) && isDrawable($1) } }
        guard !curves.isEmpty else {
            throw EPANNsError(.invalidConfiguration, "There is nothing to draw: no curve of “\(yTitle)” has a point.")
        }
        let (left, right, top, bottom) = (78.0, 24.0, 44.0, 62.0)
        let width = 760.0
        let legend = legend(curves.map(\.name), left: left, width: width, height: 400)
        let height = 400 + legend.height
        let x = curves.flatMap(\.x).filter(isDrawable)
        let axis = PlotAxis(
            values: x, isLogarithmic: false, margin: 0.015, isWhole: x.allSatisfy { $0 == $0.rounded() })
        let y = yRange ?? range(of: curves.flatMap(\.y).filter(isDrawable), limit: yLimit)
        var script = frame(
            PlotArea(
                left: left, top: top + legend.height, width: width - left - right,
                height: height - top - legend.height - bottom), width: width, height: height, title: title)
        script += axisTitles(x: xTitle, y: yTitle) + legend.script
        script += """
            set xrange [\(axis.lower):\(axis.upper)]
            set xtics (\(axis.tics))
            set yrange [\(y.lowerBound):\(y.upperBound)]

            """
        var plots: [String] = []
        for (index, curve) in curves.enumerated() {
            let color = colors[(curve.colorIndex ?? index) % colors.count]
            let dash = dashes[(curve.colorIndex ?? index) % dashes.count]
            let thinned = curve.thinned(to: maximumPointCount)
            script += block("curve\(index)", zip(thinned.x, thinned.y).map { [$0, $1] })
            let name = quoted(curve.name)
            if curve.isNoisy {
                script += block("mean\(index)", zip(thinned.x, thinned.runningMean).map { [$0, $1] })
                plots.append(
                    "$curve\(index) using 1:2 with lines linewidth 0.8 linecolor rgb '#b0\(color.dropFirst())' notitle")
                plots.append(
                    "$mean\(index) using 1:2 with lines linewidth 2 dashtype \(dash) linecolor rgb '\(color)' title \(name)"
                )
            } else if thinned.x.count <= 60 {
                plots.append(
                    "$curve\(index) using 1:2 with linespoints linewidth 1.6 dashtype \(dash) pointtype "
                        + "\(points[index % points.count]) pointsize 0.7*mark linecolor rgb '\(color)' title \(name)")
            } else {
                plots.append(
                    "$curve\(index) using 1:2 with lines linewidth 1.8 dashtype \(dash) linecolor rgb '\(color)' "
                        + "title \(name)")
            }
        }
        script += "plot " + plots.joined(separator: ", \\\n") + "\n"
        return Plot(title: title, width: Int(width), height: Int(height), script: script)
    }

    /// What the values need, with some room, but not beyond 0 for values that never are.
    private static func range(of values: [Double], limit: Double?) -> ClosedRange<Double> {
        let (least, greatest) = (values.min() ?? 0, values.max() ?? 1)
        let room = greatest > least ? 0.05 * (greatest - least) : max(0.1 * abs(greatest), 1e-6)
        let lower = least >= 0 ? max(0, least - room) : least - room
        let upper = greatest + room
        // Half a point's height above the limit, so that what reaches it is seen.
        guard let limit, greatest <= limit, upper > limit, lower < limit else { return lower...upper }
        return lower...limit + 0.02 * (limit - lower)
    }

    /// More points than a plot has pixels only make its file large.
    private static let maximumPointCount = 1200
}

extension PlotCurve {
    /// The mean of neighbours where there are more points than asked for.
    func thinned(to count: Int) -> PlotCurve {
        guard x.count > count else { return self }
        let size = (x.count + count - 1) / count
        let starts = Array(stride(from: 0, to: x.count, by: size))
        func mean(_ values: [Double]) -> [Double] {
            starts.map { start in
                let part = values[start..<min(start + size, values.count)]
                return part.reduce(0, +) / Double(part.count)
            }
        }
        var thinned = self
        (thinned.x, thinned.y) = (mean(x), mean(y))
        return thinned
    }

    /// The mean over a fortieth of the points around each, with gaps left out.
    var runningMean: [Double] {
        let reach = max(1, y.count / 80)
        return y.indices.map { index in
            let near = y[max(0, index - reach)...min(y.count - 1, index + reach)].filter(\.isFinite)
            return near.isEmpty ? .nan : near.reduce(0, +) / Double(near.count)
        }
    }
}

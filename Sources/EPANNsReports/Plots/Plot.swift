import EPANNsCore
import EPANNsGraph
import EPANNsModels
import Foundation

/// A drawing that has not been drawn yet: its size and what gnuplot is told.
///
/// Colours are told apart in grey and by the colour-blind (Okabe and Ito 2008), and lines by their dashes and points
/// too. Legends lie outside the axes.
public struct Plot: Sendable {
    /// What stands above the drawing, and what readers hear who do not see it.
    public var title: String
    /// Nominal width in pixels.
    public var width: Int
    /// Nominal height in pixels.
    public var height: Int
    /// The commands after the terminal and the common settings.
    package var script: String

    package init(title: String, width: Int, height: Int, script: String) {
        self.title = title
        self.width = width
        self.height = height
        self.script = script
    }

    /// Draws.
    ///
    /// - Throws: `EPANNsError` with code `backendFailure` when gnuplot is missing (the message says how to install it)
    ///   or fails.
    ///
    /// Tests: `PlotTests`.
    public func data(_ format: PlotFormat) throws -> Data {
        let drawn = try Gnuplot.run(preamble(format) + script)
        guard format == .svg else { return drawn }
        // A reader's machine may lack the font.
        let text = String(decoding: drawn, as: UTF8.self)
            .replacingOccurrences(
                of: "font-family=\"\(Self.font)\"", with: "font-family=\"\(Self.font), Verdana, sans-serif\""
            )
            .replacingOccurrences(of: "<title>Gnuplot</title>", with: "<title>\(title.escapedForHTML)</title>")
        return Data(text.utf8)
    }

    /// Draws into a file; it appears whole or not at all.
    ///
    /// - Throws: As ``data(_:)`` and ``PlotFormat/init(path:)``, and with code `fileFailure`.
    public func write(to path: String) throws {
        try data(PlotFormat(path: path)).withUnsafeBytes { try AtomicFile.write($0, to: path) }
    }

    static let font = "DejaVu Sans"
    /// Colour of text and axes; a page may replace it.
    static let ink = "#1b1f24"
    /// Colour of grid lines; a page may replace it.
    static let faintInk = "#c9ced6"
    /// Okabe and Ito's colours, neighbours far apart in lightness.
    static let colors = ["#0072b2", "#d55e00", "#009e73", "#cc79a7", "#56b4e9", "#e69f00", "#000000"]
    static let dashes = ["1", "2", "4", "5", "3"]
    static let points = [7, 9, 5, 13, 11, 6, 8]

    private func preamble(_ format: PlotFormat) -> String {
        let scale = 1.5
        let terminal =
            switch format {
            case .svg:
                "set terminal svg size \(width),\(height) noenhanced font '\(Self.font),12' background 'white'"
            case .png:
                "set terminal pngcairo size \(Int(Double(width) * scale)),\(Int(Double(height) * scale)) noenhanced "
                    + "font '\(Self.font),9' fontscale \(scale) linewidth \(scale) pointscale \(scale)"
            }
        // Sizes of fonts are pixels in SVG and points of 4/3 pixels in PNG; marks come out larger in SVG.
        return """
            set encoding utf8
            \(terminal)
            \(Self.fontSizes.map { "font\($0) = ',\(Double($0) * (format == .svg ? 1 : 0.75))'" }.joined(separator: "\n"))
            mark = \(format == .svg ? 0.7 : 1)
            set border 3 linewidth 0.8 linecolor rgb '\(Self.ink)'
            set tics nomirror out scale 0.6 textcolor rgb '\(Self.ink)'
            set grid y linetype 1 linecolor rgb '\(Self.faintInk)' linewidth 0.7
            set key textcolor rgb '\(Self.ink)'

            """
    }
}

extension Plot {
    /// Text as gnuplot's single-quoted strings hold it: no command substitution, no escapes, one line, and
    /// no straight quote that could end it.
    static func quoted(_ text: String, limit: Int = 60) -> String {
        let line = String(text.unicodeScalars.map { isPrintable($0) ? Character($0) : " " })
        let short = line.count > limit ? line.prefix(limit - 1) + "…" : line[...]
        // gnuplot 5.4 takes a doubled quote at a string's beginning for an empty string.
        return "'" + short.replacingOccurrences(of: "'", with: "’") + "'"
    }

    private static func isPrintable(_ scalar: Unicode.Scalar) -> Bool {
        switch scalar.properties.generalCategory {
        case .control, .format, .lineSeparator, .paragraphSeparator, .surrogate, .privateUse, .unassigned: false
        default: true
        }
    }

    /// Whether a number has a place on an axis: not what a diverged run writes, nor what arithmetic on ranges overflows.
    static func isDrawable(_ value: Double) -> Bool { abs(value) < 1e100 }

    /// A block of numbers with a name.
    static func block(_ name: String, _ rows: some Sequence<[Double]>) -> String {
        "$\(name) << END_OF_DATA\n"
            + rows.map { $0.map { isDrawable($0) ? "\($0)" : "NaN" }.joined(separator: " ") }.joined(separator: "\n")
            + "\nEND_OF_DATA\n"
    }

    /// A mark's text, in which gnuplot would read % as a format.
    static func tic(_ text: String, limit: Int) -> String {
        quoted(text, limit: limit).replacingOccurrences(of: "%", with: "%%")
    }

    /// Sizes of fonts that plots use, in nominal pixels.
    private static let fontSizes = 8...13

    /// A font of a size; gnuplot takes a variable here, but no expression.
    static func font(_ size: Int) -> String {
        precondition(fontSizes.contains(size))
        return "font font\(size)"
    }

    /// Margins in nominal pixels, and the title above all.
    static func frame(_ area: PlotArea, width: Double, height: Double, title: String) -> String {
        """
        set lmargin at screen \(area.left / width)
        set rmargin at screen \((area.left + area.width) / width)
        set tmargin at screen \(1 - area.top / height)
        set bmargin at screen \(1 - (area.top + area.height) / height)
        set label 1000 \(quoted(title, limit: 90)) at screen 0.5, \(1 - 18 / height) center \(font(13)) textcolor rgb '\(ink)'

        """
    }

    /// A legend between title and axes; nothing for a single entry without a name.
    static func legend(_ names: [String], left: Double, width: Double, height: Double) -> (
        script: String, height: Double
    ) {
        guard names.count > 1 || !(names.first ?? "").isEmpty else { return ("unset key\n", 0) }
        let longest = names.map(\.count).max() ?? 0
        let columns = min(names.count, longest > 44 ? 1 : longest > 24 ? 2 : 3)
        let rows = (names.count + columns - 1) / columns
        let legendHeight = 14 + 18 * Double(rows)
        let script =
            "set key at screen \(left / width), \(1 - 34 / (height + legendHeight)) left top Left reverse horizontal "
            + "maxcols \(columns) maxrows \(rows) samplen 3.5 width 1 \(font(12))\n"
        return (script, legendHeight)
    }

    static func axisTitles(x: String, y: String) -> String {
        """
        set xlabel \(quoted(x, limit: 90)) textcolor rgb '\(ink)'
        set ylabel \(quoted(y, limit: 90)) textcolor rgb '\(ink)'

        """
    }
}

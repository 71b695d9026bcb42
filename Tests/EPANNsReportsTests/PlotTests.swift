import EPANNsReports
import EPANNsEvaluation
import Foundation
import Testing

private let hasGnuplot = (ProcessInfo.processInfo.environment["PATH"] ?? "").split(separator: ":")
    .contains { FileManager.default.isExecutableFile(atPath: "\($0)/gnuplot") }

/// Plots drawn by gnuplot.
///
/// EPANNS_PLOT_FOLDER keeps the drawings there, for looking at them.
@Suite(.enabled(if: hasGnuplot, "gnuplot is not installed"))
struct PlotTests {
    /// Draws both forms, checks what they are, and gives the SVG.
    private func draw(_ plot: Plot, _ name: String) throws -> String {
        let svg = try plot.data(.svg)
        let png = try plot.data(.png)
        #expect(png.starts(with: [0x89, 0x50, 0x4E, 0x47]))
        // Width and height stand big-endian in the first chunk.
        let sides = [16, 20].map { start in (0..<4).reduce(0) { $0 << 8 | Int(png[start + $1]) } }
        #expect(sides == [plot.width * 3 / 2, plot.height * 3 / 2])
        if let folder = ProcessInfo.processInfo.environment["EPANNS_PLOT_FOLDER"] {
            try svg.write(to: URL(fileURLWithPath: "\(folder)/\(name).svg"))
            try png.write(to: URL(fileURLWithPath: "\(folder)/\(name).png"))
        }
        let parser = XMLCheck()
        #expect(parser.isWellFormed(svg), "\(name).svg is not well-formed: \(parser.problem)")
        return String(decoding: svg, as: UTF8.self)
    }

    private func noisyRun(_ seed: Double, count: Int) -> (x: [Double], y: [Double]) {
        let x = (1...count).map { Double($0) }
        let y = x.map { step -> Double in
            let noise = 0.12 * sin(step * 12.9898 + seed) * exp(-step / 1500)
            return 0.05 + 2.2 * exp(-step / (400 + 100 * seed)) + noise
        }
        return (x, y)
    }

    @Test func curvesOfSeveralRuns() throws {
        var curves: [PlotCurve] = []
        for (index, name) in ["cnn10, from scratch", "mn04, fine-tuned", "E-PANNs 50 %, distilled"].enumerated() {
            let run = noisyRun(Double(index), count: 3000)
            curves.append(
                PlotCurve(name: "\(name): training", x: run.x, y: run.y, isNoisy: true, colorIndex: index))
        }
        let loss = try draw(
            .curves(
                title: "Loss", xTitle: "iteration", yTitle: "loss (binary cross-entropy)", curves: curves),
            "loss-three-runs")
        for curve in curves { #expect(loss.contains("<text>") && loss.contains(curve.name)) }
        let steps: [Double] = (1...15).map { Double($0) * 200 }
        let folds = (0..<5).map { fold -> PlotCurve in
            let (best, pace) = (0.93 + 0.01 * Double(fold), 250 + 60 * Double(fold))
            return PlotCurve(name: "mn04, fold \(fold + 1)", x: steps, y: steps.map { best - 0.6 * exp(-$0 / pace) })
        }
        let accuracy = try draw(
            .curves(title: "Test accuracy", xTitle: "iteration", yTitle: "accuracy (share of clips)", curves: folds),
            "accuracy-five-runs")
        #expect(accuracy.contains("mn04, fold 5"))
        _ = try draw(
            .curves(
                title: "mAP", xTitle: "iteration", yTitle: "mAP (0…1)",
                curves: [PlotCurve(name: "", x: [500], y: [0.4])]),
            "one-point")
    }

    /// A run that was tested once, as by default: marks that can be told apart, and no share above 1.
    @Test func oneTestHasAnAxisToRead() throws {
        let curve = PlotCurve(name: "", x: [400], y: [0.9972])
        let svg = try draw(
            .curves(title: "mAP", xTitle: "iteration", yTitle: "mAP", curves: [curve], yLimit: 1), "one-test")
        for mark in ["380", "390", "400", "410", "420"] {
            #expect(svg.contains(">\(mark)<") || svg.contains("> \(mark)<"), "\(mark)")
        }
        #expect(!svg.contains("399.") && !svg.contains("1.02<"))
    }

    @Test func gapsAndNothing() throws {
        _ = try draw(
            .curves(
                title: "Loss until it was not a number", xTitle: "iteration", yTitle: "loss",
                curves: [PlotCurve(name: "", x: [1, 2, 3, 4], y: [3, 2, .nan, .infinity])]),
            "gap")
        #expect(throws: EPANNsError.self) {
            try Plot.curves(
                title: "", xTitle: "", yTitle: "loss", curves: [PlotCurve(name: "a", x: [1], y: [.nan])])
        }
        #expect(throws: EPANNsError.self) { try Plot.classBars(title: "", valueTitle: "", bars: []) }
        #expect(throws: EPANNsError.self) { try Plot.scatter(title: "", xTitle: "", yTitle: "", points: []) }
    }

    /// What a diverged run or a damaged file holds neither crashes nor squashes the rest.
    @Test func absurdNumbers() throws {
        let curve = PlotCurve(name: "", x: [1, 2, 3], y: [1e305, 2, 1])
        let svg = try draw(.curves(title: "", xTitle: "iteration", yTitle: "loss", curves: [curve]), "absurd")
        // The axes are those of what can be drawn: loss from 1 to 2, iterations without halves.
        #expect(svg.contains(">1.4<") || svg.contains("> 1.4<"))
        #expect(!svg.contains(">1.5<") && !svg.contains("> 1.5<"))
        for (x, y, error) in [(1e300, 1.0, 0.0), (.leastNonzeroMagnitude, 1, 0), (1, .nan, 0), (1, 1, 1e300)] {
            let point = PlotPoint(label: "a", x: x, y: y, yError: error)
            #expect(throws: EPANNsError.self) {
                try Plot.scatter(title: "", xTitle: "", yTitle: "", points: [point], isLogarithmic: true)
            }
        }
        for value in [1.5, -0.1, .nan, 1e300] {
            #expect(throws: EPANNsError.self) {
                try Plot.classBars(title: "", valueTitle: "", bars: [(name: "a", value: value, clipCount: 1)])
            }
        }
    }

    @Test(arguments: [1, 10, 50, 527]) func classBars(count: Int) throws {
        let names = LabelSet.audioSet.labels.map(\.name)
        var bars: [(name: String, value: Double, clipCount: Int)] = []
        for index in 0..<count {
            let value: Double = (1 + sin(Double(index) * 1.7)) / 2
            bars.append((name: names[index], value: value, clipCount: 3 + index % 40))
        }
        let svg = try draw(
            .classBars(title: "Average precision by class", valueTitle: "average precision (0…1)", bars: bars),
            "bars-\(count)")
        #expect(svg.contains("Speech (3)"))
        #expect(svg.contains(">0.996<") == (count > 1))
    }

    @Test(arguments: [2, 10, 50, 100]) func confusion(count: Int) throws {
        let names = LabelSet.audioSet.labels.map(\.name)
        var labels: [Int] = []
        var guesses: [Int] = []
        for clip in 0..<count * 40 {
            labels.append(clip % count)
            guesses.append(clip % 7 == 0 ? (clip * 31 + 3) % count : clip % count)
        }
        let matrix = ConfusionMatrix(labels: labels, predictions: guesses, classCount: count)
        let svg = try draw(
            .confusion(
                title: "Confusion, \(matrix.correctCount) of \(matrix.clipCount) clips right", matrix: matrix,
                classNames: Array(names.prefix(count))),
            "confusion-\(count)")
        #expect(svg.contains("true class"))
        #expect(throws: EPANNsError.self) {
            let matrix = ConfusionMatrix(labels: [0], predictions: [0], classCount: 101)
            return try Plot.confusion(title: "", matrix: matrix, classNames: Array(names.prefix(101)))
        }
    }

    @Test func scatterWithErrorBars() throws {
        var points: [PlotPoint] = []
        for (index, share) in [0.0, 25, 50, 75].enumerated() {
            let parameters = 80.75e6 * (1 - share / 100 * 0.9)
            for (method, entry) in [("operator norm", 0.431), ("L1 norm", 0.428), ("random", 0.419)].enumerated() {
                let loss = 0.0006 * share * Double(method + 1) - 0.002 * Double(index)
                points.append(
                    PlotPoint(
                        label: "\(Int(share)) %", x: parameters, y: entry.1 - loss, yError: 0.004, group: entry.0))
            }
        }
        points += [
            PlotPoint(label: "E-PANNs (published)", x: 23.2e6, y: 0.44, group: "published"),
            PlotPoint(label: "mn04", x: 0.98e6, y: 0.432, group: "published"),
            PlotPoint(label: "mn10", x: 4.88e6, y: 0.471, group: "published"),
        ]
        let svg = try draw(
            .scatter(
                title: "Accuracy against size", xTitle: "parameters", yTitle: "mAP (0…1)", points: points,
                isLogarithmic: true),
            "scatter-log")
        #expect(svg.contains("10 M") && svg.contains("E-PANNs (published)"))
        _ = try draw(
            .scatter(
                title: "Accuracy against operations", xTitle: "MACs of a 10 s clip",
                yTitle: "accuracy (share of clips)",
                points: points.prefix(9).map { PlotPoint(label: $0.label, x: $0.x * 260, y: $0.y) }),
            "scatter-linear")
        #expect(throws: EPANNsError.self) {
            try Plot.scatter(
                title: "", xTitle: "", yTitle: "", points: [PlotPoint(label: "a", x: 0, y: 1)], isLogarithmic: true)
        }
    }

    /// Names come from users' tables: none of them may be a command.
    @Test func namesAreNoCommands() throws {
        let mark = FileManager.default.temporaryDirectory.appendingPathComponent("epanns-\(UUID().uuidString)").path
        let names = [
            "'; system 'touch \(mark)'; '", "`touch \(mark)`", "\"`touch \(mark)`\"", "a\nsystem 'touch \(mark)'",
            "END_OF_DATA", "@macro", "%s %d \\n", "it's <b>&amp;</b>", "\u{1B}[31m", "{/=40 big}", "Straße, 日本",
        ]
        let bars = names.map { (name: $0, value: 0.5, clipCount: 1) }
        var svg = try draw(.classBars(title: names[1], valueTitle: names[2], bars: bars), "hostile-bars")
        #expect(svg.contains("it’s &lt;b>&amp;amp;") && svg.contains("{/=40 big}") && svg.contains("%s %d \\n"))
        let counts = ConfusionMatrix(
            labels: Array(names.indices), predictions: Array(names.indices), classCount: names.count)
        svg = try draw(.confusion(title: names[0], matrix: counts, classNames: names), "hostile-confusion")
        #expect(svg.contains("Straße, 日本"))
        _ = try draw(
            .curves(
                title: names[3], xTitle: names[1], yTitle: names[0],
                curves: names.map { PlotCurve(name: $0, x: [1, 2], y: [1, 2]) }),
            "hostile-curves")
        _ = try draw(
            .scatter(
                title: names[0], xTitle: names[1], yTitle: names[2],
                points: names.map { PlotPoint(label: $0, x: 1, y: 1, group: $0) }),
            "hostile-scatter")
        #expect(!FileManager.default.fileExists(atPath: mark))
    }

    @Test func theNameOfTheFileChoosesTheForm() throws {
        #expect(try PlotFormat(path: "a/b.c/plot.SVG") == .svg)
        #expect(try PlotFormat(path: "plot.png") == .png)
        for path in ["plot.pdf", "plot", "svg", "a.png/plot", ""] {
            #expect(throws: EPANNsError.self) { try PlotFormat(path: path) }
        }
    }
}

/// Whether text is well-formed enough for a strict reader: every element is closed, every quote ends.
final class XMLCheck {
    private(set) var problem = ""

    func isWellFormed(_ data: Data) -> Bool {
        var open: [String] = []
        var text = Substring(String(decoding: data, as: UTF8.self))
        while let start = text.firstIndex(of: "<") {
            text = text[start...].dropFirst()
            if text.hasPrefix("!--") {
                guard let end = text.range(of: "-->") else { return fail("an open comment") }
                text = text[end.upperBound...]
                continue
            }
            var quote: Character?
            var end = text.startIndex
            while end < text.endIndex {
                let character = text[end]
                if let current = quote {
                    if character == current { quote = nil }
                } else if character == "\"" || character == "'" {
                    quote = character
                } else if character == ">" {
                    break
                } else if character == "<" {
                    return fail("< within an element")
                }
                end = text.index(after: end)
            }
            guard end < text.endIndex else { return fail("an open element") }
            let element = text[..<end]
            text = text[end...].dropFirst()
            let name = element.drop { $0 == "/" }.prefix { !$0.isWhitespace && $0 != "/" }
            if element.hasPrefix("?") || element.hasPrefix("!") || element.hasSuffix("/") { continue }
            if element.hasPrefix("/") {
                guard open.popLast() == String(name) else { return fail("</\(name)>") }
            } else {
                open.append(String(name))
            }
        }
        return open.isEmpty ? true : fail("\(open) left open")
    }

    private func fail(_ text: String) -> Bool {
        problem = text
        return false
    }
}

import EPANNsCore
import EPANNsGraph
import EPANNsModels

/// One HTML page about one or several training runs: metrics, curves, settings, classes, events.
///
/// The page needs nothing beside it: drawings are within, there is no script and no address to fetch. It follows the
/// reader's choice of light or dark.
///
/// Tests: `ReportPageTests`.
public struct ReportPage: Sendable {
    /// The runs, in the order of their colours.
    public var runs: [TrainingRun]
    /// The page's heading.
    public var title: String

    /// Makes a page.
    public init(runs: [TrainingRun], title: String = "Training report") {
        self.runs = runs
        self.title = title
    }

    /// Writes the page; the file appears whole or not at all.
    ///
    /// - Throws: As ``html()``, and with code `fileFailure`.
    public func write(to path: String) throws {
        var text = try html()
        try text.withUTF8 { try AtomicFile.write(UnsafeRawBufferPointer($0), to: path) }
    }

    /// The page's text.
    ///
    /// - Throws: `EPANNsError` with code `invalidConfiguration` when there is no run, `backendFailure` when gnuplot is
    ///   missing or fails.
    public func html() throws -> String {
        guard !runs.isEmpty else { throw EPANNsError(.invalidConfiguration, "There is no run to report.") }
        let sections = try [metrics(), curves(), classes(), settings(), events()]
        return """
            <!DOCTYPE html>
            <html lang="en">
            <head>
            <meta charset="utf-8">
            <meta name="viewport" content="width=device-width, initial-scale=1">
            <meta name="color-scheme" content="light dark">
            <title>\(title.escapedForHTML)</title>
            <style>
            \(Self.style)
            </style>
            </head>
            <body>
            <main>
            <h1>\(title.escapedForHTML)</h1>
            \(sections.filter { !$0.isEmpty }.joined(separator: "\n"))
            </main>
            </body>
            </html>

            """
    }

    // MARK: Curves

    private func curves() throws -> String {
        var figures: [String] = []
        func add(_ title: String, _ yTitle: String, _ curves: [PlotCurve], limit: Double? = nil) throws {
            guard curves.contains(where: { $0.y.contains(where: \.isFinite) }) else { return }
            let plot = try Plot.curves(
                title: title, xTitle: "iteration", yTitle: yTitle, curves: curves, yLimit: limit)
            figures.append("<figure>\(try plot.inlineSVG(identifier: "curve\(figures.count)"))</figure>")
        }
        func name(_ run: TrainingRun, _ what: String) -> String {
            runs.count == 1 ? what : what.isEmpty ? run.name : "\(run.name): \(what)"
        }
        func evaluated(_ what: String, _ value: (RunEntry.Evaluation) -> Double?) -> [PlotCurve] {
            runs.enumerated().flatMap { index, run in
                run.log.evaluationSets.map { set in
                    let found = run.log.evaluations.filter { $0.set == set && (value($0) ?? .nan).isFinite }
                    let several = run.log.evaluationSets.count > 1
                    return PlotCurve(
                        name: name(run, several || !what.isEmpty ? set : ""), x: found.map { Double($0.iteration) },
                        y: found.map { value($0) ?? .nan }, colorIndex: index)
                }
            }
        }
        let training = runs.enumerated().map { index, run in
            PlotCurve(
                name: name(run, "training"), x: run.log.steps.map { Double($0.iteration) },
                y: run.log.steps.map(\.loss), isNoisy: run.log.steps.count > 60, colorIndex: index)
        }
        try add("Loss", "loss", training + evaluated("loss") { $0.loss })
        try add("Accuracy", "accuracy (share of clips)", evaluated("") { $0.accuracy }, limit: 1)
        try add("Mean average precision", "mAP (0…1)", evaluated("") { $0.map }, limit: 1)
        try add(
            "Learning rate", "learning rate",
            runs.enumerated().map { index, run in
                let steps = run.log.steps.filter(\.learningRate.isFinite)
                return PlotCurve(
                    name: name(run, ""), x: steps.map { Double($0.iteration) },
                    y: steps.map(\.learningRate), colorIndex: index)
            })
        return figures.isEmpty ? "" : "<section><h2>Curves</h2>\n\(figures.joined(separator: "\n"))\n</section>"
    }

    // MARK: Classes

    private func classes() throws -> String {
        var parts: [String] = []
        for (index, run) in runs.enumerated() {
            guard let report = run.evaluation else { continue }
            var figures = ["<figure>\(try Plot.classBars(of: report).inlineSVG(identifier: "bars\(index)"))</figure>"]
            if report.singleLabel != nil, report.classCount <= Plot.maximumConfusionClassCount {
                let plot = try Plot.confusion(of: report)
                figures.append("<figure>\(try plot.inlineSVG(identifier: "confusion\(index)"))</figure>")
            }
            // A page of many runs opens with the first one's classes only.
            parts.append(
                "<details\(parts.isEmpty ? " open" : "")><summary>\(swatch(index))\(run.name.escapedForHTML)</summary>\n"
                    + figures.joined(separator: "\n") + "\n</details>")
        }
        guard !parts.isEmpty else { return "" }
        return "<section><h2>Classes, best model</h2>\n\(parts.joined(separator: "\n"))\n</section>"
    }

    /// A mark in the run's colour.
    func swatch(_ index: Int) -> String {
        "<span class=\"swatch\" style=\"background:var(--series\(index % Plot.colors.count))\"></span>"
    }
}

extension TrainingLog {
    /// The parts of the data that were evaluated, in the order of their first appearance.
    var evaluationSets: [String] {
        evaluations.reduce(into: []) { if !$0.contains($1.set) { $0.append($1.set) } }
    }
}

import EPANNsCore
import EPANNsGraph

extension ReportPage {
    /// A row a run: how far it got, and how good it became.
    func metrics() -> String {
        let hasAccuracy = runs.contains { $0.evaluation?.singleLabel != nil || $0.log.best?.accuracy != nil }
        var titles = ["run", "iterations", "best at"] + (hasAccuracy ? ["accuracy"] : [])
        titles += ["mAP", "mAUC", "d′", "clips", "classes", "clips per second", "ended"]
        let rows = runs.enumerated().map { index, run in
            let (log, best, report) = (run.log, run.log.best, run.evaluation)
            var cells = [
                swatch(index) + run.name.escapedForHTML,
                number(
                    [log.steps.last.map { $0.iteration + 1 }, log.evaluations.last?.iteration].compactMap(\.self).max()),
                number(best?.iteration),
            ]
            if hasAccuracy { cells.append(share(report?.singleLabel?.accuracy ?? best?.accuracy)) }
            // The file of the best model says all; the log is what there is while training goes on.
            cells += [
                share(report?.meanAveragePrecision ?? best?.map),
                share(report.map(\.meanAUC) ?? best?.mauc), share(report.map(\.dPrime) ?? best?.dPrime),
                number(report?.clipCount),
                report.map { "\($0.averagedClassCount) of \($0.classCount)" } ?? "–",
                log.medianClipsPerSecond.map(Self.speed) ?? "–",
                (log.events.last { $0.kind == "end" }?.details["reason"] ?? "not noted").escapedForHTML,
            ]
            return cells
        }
        return """
            <section><h2>Metrics</h2>
            \(table(titles, rows, textColumns: [0, titles.count - 1]))
            <p class="note">Of the best model's evaluation where the run holds one, else of the evaluation that the \
            log calls the best. Shares lie in 0…1; classes without positives are in no mean.</p>
            </section>
            """
    }

    /// Settings side by side, those that differ first and marked.
    func settings() -> String {
        let keys = Set(runs.flatMap(\.configuration.keys))
        guard !keys.isEmpty else { return "" }
        let differing = runs.count < 2 ? [] : keys.filter { key in Set(runs.map { $0.configuration[key] }).count > 1 }
        let order = keys.sorted { (differing.contains($0) ? 0 : 1, $0) < (differing.contains($1) ? 0 : 1, $1) }
        let rows = order.map { key in
            let differs = differing.contains(key)
            let name = key.escapedForHTML
            return [differs ? "<strong>≠ \(name)</strong>" : name]
                + runs.map { run in
                    let value = (run.configuration[key] ?? "–").escapedForHTML
                    return differs ? "<strong>\(value)</strong>" : value
                }
        }
        let titles = ["setting"] + runs.indices.map { swatch($0) + runs[$0].name.escapedForHTML }
        let note =
            runs.count > 1
            ? "<p class=\"note\">\(differing.count) of \(keys.count) settings differ; they are marked ≠.</p>" : ""
        return """
            <section><h2>Settings</h2>
            \(note)
            \(table(titles, rows, textColumns: Set(titles.indices), areTitlesHTML: true))
            </section>
            """
    }

    /// What happened on the way.
    func events() -> String {
        let parts = runs.enumerated().map { index, run in
            let rows = run.notableEvents.map { event in
                [
                    number(event.iteration), event.kind.escapedForHTML,
                    event.details.sorted { $0.key < $1.key }.map { "\($0.key) \($0.value)" }.joined(separator: ", ")
                        .escapedForHTML,
                ]
            }
            return "<h3>\(swatch(index))\(run.name.escapedForHTML)</h3>\n"
                + table(["iteration", "event", "details"], rows, textColumns: [1, 2])
        }
        return "<section><h2>Events</h2>\n\(parts.joined(separator: "\n"))\n</section>"
    }

    private func table(
        _ titles: [String], _ rows: [[String]], textColumns: Set<Int>, areTitlesHTML: Bool = false
    ) -> String {
        func cells(_ cells: [String], _ element: String) -> String {
            cells.enumerated().map { column, cell in
                "<\(element) class=\"\(textColumns.contains(column) ? "text" : "number")\">\(cell)</\(element)>"
            }.joined()
        }
        let head = cells(areTitlesHTML ? titles : titles.map(\.escapedForHTML), "th")
        return "<div class=\"scroll\"><table>\n<thead><tr>\(head)</tr></thead>\n<tbody>\n"
            + rows.map { "<tr>\(cells($0, "td"))</tr>" }.joined(separator: "\n") + "\n</tbody></table></div>"
    }

    private func number(_ value: Int?) -> String { value.map(String.init) ?? "–" }

    private func share(_ value: Double?) -> String {
        value.map { $0.isFinite ? Plot.fixed($0) : $0.isNaN ? "–" : "\($0)" } ?? "–"
    }

    /// Three digits, in thousands or millions where there are more.
    static func speed(_ value: Double) -> String {
        for (size, unit) in [(1e6, " M"), (1e3, " k")] where value >= size * 0.9995 {
            return threeDigits(value / size) + unit
        }
        return threeDigits(value)
    }

    private static func threeDigits(_ value: Double) -> String {
        let factor = value >= 99.95 ? 1.0 : value >= 9.995 ? 10 : 100
        return PlotAxis.text((value * factor).rounded() / factor)
    }

    static let style = """
        :root { --ink: #1b1f24; --paper: #ffffff; --grid: #c9ced6; --note: #57606a; --row: #f3f5f8;
          --series0: #0072b2; --series1: #d55e00; --series2: #009e73; --series3: #cc79a7; --series4: #56b4e9;
          --series5: #e69f00; --series6: #000000; }
        @media (prefers-color-scheme: dark) { :root { --ink: #e3e7ec; --paper: #14171c; --grid: #3c444f;
          --note: #9aa4b0; --row: #1d2229; --series0: #4aa8e0; --series1: #f08a3c; --series2: #2fc79b;
          --series3: #e3a1c6; --series4: #9bd4f5; --series5: #f5c04a; --series6: #f0f0f0; } }
        body { margin: 0; background: var(--paper); color: var(--ink); font: 15px/1.5 system-ui, sans-serif; }
        main { max-width: 1080px; margin: 0 auto; padding: 1.5rem; }
        h1 { font-size: 1.7rem; margin: 0 0 1rem; }
        h2 { font-size: 1.25rem; margin: 2.2rem 0 .6rem; border-bottom: 1px solid var(--grid); }
        h3 { font-size: 1rem; margin: 1.2rem 0 .4rem; }
        figure { margin: 1rem 0; overflow-x: auto; }
        svg { width: 100%; min-width: 34rem; height: auto; display: block; }
        .scroll { overflow-x: auto; }
        table { border-collapse: collapse; font-variant-numeric: tabular-nums; }
        th, td { text-align: left; padding: .25rem .7rem; vertical-align: top; }
        /* Long paths break, but not into single letters: a table that is wider than a phone is scrolled. */
        .text { overflow-wrap: anywhere; min-width: 9rem; }
        .text:first-child { overflow-wrap: normal; }
        th { border-bottom: 1px solid var(--grid); font-weight: 600; }
        tbody tr:nth-child(even) { background: var(--row); }
        .number { text-align: right; white-space: nowrap; }
        .note { color: var(--note); font-size: .9rem; }
        .swatch { display: inline-block; width: .75em; height: .75em; border-radius: 2px; margin-right: .5em; }
        summary { cursor: pointer; font-weight: 600; margin: .6rem 0; }
        @media (max-width: 40rem) { main { padding: .8rem; } th, td { padding: .25rem .45rem; } }
        @media print { details > * { display: block; } }
        """
}

extension TrainingRun {
    /// Events that a reader wants to know of; checkpoints are counted only.
    var notableEvents: [TrainingLog.Event] {
        var found = log.events.filter { $0.kind != "checkpoint" && $0.kind != "best" }
        let bests = log.events.filter { $0.kind == "best" }
        found += bests.suffix(5)
        if let step = log.steps.first(where: { !$0.loss.isFinite }) {
            let count = log.steps.count { !$0.loss.isFinite }
            found.append(
                .init(
                    kind: "loss is not a number", iteration: step.iteration,
                    details: count > 1 ? ["steps": "\(count)"] : [:]))
        }
        // In the order of iterations; what has none, such as the start, stays where the log has it.
        var last = 0
        let positioned = found.enumerated().map { index, event in
            let isEnd = event.kind == "end"
            last = isEnd ? .max : event.iteration ?? (index == 0 ? 0 : last)
            return (position: last, index: index, event: event)
        }
        var events = positioned.sorted { ($0.position, $0.index) < ($1.position, $1.index) }.map(\.event)
        let checkpoints = log.events.count { $0.kind == "checkpoint" }
        if checkpoints > 0 || bests.count > 5 {
            var details = ["checkpoints": "\(checkpoints)"]
            if bests.count > 5 { details["best models before those above"] = "\(bests.count - 5)" }
            events.append(.init(kind: "also", iteration: nil, details: details))
        }
        if log.isCut {
            events.append(.init(kind: "log", iteration: nil, details: ["last line": "cut, as a killed run leaves it"]))
        }
        if !log.damagedLines.isEmpty {
            let lines = log.damagedLines.prefix(5).map(String.init).joined(separator: ", ")
            events.append(.init(kind: "log", iteration: nil, details: ["damaged lines": lines]))
        }
        return events
    }
}

extension TrainingLog {
    /// The speed that half of the steps exceed.
    var medianClipsPerSecond: Double? {
        let speeds = steps.map(\.clipsPerSecond).filter(\.isFinite).sorted()
        return speeds.isEmpty ? nil : speeds[speeds.count / 2]
    }
}

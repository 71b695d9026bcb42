import EPANNs
import EPANNsCore
import EPANNsPruning
import EPANNsReports

/// What pruning did, as people read it.
enum PruningText {
    /// A pruning.
    static func lines(_ report: PruningReport) -> [String] {
        var sections = [facts(report).map { "\($0.padded(to: 12))\($1)" }, layerTable(report), costTable(report)]
        sections.append(report.notes.map { "\("Note".padded(to: 12))\($0)" })
        if let output = report.output {
            sections.append([
                "\("Wrote".padded(to: 12))\(output.path), \(ByteText.short(output.byteCount))",
                "\("SHA-256".padded(to: 12))\(output.sha256)",
            ])
        }
        return Array(sections.filter { !$0.isEmpty }.joined(separator: [""]))
    }

    private static func facts(_ report: PruningReport) -> [(String, String)] {
        func text(_ widths: [Int]) -> String { widths.map(String.init).joined(separator: " ") }
        // Networks whose widths are those of their blocks lose filters within them.
        let prunedTo =
            report.widthsAfter != report.widthsBefore
            ? text(report.widthsAfter)
            : "\(CountText.grouped(report.layers.map(\.keptCount).reduce(0, +))) of "
                + "\(CountText.grouped(report.layers.map(\.width).reduce(0, +))) filters in "
                + CountText.of(report.layers.count, "layer")
        return [
            ("Model", "\(report.model), \(report.architecture), widths \(text(report.widthsBefore))"),
            ("Pruned to", prunedTo),
            ("Criterion", report.criterion + (report.seed.map { ", seed \($0)" } ?? "")),
        ]
    }

    private static func layerTable(_ report: PruningReport) -> [String] {
        var table = TextTable([("", .left), ("LAYER", .left), ("FILTERS", .right), ("STAY", .right), ("GO", .right)])
        for layer in report.layers {
            let others = layer.names.count - 1
            table.add(
                layer.number.map { "C\($0)" } ?? "", layer.names[0] + (others > 0 ? " and \(others) tied to it" : ""),
                String(layer.width), String(layer.keptCount),
                percent(Double(layer.width - layer.keptCount) / Double(layer.width)))
        }
        return table.lines
    }

    private static func costTable(_ report: PruningReport) -> [String] {
        let (before, after) = (report.before, report.after)
        var table = TextTable([("", .left), ("BEFORE", .right), ("AFTER", .right), ("CHANGE", .right)])
        func add(_ name: String, _ before: Double, _ after: Double, _ text: (Double) -> String) {
            let change = before > 0 ? after / before - 1 : 0
            table.add(name, text(before), text(after), (change < 0 ? "−" : "+") + percent(abs(change)))
        }
        add("parameters", Double(before.parameters), Double(after.parameters)) { CountText.grouped(Int($0)) }
        add("MACs, \(CountText.seconds(report.durationSeconds)) s", Double(before.macs), Double(after.macs)) {
            CountText.short(Int($0), decimals: 3)
        }
        add("bytes in PyTorch", Double(before.stateDictByteCount), Double(after.stateDictByteCount)) {
            CountText.grouped(Int($0))
        }
        if let first = before.latencySeconds, let second = after.latencySeconds {
            let how = "\(report.precision ?? ""), \(CountText.of(report.threads ?? 1, "thread"))"
            add("time, \(how)", first, second) { CountText.fixed($0 * 1000, decimals: 1) + " ms" }
        }
        return table.lines
    }

    private static func percent(_ share: Double) -> String { CountText.fixed(share * 100, decimals: 1) + " %" }

    // MARK: Sensitivity

    /// A study.
    static func lines(_ report: SensitivityReport) -> [String] {
        let study = report.study
        var columns: [(String, TextTable.Alignment)] = [("LAYER PRUNED", .left), ("FILTERS", .right)]
        for ratio in study.ratios { columns.append((CountText.seconds(ratio * 100) + " %", .right)) }
        var table = TextTable(columns)
        for row in study.rows {
            table.rows.append(
                [report.title(row), String(row.width)] + row.metrics.map { CountText.fixed($0, decimals: 3) })
        }
        return [
            "\(report.model), \(report.criterion), \(CountText.of(report.clipCount, "clip")): \(report.metric) "
                + "\(CountText.fixed(study.baseline, decimals: 3)) unpruned, and with one layer pruned:",
            "",
        ] + table.lines + (report.notes.isEmpty ? [] : [""] + report.notes)
    }

    /// A study as curves.
    static func plot(_ report: SensitivityReport) throws -> Plot {
        let study = report.study
        return try .curves(
            title: "\(report.model): one layer pruned at a time", xTitle: "filters removed, %", yTitle: report.metric,
            curves: study.rows.map { row in
                PlotCurve(
                    name: report.title(row), x: [0] + study.ratios.map { $0 * 100 },
                    y: [study.baseline] + row.metrics)
            }, yLimit: 1)
    }
}

import EPANNs

/// The text form of a ``BenchReport``.
enum BenchText {
    /// The lines to print.
    ///
    /// - Parameter width: Columns there are for sentences; the tables fit 80 with two numbers of threads.
    static func lines(_ report: BenchReport, width: Int) -> [String] {
        let machine = report.machine
        let load = machine.loadAverage.map { ", load \(CountText.fixed($0, decimals: 1))" } ?? ""
        let place =
            "\(machine.cpu), \(CountText.of(machine.cores, "core")), oneDNN \(machine.oneDNN)\(load). Milliseconds of the "
            + "fastest of \(CountText.of(report.turns * 2, "run")) for a clip of "
            + "\(CountText.seconds(report.durationSeconds)) s; the network alone, by arithmetic and threads; memory "
            + "besides the program and the model's file."
        var lines = TextWrap.lines(place, width: width) + [""] + times(report)
        let known = report.systems.filter { $0.meanAveragePrecision != nil }
        if known.count > 1 { lines += [""] + efficiency(known) }
        if let advice = report.advice { lines += [""] + TextWrap.lines(advice.printable, width: width) }
        return lines
    }

    private static func times(_ report: BenchReport) -> [String] {
        let ways = report.systems.first?.ways ?? []
        var table = TextTable(
            [("SYSTEM", .left), ("MAP", .right), ("GMAC", .right)]
                + ways.map { ("\($0.precision.rawValue.uppercased())×\($0.threads)", .right) } + [("MB", .right)])
        for system in report.systems {
            let peak = system.peakByteCount.map { CountText.fixed(Double($0) / 1e6, decimals: 0) } ?? "–"
            table.rows.append(
                [
                    system.name, system.meanAveragePrecision.map { CountText.fixed($0, decimals: 3) } ?? "–",
                    CountText.fixed(Double(system.macs) / 1e9, decimals: system.macs < 10_000_000_000 ? 2 : 1),
                ] + system.ways.map { milliseconds($0.minimumMs) } + [peak])
        }
        return table.lines
    }

    private static func milliseconds(_ value: Double) -> String {
        CountText.fixed(value, decimals: value < 100 ? 2 : value < 1000 ? 1 : 0)
    }

    /// The best for their time come first.
    private static func efficiency(_ systems: [BenchReport.System]) -> [String] {
        var table = TextTable([
            ("SYSTEM", .left), ("MAP", .right), ("MAP PER GMAC", .right), ("MAP PER MS", .right), ("QUICKEST", .left),
        ])
        let ordered = systems.sorted { ($0.precisionPerMillisecond ?? 0) > ($1.precisionPerMillisecond ?? 0) }
        for system in ordered {
            table.add(
                system.name, number(system.meanAveragePrecision, 3), number(system.precisionPerGMAC, 4),
                number(system.precisionPerMillisecond, 5),
                system.fastest.map { "\($0.precision.rawValue), \(CountText.of($0.threads, "thread"))" } ?? "–")
        }
        return table.lines
    }

    private static func number(_ value: Double?, _ decimals: Int) -> String {
        value.map { CountText.fixed($0, decimals: decimals) } ?? "–"
    }
}

import EPANNs
import EPANNsCore

/// The text form of a ``ModelReport``.
enum InfoText {
    /// The lines to print.
    ///
    /// - Parameter width: Columns there are: long facts go on in the next line, and names of layers are shortened.
    static func lines(_ report: ModelReport, showsAll: Bool, width: Int) -> [String] {
        func section(_ facts: [(String, String)]) -> [String] {
            facts.flatMap { title, text in
                TextWrap.lines(text.printable, width: width - 13).enumerated().map { index, line in
                    (index == 0 ? title : "").padded(to: 13) + line
                }
            }
        }
        var table = table(report, showsAll: showsAll, nameWidth: 30)
        if let needed = table.map(\.count).max(), needed > width {
            table = self.table(report, showsAll: showsAll, nameWidth: max(16, nameWidth(report) - needed + width))
        }
        return section(facts(report)) + [""] + table + [""] + section(totals(report.cost))
    }

    private static func nameWidth(_ report: ModelReport) -> Int {
        min(30, report.cost.layers.map(\.name.count).max() ?? 0)
    }

    /// A network's structure in a line.
    static func structure(_ configuration: ModelConfiguration) -> String {
        "\(configuration.architecture), widths \(configuration.widths.map(String.init).joined(separator: " "))"
    }

    private static func facts(_ report: ModelReport) -> [(String, String)] {
        var facts = [("Name", report.name)]
        if let file = report.file {
            facts.append(("File", report.builtIn == true ? "built in" : file.path))
            facts.append(("", "\(CountText.grouped(file.byteCount)) bytes, \(file.container.rawValue)"))
            facts.append(("SHA-256", file.sha256))
        }
        facts += made(report.history ?? [])
        let labels = report.hasAudioSetLabels.map { $0 ? " of AudioSet" : ", not AudioSet's" } ?? ""
        // A network that hears the waveform alone has none.
        let count = report.cost.frameCount
        let frames = count > 0 ? ", \(CountText.grouped(count)) frames" : ""
        facts += [
            ("Network", report.configuration.architecture),
            ("Widths", report.configuration.widths.map(String.init).joined(separator: " ")),
        ]
        // Those of blocks do not tell what is within.
        if report.filterCounts != report.configuration.widths {
            facts.append(("Filters", report.filterCounts.map(String.init).joined(separator: " ")))
        }
        facts += [
            ("Front end", frontEnd(report.configuration.frontEnd)),
            ("Embedding", CountText.grouped(report.embeddingWidth)),
            ("Classes", "\(report.classCount)\(labels), output activation \(report.configuration.outputActivation)"),
            (
                "Clip",
                "\(CountText.seconds(report.durationSeconds)) s\(frames); at least "
                    + "\(CountText.seconds(report.minimumSeconds)) s (\(CountText.grouped(report.minimumSampleCount)) samples)"
            ),
        ]
        return facts + report.notes.map { ("Note", $0.commandText) }
    }

    /// How the model was made, step by step.
    private static func made(_ history: [ModelStep]) -> [(String, String)] {
        history.enumerated().flatMap { index, step in
            let date = step.date.map { " on \($0.prefix(10))" } ?? ""
            let details = step.details.sorted { $0.key < $1.key }.map { "\($0.key) \($0.value)" }
            let how = details.isEmpty ? "" : ": \(details.joined(separator: ", "))"
            let lines =
                [(index == 0 ? "Made" : "", "\(step.action.rawValue) by \(step.program)\(date)\(how)")]
                + (step.parent.map { [("", "from \($0.name)"), ("", $0.sha256 ?? "")] } ?? [])
            return lines.filter { !$0.1.isEmpty }
        }
    }

    private static func frontEnd(_ configuration: FrontEndConfiguration) -> String {
        "\(configuration.recipe.title ?? "Own recipe"), \(configuration.sampleRate) Hz, FFT \(configuration.fftSize), "
            + "hop \(configuration.hopSize), \(configuration.melBands) mels, \(CountText.seconds(configuration.minimumFrequencyHz))–"
            + "\(CountText.seconds(configuration.maximumFrequencyHz)) Hz"
    }

    private static func table(_ report: ModelReport, showsAll: Bool, nameWidth: Int) -> [String] {
        var table = TextTable([
            ("LAYER", .left), ("OPERATION", .left), ("OUTPUT", .left), ("PARAMETERS", .right), ("MACS", .right),
        ])
        for layer in report.cost.layers where showsAll || !report.identityLayers.contains(layer.name) {
            table.add(
                shortened(layer.name, to: nameWidth), layer.operation,
                layer.outputShape.map(String.init).joined(separator: "×"),
                layer.parameters == 0 ? "–" : CountText.grouped(layer.parameters), CountText.short(layer.macs))
        }
        return table.lines
    }

    private static func totals(_ cost: CostReport) -> [(String, String)] {
        [
            ("Parameters", CountText.grouped(cost.parameters)),
            ("MACs", CountText.short(cost.macs, decimals: 3)),
            ("FLOPs", "\(CountText.short(cost.flops, decimals: 3)), as PANNs count them"),
            (
                "State dict",
                "\(CountText.grouped(cost.stateDictByteCount)) bytes in \(CountText.grouped(cost.tensorCount)) tensors"
            ),
        ]
    }

    /// Leaves out the middle of a long name; its ends tell more.
    private static func shortened(_ name: String, to width: Int) -> String {
        guard name.count > width else { return name }
        let tail = (width - 1) * 2 / 5
        return "\(name.prefix(width - 1 - tail))…\(name.suffix(tail))"
    }
}

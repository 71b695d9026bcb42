import EPANNs
import EPANNsHub

/// A row of the paper's Table 1 beside what is here.
struct PaperComparison: Encodable {
    var system: String
    var paperParametersMillions: Double
    var paperMeanAveragePrecision: Double
    /// Architectures here, one for each network of an ensemble.
    var architectures: [String]
    /// Parameters that scores depend on.
    var parameters: Int
    var macs: Int
    /// Of the published weights that run here, as their authors state it; nil where none were published.
    var meanAveragePrecision: Double?
    /// Why the parameters differ; nil where they do not.
    var difference: String?

    init(_ row: PaperSystem, seconds: Double) throws {
        let cost = try row.cost(seconds: seconds)
        system = row.name
        paperParametersMillions = row.printedMillions
        paperMeanAveragePrecision = row.meanAveragePrecision
        architectures = row.members
        parameters = cost.parameters
        macs = cost.macs
        meanAveragePrecision = row.publishedMeanAveragePrecision
        difference = row.difference
    }
}

/// The text form of the comparison with Table 1.
enum PaperText {
    static func lines(_ rows: [PaperComparison], seconds: Double, width: Int) -> [String] {
        var table = TextTable([
            ("SYSTEM", .left), ("PAPER, M", .right), ("HERE", .right), ("", .left), ("PAPER, MAP", .right),
            ("WEIGHTS", .right), ("GMAC", .right),
        ])
        var notes: [String] = []
        for row in rows {
            let mark = row.difference.map { text in
                notes.append(text)
                return "[\(notes.count)]"
            }
            table.add(
                row.system, number(row.paperParametersMillions), CountText.grouped(row.parameters), mark ?? "",
                CountText.fixed(row.paperMeanAveragePrecision, decimals: 3),
                row.meanAveragePrecision.map { CountText.fixed($0, decimals: 3) } ?? "none",
                CountText.fixed(Double(row.macs) / 1e9, decimals: 2))
        }
        let title =
            "Table 1 of “E-PANNs” (Singh, Liu, Plumbley 2023), parameters in millions, beside the networks here: parameters, "
            + "mAP on AudioSet as the authors of the published weights state it, and operations for a clip of "
            + "\(CountText.seconds(seconds)) s."
        let explained = notes.enumerated().flatMap { index, text in
            TextWrap.lines(text, width: width - 4).enumerated().map { line, text in
                (line == 0 ? "[\(index + 1)]" : "").padded(to: 4) + text
            }
        }
        return TextWrap.lines(title, width: width) + [""] + table.lines + [""] + explained
    }

    /// Without zeros at the end.
    private static func number(_ value: Double) -> String { CountText.seconds(value) }
}

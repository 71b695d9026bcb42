import EPANNs
import EPANNsCore
import EPANNsEvaluation

/// An evaluation as people read it.
enum EvaluationText {
    static func lines(_ report: EvaluationReport) -> [String] {
        var sections = [[heading(report)], means(report)]
        if let parts = report.parts { sections.append(partTable(parts)) }
        sections.append(classTable(report))
        let notes = notes(report)
        if !notes.isEmpty { sections.append(notes) }
        return Array(sections.joined(separator: [""]))
    }

    private static func heading(_ report: EvaluationReport) -> String {
        let subject = report.subject
        let precision = subject?.precision.map { " (\($0))" } ?? ""
        return "\(subject?.model ?? "The model")\(precision) on \(subject?.data ?? "the data"): "
            + CountText.of(report.clipCount, "clip") + ", " + report.classCount.counted("class")
    }

    private static func means(_ report: EvaluationReport) -> [String] {
        var rows: [(String, String, String)] = []
        if let single = report.singleLabel {
            rows.append(
                (
                    "accuracy", share(single.accuracy),
                    "\(CountText.grouped(single.correctCount)) of \(CountText.of(report.clipCount, "clip"))"
                ))
            rows.append(("balanced accuracy", share(single.balancedAccuracy), "mean over classes"))
            rows.append(("macro F1", share(single.macroF1), "of the best-scoring class"))
        }
        let averaged = { (count: Int) in
            count == report.classCount ? "" : "over \(count.counted(of: report.classCount, "class"))"
        }
        rows.append(("mAP", share(report.meanAveragePrecision), averaged(report.averagedClassCount)))
        rows.append(("mAUC", share(report.meanAUC), averaged(report.areaAveragedClassCount)))
        let infinite = report.meanAUC == 1 ? "∞" : report.meanAUC == 0 ? "-∞" : "–"
        rows.append(("d′", report.dPrime.map { CountText.fixed($0, decimals: 3) } ?? infinite, ""))
        rows.append(("lwlrap", share(report.labelRankingPrecision), ""))
        let decisions = report.decisions
        let threshold = "\(decisions.threshold)"
        rows.append(
            (
                "F1, macro", share(decisions.macroF1),
                "at a score of \(threshold); precision \(share(decisions.macroPrecision)), recall "
                    + share(decisions.macroRecall)
            ))
        rows.append(
            (
                "F1, micro", share(decisions.microF1),
                "at a score of \(threshold); precision \(share(decisions.microPrecision)), recall "
                    + share(decisions.microRecall)
            ))
        if let teacher = report.teacher {
            rows.append(("best class", share(teacher.topAgreement), "of the clips: the same as \(teacher.teacher)'s"))
            rows.append(("best three", share(teacher.topThreeAgreement), "of the clips: that is among them"))
            rows.append(("correlation", share(teacher.meanCorrelation), "of the scores with its, mean over clips"))
        }
        let titleWidth = rows.map(\.0.count).max() ?? 0
        let numberWidth = rows.map(\.1.count).max() ?? 0
        return rows.map { title, number, note in
            let line = title.padded(to: titleWidth) + "  " + number.padded(to: numberWidth, left: true)
            return note.isEmpty ? line : "\(line)  \(note)"
        }
    }

    private static func partTable(_ parts: [EvaluationReport.PartResult]) -> [String] {
        let hasAccuracy = parts.allSatisfy { $0.correctCount != nil }
        var columns: [(String, TextTable.Alignment)] = [("FOLD", .left), ("CLIPS", .right)]
        if hasAccuracy { columns += [("RIGHT", .right), ("ACCURACY", .right)] }
        var table = TextTable(columns + [("mAP", .right)])
        for part in parts {
            var cells = [part.name, CountText.grouped(part.clipCount)]
            if hasAccuracy, let correct = part.correctCount {
                cells += [CountText.grouped(correct), share(Double(correct) / Double(part.clipCount))]
            }
            table.rows.append(cells + [share(part.meanAveragePrecision)])
        }
        return table.lines
    }

    /// All classes of small sets, else those with the least and the highest average precision.
    private static func classTable(_ report: EvaluationReport) -> [String] {
        let present = report.classes.indices.filter { report.classes[$0].positiveCount > 0 }
            .sorted { first, second in
                let (a, b) = (report.classes[first], report.classes[second])
                return (a.averagePrecision ?? 0, b.name) > (b.averagePrecision ?? 0, a.name)
            }
        let confusion = report.singleLabel?.confusion
        var table = TextTable(
            [("CLASS", .left), ("CLIPS", .right), ("AP", .right), ("AUC", .right)]
                + (confusion == nil
                    ? [("PRECISION", .right), ("RECALL", .right), ("F1", .right)]
                    : [("RIGHT", .right), ("MOST OFTEN TAKEN FOR", .left)]))
        func add(_ index: Int) {
            let result = report.classes[index]
            let cells = [
                result.name, CountText.grouped(result.positiveCount), share(result.averagePrecision),
                share(result.areaUnderROC),
            ]
            guard let row = confusion?.counts[index] else {
                table.rows.append(cells + [share(result.precision), share(result.recall), share(result.f1)])
                return
            }
            let wrong = row.indices.filter { $0 != index && row[$0] > 0 }.max { row[$0] < row[$1] }
            table.rows.append(
                cells + [
                    CountText.grouped(row[index]), wrong.map { "\(report.classes[$0].name) \(row[$0])×" } ?? "",
                ])
        }
        guard present.count > 40 else {
            present.forEach(add)
            return table.lines
        }
        present.prefix(10).forEach(add)
        present.suffix(10).forEach(add)
        var lines = table.lines
        lines.insert("… \(present.count - 20) more; --per-class FILE writes them all …", at: 11)
        return lines
    }

    private static func notes(_ report: EvaluationReport) -> [String] {
        var notes: [String] = []
        func add(_ names: [String], _ one: String, _ many: String) {
            guard !names.isEmpty else { return }
            let shown = names.prefix(5).joined(separator: ", ")
            let rest = names.count > 5 ? " and \(names.count - 5) more" : ""
            notes.append(
                "\(names.count.counted(of: report.classCount, "class")) \(names.count == 1 ? one : many): \(shown)\(rest)."
            )
        }
        add(
            report.classesWithoutPositives, "occurs in no clip and is in no mean", "occur in no clip and are in no mean"
        )
        add(
            report.classesWithoutNegatives, "occurs in every clip and has no AUC", "occur in every clip and have no AUC"
        )
        return notes
    }

    private static func share(_ value: Double?) -> String { value.map { CountText.fixed($0, decimals: 3) } ?? "–" }
}

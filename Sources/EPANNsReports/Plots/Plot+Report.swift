import EPANNsEvaluation
import EPANNsCore
import EPANNsGraph

extension Plot {
    /// The classes' average precisions, those without positives left out.
    ///
    /// - Throws: As ``classBars(title:valueTitle:bars:)``.
    public static func classBars(of report: EvaluationReport) throws -> Plot {
        let bars = report.classes.compactMap { result in
            result.averagePrecision.map { (name: result.name, value: $0, clipCount: result.positiveCount) }
        }
        return try classBars(
            title: "Average precision by class (mean \(fixed(report.meanAveragePrecision)))",
            valueTitle: "average precision (0…1)", bars: bars)
    }

    /// The confusion matrix of a single-label set.
    ///
    /// - Throws: `EPANNsError` with code `invalidConfiguration` for a set with several labels a clip, and as
    ///   ``confusion(title:matrix:classNames:)``.
    public static func confusion(of report: EvaluationReport) throws -> Plot {
        guard let single = report.singleLabel else {
            throw EPANNsError(
                .invalidConfiguration, "Only sets with exactly one class a clip have a confusion matrix.")
        }
        return try confusion(
            title: "Confusion: \(single.correctCount) of \(report.clipCount) clips right", matrix: single.confusion,
            classNames: report.classes.map(\.name))
    }

    /// Finds out whether plots can be drawn on this machine.
    ///
    /// - Throws: `EPANNsError` with code `backendFailure` when gnuplot is missing; the message says how to install it.
    public static func checkTool() throws { _ = try Gnuplot.executable() }
}

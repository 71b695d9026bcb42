/// A model's scores of a data set beside what is true: what metrics and thresholds are made of.
public struct Evaluation: Sendable {
    /// Scores by clip of the data set; failures are those of either model where a teacher tells the truth.
    public var scores: ClipScores
    /// The clips that have scores, and what is true of them.
    public var clips: ScoredClips
    /// Indices of ``clips`` in the data set.
    public var done: [Int]
    /// Whether each clip has exactly one class.
    public var isSingleLabel: Bool
    /// The fold of each of ``clips``; nil where there are none.
    public var parts: [String]?
    /// The model and the data.
    public var subject: EvaluationReport.Subject
    /// How closely the model follows the teacher that told the truth; nil where labels did.
    public var teacher: TeacherComparison?

    /// All metrics.
    ///
    /// - Parameter threshold: From which score on a class counts as found.
    public func report(threshold: Float = 0.5) -> EvaluationReport {
        var report = EvaluationReport(
            clips, isSingleLabel: isSingleLabel, threshold: threshold, parts: parts, subject: subject)
        report.teacher = teacher
        return report
    }
}

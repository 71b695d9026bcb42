import EPANNs
import EPANNsCore
import EPANNsData
import EPANNsProcesses

/// Runs a model over a data set and compares what it says with what is true.
///
///     let set = try DataSet.read("esc10.csv")
///     let truth = Evaluator.Truth.labels(try ClassMapping(data: set.labels, model: tagger.labels))
///     let evaluation = try Evaluator(tagger: tagger, set: set, truth: truth).evaluate(jobs: 4)
///     print(evaluation?.report().meanAveragePrecision ?? 0)
///
/// Tests: `EvaluatorTests`.
public struct Evaluator: Sendable {
    /// What is taken for true of a clip.
    public enum Truth: Sendable {
        /// The data's classes, by the model's outputs that stand for them.
        case labels(ClassMapping)
        /// The classes that another model gives at least this score.
        case teacher(AudioTagger, threshold: Float)
    }

    /// What a person should know before.
    public let notes: [String]
    /// How many times each clip is heard: once a model.
    public var passCount: Int { if case .teacher = truth { 2 } else { 1 } }

    private let tagger: AudioTagger
    private let set: DataSet
    private let truth: Truth
    private let clipSeconds: Double?

    /// Prepares an evaluation.
    ///
    /// - Parameters:
    ///   - tagger: The model.
    ///   - set: The clips.
    ///   - truth: What the model's scores are compared with.
    ///   - clipSeconds: Length to which clips are cut and filled up; nil for clips as they are.
    /// - Throws: `EPANNsError` with code `invalidConfiguration` when a teacher knows other classes.
    public init(tagger: AudioTagger, set: DataSet, truth: Truth, clipSeconds: Double? = nil) throws {
        (self.tagger, self.set, self.truth, self.clipSeconds) = (tagger, set, truth, clipSeconds)
        switch truth {
        case .labels(let mapping): notes = mapping.notes
        case .teacher(let teacher, _):
            guard teacher.labels.labels.map(\.name) == tagger.labels.labels.map(\.name) else {
                throw EPANNsError(
                    .invalidConfiguration,
                    "\(teacher.modelName) knows other classes (\(teacher.labels.count)) than \(tagger.modelName) "
                        + "(\(tagger.labels.count)); a teacher must know the same, in the same order.")
            }
            let isItself = teacher.identity.sha256.map { $0 == tagger.identity.sha256 } ?? false
            notes =
                isItself
                ? ["The teacher is the model itself, which agrees with itself: the numbers say nothing of its quality."]
                : []
        }
    }

    /// Scores all clips and compares.
    ///
    /// - Parameters:
    ///   - jobs: Clips that one process scores side by side.
    ///   - group: The processes that share the clips.
    ///   - progress: Is told of each clip, ``passCount`` times.
    /// - Returns: Nil in all processes but the first.
    /// - Throws: As ``ClipScorer/scores(mapping:jobs:group:progress:)``, and `EPANNsError` with code
    ///   `invalidConfiguration` when nothing is true of any clip.
    public func evaluate(
        jobs: Int, group: any Communicator = SoloCommunicator(),
        progress: @escaping ClipScorer.Progress = { _ in }
    ) throws -> Evaluation? {
        func scores(_ tagger: AudioTagger, _ mapping: ClassMapping?) throws -> ClipScores? {
            try ClipScorer(tagger: tagger, set: set, clipSeconds: clipSeconds)
                .scores(mapping: mapping, jobs: jobs, group: group, progress: progress)
        }
        switch truth {
        case .labels(let mapping): return try scores(tagger, mapping).map(compare)
        case .teacher(let teacher, let threshold):
            let (theirs, own) = try (scores(teacher, nil), scores(tagger, nil))
            guard let theirs, let own else { return nil }
            return try compare(own, with: theirs, of: teacher, threshold)
        }
    }

    private func compare(_ scores: ClipScores) throws -> Evaluation {
        let done = scores.done
        let clips = try ScoredClips(
            scores: scores.values(of: done),
            targets: done.flatMap { clip in
                let classes = Set(set.clips[clip].classes)
                return (0..<set.classCount).map(classes.contains)
            },
            classNames: set.labels.labels.map(\.name))
        return Evaluation(
            scores: scores, clips: clips, done: done, isSingleLabel: set.isSingleLabel, parts: set.parts(of: done),
            subject: subject(scores))
    }

    private func compare(
        _ own: ClipScores, with theirs: ClipScores, of teacher: AudioTagger, _ threshold: Float
    ) throws -> Evaluation {
        var merged = own
        // What one model cannot read the other one mostly cannot, either; a clip may be too long for one only.
        let known = Set(own.failures.map(\.clip))
        merged.failures = (own.failures + theirs.failures.filter { !known.contains($0.clip) })
            .sorted { $0.clip < $1.clip }
        // A clip that failed has no scores, whichever of the two models it was.
        for failure in theirs.failures { merged.rows[failure.clip] = nil }
        let done = own.rows.indices.filter { own.rows[$0] != nil && theirs.rows[$0] != nil }
        let (scores, truth) = (own.values(of: done), theirs.values(of: done))
        guard truth.contains(where: { $0 >= threshold }) else {
            throw EPANNsError(
                .invalidConfiguration, "\(teacher.modelName) gives no class of any clip \(threshold) or more.",
                remedy: .lowerTeacherThreshold)
        }
        let identity = teacher.identity
        return Evaluation(
            scores: merged,
            clips: try ScoredClips(
                scores: scores, targets: truth.map { $0 >= threshold },
                classNames: tagger.labels.labels.map(\.name)),
            done: done, isSingleLabel: false, parts: set.parts(of: done), subject: subject(merged),
            teacher: TeacherComparison(
                scores: scores, teacherScores: truth, classCount: tagger.labels.count, teacher: identity.name,
                teacherSHA256: identity.sha256, threshold: threshold))
    }

    private func subject(_ scores: ClipScores) -> EvaluationReport.Subject {
        let identity = tagger.identity
        return .init(
            model: identity.name, modelSHA256: identity.sha256, precision: tagger.precision.rawValue,
            dataDigest: set.digest, failedClipCount: scores.failures.count,
            program: "epanns \(EPANNsVersion.current)")
    }
}

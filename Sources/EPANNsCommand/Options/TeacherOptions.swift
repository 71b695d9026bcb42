import ArgumentParser
import EPANNs
import EPANNsCore
import EPANNsData
import EPANNsEvaluation
import EPANNsProcesses
import EPANNsTraining
import Foundation

/// A model whose word is taken for the truth.
struct TeacherOptions: ParsableArguments {
    @Option(
        name: .customLong("teacher"),
        help: ArgumentHelp("Take this model's decisions for the truth instead of labels.", valueName: "file|name"),
        completion: .file(extensions: ["safetensors", "pt", "pth", "bin"]))
    var name: String?

    @Option(
        name: .customLong("teacher-threshold"),
        help: ArgumentHelp("From which score on the teacher means yes.", valueName: "score"))
    var threshold: Float = 0.5

    func validate() throws {
        if !(threshold > 0 && threshold < 1) { throw ValidationError("--teacher-threshold must lie between 0 and 1.") }
    }

    /// What the two models said of the clips that both could tag.
    struct Pair {
        /// What the model said; failures are those of either.
        var student: ClipScorer.Scored
        var clips: ScoredClips
        var comparison: TeacherComparison
        /// Indices of the clips in ``clips``.
        var done: [Int]
    }

    /// Tags all clips with both models.
    ///
    /// - Returns: Nil in all processes but the first.
    /// - Throws: `EPANNsError` with code `invalidConfiguration` when the teacher knows other classes or hears nothing.
    func score(
        _ tagger: AudioTagger, _ set: DataSet, _ split: WorkSplit, _ group: any Communicator, clipSeconds: Double?,
        precision: PrecisionChoice
    ) throws -> Pair? {
        let other = try AudioTagger(
            model: ModelSource(name).model(), options: .init(precision: precision, threads: split.threads))
        for note in other.modelNotes { StandardError.write(note) }
        guard other.labels.labels.map(\.name) == tagger.labels.labels.map(\.name) else {
            throw EPANNsError(
                .invalidConfiguration,
                "\(other.modelName) knows other classes (\(other.labels.count)) than \(tagger.modelName) "
                    + "(\(tagger.labels.count)); a teacher must know the same, in the same order.")
        }
        try other.requireAgreement(group)
        let all = try ClassMapping(data: tagger.labels, model: tagger.labels)
        func scores(_ tagger: AudioTagger) throws -> ClipScorer.Scored? {
            try ClipScorer(tagger: tagger, mapping: all, set: set, clipSeconds: clipSeconds)
                .score(jobs: split.jobs, group: group)
        }
        let (teacher, student) = try (scores(other), scores(tagger))
        guard let teacher, let student else { return nil }
        var merged = student
        // What one model cannot read the other one mostly cannot, either; a clip may be too long for one only.
        let known = Set(student.failures.map(\.index))
        merged.failures = (student.failures + teacher.failures.filter { !known.contains($0.index) })
            .sorted { $0.index < $1.index }
        let done = student.rows.indices.filter { student.rows[$0] != nil && teacher.rows[$0] != nil }
        let own = done.compactMap { student.rows[$0] }.flatMap(\.self)
        let truth = done.compactMap { teacher.rows[$0] }.flatMap(\.self)
        guard truth.contains(where: { $0 >= threshold }) else {
            throw EPANNsError(
                .invalidConfiguration,
                "\(other.modelName) gives no class of any clip \(threshold) or more; take a lower --teacher-threshold.")
        }
        let identity = other.identity
        return Pair(
            student: merged,
            clips: try ScoredClips(
                scores: own, targets: truth.map { $0 >= threshold }, classNames: tagger.labels.labels.map(\.name)),
            comparison: TeacherComparison(
                scores: own, teacherScores: truth, classCount: tagger.labels.count, teacher: identity.name,
                teacherSHA256: identity.sha256, threshold: threshold),
            done: done)
    }
}

import ArgumentParser
import EPANNs
import EPANNsCore
import EPANNsData
import EPANNsEvaluation
import EPANNsProcesses
import EPANNsReports
import EPANNsTraining
import Foundation

/// `epanns evaluate`: how well a model does on clips whose classes are known.
struct EvaluateCommand: ParsableCommand, SharedCommand {
    static let configuration = CommandConfiguration(
        commandName: "evaluate",
        abstract: "Measures a model on a labelled data set.",
        discussion: """
            Tags every clip and compares: mAP (mean average precision), mAUC (mean area under the ROC curve), d′ (of \
            that mean), lwlrap; precision, recall and F1 at a threshold; for sets with one class a clip, accuracy and \
            confusion. Classes that no clip has are left out of every mean, and said.

            The table is a CSV with the columns filename and category (or labels, several separated by “;”), and \
            perhaps fold; an AudioSet segment list; or one of PANNs' HDF5 packs. Clips that cannot be read are \
            reported at the end and are in none of the numbers; the exit status is then 1.

            A model that has not the data's classes can be judged all the same: --map names, for each class, the \
            model's labels that stand for it, and the best of them counts.

            Without labels, --teacher takes another model's word: classes that it scores at least --teacher-threshold \
            are the truth, and it is said how often both name the same class and how their scores correlate. “epanns \
            calibrate” finds each class's best threshold in the same ways.

            Several processes, on one machine or more, share the clips: mpirun -n N epanns evaluate … (needs a build \
            with MPI: swift build --traits MPI).

            EXAMPLES
              epanns evaluate -m run/best.safetensors --data esc10.csv --folds 5
              epanns evaluate -m mn04 --data esc10.csv --audio clips --map maps.json
              epanns evaluate -m epanns --data eval.csv --per-class classes.csv
              epanns evaluate -m small.safetensors --teacher mn04 --data clips.csv
              epanns evaluate -m mn04 --data t.csv --confusion t.svg --format json
            """)

    enum Format: String, ExpressibleByArgument, CaseIterable {
        case text, json
    }

    /// `DataSet.MissingFiles` as an argument.
    enum MissingFiles: String, ExpressibleByArgument, CaseIterable {
        case fail, skip, silence
    }

    @OptionGroup(title: "Model") var model: ModelOptions
    @OptionGroup(title: "Teacher") var teacher: TeacherOptions

    @OptionGroup(title: "Data") var table: ClipTableOptions

    @Option(
        help: """
            Recordings that are not there: fail stops, skip leaves them out, silence takes them as PANNs' packs do \
            (default: silence for AudioSet's segment lists, fail for other tables).
            """)
    var missing: MissingFiles?

    @Option(
        help: ArgumentHelp(
            "JSON with the model's labels for each class of the data: {\"dog\": [\"Bark\", \"Yip\"], …}.",
            valueName: "file"),
        completion: .file(extensions: ["json"]))
    var map: String?

    @Option(
        help: ArgumentHelp(
            "Take the first so many seconds of every clip, with silence behind shorter ones (default: clips as they are).",
            valueName: "seconds"))
    var clipSeconds: Double?

    @Option(help: ArgumentHelp("A score of at least this means yes.", valueName: "score"))
    var threshold: Float = 0.5

    @Option(name: .shortAndLong, help: "text for people, json for programs.")
    var format = Format.text

    @Option(
        name: .shortAndLong,
        help: ArgumentHelp("Write the report as JSON into this file, too.", valueName: "file"), completion: .file())
    var output: String?

    @Option(help: ArgumentHelp("Write the classes' results as CSV.", valueName: "file"), completion: .file())
    var perClass: String?

    @Option(
        help: ArgumentHelp("Draw the classes' average precisions (.svg, .png; gnuplot).", valueName: "file"),
        completion: .file())
    var bars: String?

    @Option(
        help: ArgumentHelp(
            "Draw the confusion matrix (.svg, .png; gnuplot); for sets with one class a clip.", valueName: "file"),
        completion: .file())
    var confusion: String?

    @Option(
        help: ArgumentHelp(
            "Write the scores as NumPy array (clips × classes), in the table's order; clips that failed are NaN.",
            valueName: "file"),
        completion: .file())
    var scores: String?

    @Option(
        name: .shortAndLong,
        help: ArgumentHelp("Clips that are tagged side by side (default: the cores).", valueName: "n"))
    var jobs: Int?

    func validate() throws {
        if let jobs, !(1...1024).contains(jobs) { throw ValidationError("--jobs must lie in 1…1024.") }
        if let clipSeconds, !(clipSeconds > 0 && clipSeconds <= 3600) {
            throw ValidationError("--clip-seconds must lie above 0 and be at most 3600.")
        }
        if teacher.name != nil && map != nil {
            throw ValidationError("--map says what labels mean; with --teacher no labels are looked at.")
        }
        if teacher.name != nil && confusion != nil {
            throw ValidationError(
                "--confusion needs one class a clip, but a teacher hears several. --bars draws the classes.")
        }
        if !threshold.isFinite { throw ValidationError("--threshold must be a number.") }
    }

    func run() throws {
        let group = try ProcessGroup.current()
        let set = try table.dataSet(
            ignoresClasses: teacher.name != nil, missing: missing.flatMap { .init(rawValue: $0.rawValue) })
        if group.rank == 0 { try checkOutputs(set, isSingleLabel: set.isSingleLabel) }
        let units = (set.clips.count + group.count - 1) / group.count
        let split = model.split(units: units, jobs: jobs, cores: group.coreCount)
        let tagger = try model.tagger(split)
        if teacher.name != nil { return try follow(tagger, set, split, group) }
        let mapping =
            try map.map {
                try ClassMapping(
                    map: ClassMapping.readMap(path: $0, for: set.labels), data: set.labels, model: tagger.labels)
            } ?? ClassMapping(data: set.labels, model: tagger.labels)
        for note in set.notes + mapping.notes { StandardError.write(note) }
        let scorer = try ClipScorer(tagger: tagger, mapping: mapping, set: set, clipSeconds: clipSeconds)
        try tagger.requireAgreement(group, data: set)
        guard let scored = try scorer.score(jobs: split.jobs, group: group) else { return }
        try writeScores(scored, classCount: set.classCount)
        let report = try report(scored, of: set, tagger: tagger)
        try write(report)
        try scored.reportFailures(of: set.clips.count)
    }

    /// Compares with the teacher's scores instead of labels.
    private func follow(
        _ tagger: AudioTagger, _ set: DataSet, _ split: WorkSplit, _ group: any Communicator
    ) throws {
        for note in set.notes { StandardError.write(note) }
        try tagger.requireAgreement(group, data: set)
        guard
            let pair = try teacher.score(
                tagger, set, split, group, clipSeconds: clipSeconds, precision: model.precision)
        else { return }
        try writeScores(pair.student, classCount: tagger.labels.count)
        var report = EvaluationReport(
            pair.clips, isSingleLabel: false, threshold: threshold, parts: set.parts(of: pair.done),
            subject: subject(tagger, failures: pair.student.failures.count))
        report.teacher = pair.comparison
        try write(report)
        try pair.student.reportFailures(of: set.clips.count)
    }

    private func writeScores(_ scored: ClipScorer.Scored, classCount: Int) throws {
        guard let scores else { return }
        let missing = [Float](repeating: .nan, count: classCount)
        try NumPyFile.write(
            scored.rows.flatMap { $0 ?? missing }, shape: [scored.rows.count, classCount], to: scores)
    }

    /// What can be known to go wrong is said before minutes of work.
    private func checkOutputs(_ set: DataSet, isSingleLabel: Bool) throws {
        try OutputFile.checkPlots([bars, confusion].compactMap(\.self))
        for path in [output, perClass, scores].compactMap(\.self) { try OutputFile.checkFolder(of: path) }
        guard confusion != nil else { return }
        guard isSingleLabel else {
            throw EPANNsError(
                .invalidConfiguration,
                "--confusion needs a set with one class a clip; this one has several. --bars draws the classes.")
        }
        guard set.classCount <= Plot.maximumConfusionClassCount else {
            throw EPANNsError(
                .invalidConfiguration,
                "A confusion matrix of \(set.classCount) classes cannot be read as a picture (at most "
                    + "\(Plot.maximumConfusionClassCount)); the JSON report has its numbers.")
        }
    }

    private func report(_ scored: ClipScorer.Scored, of set: DataSet, tagger: AudioTagger) throws -> EvaluationReport {
        let done = scored.rows.indices.filter { scored.rows[$0] != nil }
        var targets: [Bool] = []
        for index in done {
            let classes = Set(set.clips[index].classes)
            targets += (0..<set.classCount).map(classes.contains)
        }
        let clips = try ScoredClips(
            scores: scored.rows.compactMap(\.self).flatMap(\.self), targets: targets,
            classNames: set.labels.labels.map(\.name))
        return EvaluationReport(
            clips, isSingleLabel: set.isSingleLabel, threshold: threshold, parts: set.parts(of: done),
            subject: subject(tagger, failures: scored.failures.count))
    }

    private func subject(_ tagger: AudioTagger, failures: Int) -> EvaluationReport.Subject {
        let identity = tagger.identity
        return .init(
            model: identity.name, modelSHA256: identity.sha256, precision: tagger.precision.rawValue,
            data: (table.data as NSString).lastPathComponent, failedClipCount: failures)
    }

    private func write(_ report: EvaluationReport) throws {
        try output.map(report.write)
        if let perClass {
            var text = report.classCSV
            try text.withUTF8 { try AtomicFile.write(UnsafeRawBufferPointer($0), to: perClass) }
        }
        try bars.map { try Plot.classBars(of: report).write(to: $0) }
        try confusion.map { try Plot.confusion(of: report).write(to: $0) }
        switch format {
        case .text: try StandardOutput.writeLines(EvaluationText.lines(report))
        case .json: try StandardOutput.write(report.json())
        }
    }
}

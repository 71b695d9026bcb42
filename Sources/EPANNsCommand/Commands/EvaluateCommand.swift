import ArgumentParser
import EPANNs
import EPANNsCore
import EPANNsData
import EPANNsEvaluation
import EPANNsReports
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
            are the truth, and it is said how often both name the same class and how their scores correlate; a table \
            with the column filename is enough. “epanns calibrate” finds each class's best threshold in the same ways.

            Several processes, on one machine or more, share the clips: mpirun -n N epanns evaluate … (needs a build \
            with MPI: swift build --traits MPI).

            EXAMPLES
              epanns evaluate -m run/best.safetensors --data esc10.csv --folds 5
              epanns evaluate -m mn04 --data esc10.csv --audio clips --map maps.json
              epanns evaluate -m epanns --data eval.csv --per-class classes.csv
              epanns evaluate -m small.safetensors --teacher mn04 --data clips.csv
              epanns evaluate -m mn04 --data t.csv --confusion t.svg --format json
            """)

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

    @OptionGroup var classMap: ClassMapOption

    @Option(
        help: ArgumentHelp(
            "Take the first so many seconds of every clip, with silence behind shorter ones (default: clips as "
                + "they are; those over 30 s by the mean of windows of 10 s).",
            valueName: "seconds"))
    var clipSeconds: Double?

    @Option(help: ArgumentHelp("A score of at least this means yes.", valueName: "score"))
    var threshold: Float = 0.5

    @OptionGroup var format: FormatOption<ReportFormat>

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
        if teacher.isGiven && classMap.map != nil {
            throw ValidationError("--map says what labels mean; with --teacher no labels are looked at.")
        }
        if teacher.isGiven && confusion != nil {
            throw ValidationError(
                "--confusion needs one class a clip, but a teacher hears several. --bars draws the classes.")
        }
        if !threshold.isFinite { throw ValidationError("--threshold must be a number.") }
    }

    func run() throws {
        let group = try ProcessGroup.current()
        let set = try table.dataSet(
            ignoresClasses: teacher.isGiven, missing: missing.flatMap { .init(rawValue: $0.rawValue) })
        if group.rank == 0 { try checkOutputs(set) }
        let units = (set.clips.count + group.count - 1) / group.count
        let split = model.split(units: units, jobs: jobs, cores: group.coreCount)
        let tagger = try model.tagger(split)
        let truth: Evaluator.Truth =
            if let teacher = try teacher.tagger(split, precision: model.precision, group: group) {
                .teacher(teacher, threshold: self.teacher.threshold)
            } else {
                .labels(try classMap.mapping(set, tagger.labels))
            }
        let evaluator = try Evaluator(tagger: tagger, set: set, truth: truth, clipSeconds: clipSeconds)
        for note in set.notes + evaluator.notes { StandardError.write(note) }
        try tagger.requireAgreement(group, data: set)
        let progress = ProgressBar(total: set.clips.count * evaluator.passCount, isShared: group.count > 1)
        defer { progress.finish() }
        guard
            var evaluation = try evaluator.evaluate(
                jobs: split.jobs, group: group, progress: { progress.advance(audioSeconds: $0) })
        else { return }
        progress.finish()
        try table.identify(set, in: &evaluation.subject)
        evaluation.subject.date = Date().ISO8601Format()
        try write(evaluation)
        try evaluation.scores.failures.report(of: set.clips.count, in: Self.self)
    }

    /// What can be known to go wrong is said before minutes of work.
    private func checkOutputs(_ set: DataSet) throws {
        try OutputFile.checkPlots([bars, confusion].compactMap(\.self))
        for path in [output, perClass, scores].compactMap(\.self) { try OutputFile.checkFolder(of: path) }
        guard confusion != nil else { return }
        guard set.isSingleLabel else {
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

    private func write(_ evaluation: Evaluation) throws {
        let report = evaluation.report(threshold: threshold)
        if let scores {
            let classCount = evaluation.clips.classCount
            try NumPyFile.write(
                evaluation.scores.matrix(classCount: classCount), shape: [evaluation.scores.rows.count, classCount],
                to: scores)
        }
        try output.map(report.write)
        if let perClass {
            var text = report.classCSV
            try text.withUTF8 { try AtomicFile.write(UnsafeRawBufferPointer($0), to: perClass) }
        }
        try bars.map { try Plot.classBars(of: report).write(to: $0) }
        try confusion.map { try Plot.confusion(of: report).write(to: $0) }
        switch format.format {
        case .text: try StandardOutput.writeLines(EvaluationText.lines(report))
        case .json: try StandardOutput.write(report.json())
        }
    }
}

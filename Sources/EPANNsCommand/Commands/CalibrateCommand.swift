import ArgumentParser
import EPANNs
import EPANNsCore
import EPANNsEvaluation

/// `epanns calibrate`: from which score on each class counts as heard.
struct CalibrateCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "calibrate",
        abstract: "Finds each class's threshold and writes it into the model.",
        discussion: """
            A score of 0.5 means little for most networks: small or briefly trained ones stay far below it. On clips \
            whose classes are known, or for which a teacher says what is heard, this finds for each class the \
            threshold with the highest F1 of those that are right at least half of the time (--precision-floor). Classes \
            with fewer than --minimum clips, or without such a threshold, share the one that is best for them together. \
            “epanns tag --threshold auto” uses them.

            Data whose classes have other names need --map, as “epanns evaluate” takes it: the labels that stand for \
            a class get the threshold of the best of them. Take clips that the model was not trained on: with others, \
            thresholds come out too high.

            EXAMPLES
              epanns calibrate -m run/best.safetensors --data esc10.csv --folds 5 \\
                -o dogs.safetensors
              epanns calibrate -m mn04 --data esc10.csv --map maps.json \\
                -o mn04-esc10.safetensors
              epanns calibrate -m small.safetensors --teacher mn04 --data clips.csv \\
                -o small-2.safetensors
            """)

    @OptionGroup(title: "Model") var model: ModelOptions
    @OptionGroup(title: "Teacher") var teacher: TeacherOptions

    @OptionGroup(title: "Data") var table: ClipTableOptions
    @OptionGroup(title: "Data") var classMap: ClassMapOption

    @Option(help: ArgumentHelp("Clips that a class needs for a threshold of its own.", valueName: "n"))
    var minimum = ThresholdCalibration.defaultMinimumPositives

    @Option(
        help: ArgumentHelp("The share of what a threshold takes that must be right.", valueName: "share"))
    var precisionFloor = ThresholdCalibration.defaultMinimumPrecision

    @Option(help: "The new model's name in results (default: the model's).")
    var name: String?

    @Option(
        name: .shortAndLong, help: ArgumentHelp("The model with its thresholds (.safetensors).", valueName: "file"),
        completion: .file(extensions: ["safetensors"]))
    var output: String

    @Flag(help: "Replace the file to write if it exists.")
    var force = false

    func validate() throws {
        try OutputFile.checkModelName(output)
        if minimum < 1 { throw ValidationError("--minimum must be at least 1.") }
        if !(0...1).contains(precisionFloor) { throw ValidationError("--precision-floor is a share from 0 to 1.") }
        if let name, name.isEmpty { throw ValidationError("--name must not be empty.") }
        if teacher.isGiven && classMap.map != nil {
            throw ValidationError("--map says what labels mean; with --teacher no labels are looked at.")
        }
    }

    func run() throws {
        let source = try model.source()
        try OutputFile.check(output, against: source, force: force)
        let set = try table.dataSet(ignoresClasses: teacher.isGiven)
        let split = model.split(units: set.clips.count)
        var calibrated = try source.model(architecture: model.architecture)
        let tagger = try model.tagger(split, of: calibrated)
        let truth: Calibrator.Truth =
            if let teacher = try teacher.tagger(split, precision: model.precision) {
                .teacher(teacher, threshold: self.teacher.threshold)
            } else if let mapping = try classMap.given(set, tagger.labels) {
                .map(mapping)
            } else {
                .labels
            }
        let calibrator = try Calibrator(tagger: tagger, set: set, truth: truth)
        for note in set.notes + calibrator.notes { StandardError.write(note) }
        let progress = ProgressBar(total: set.clips.count * calibrator.passCount)
        defer { progress.finish() }
        let result = try calibrator.calibrate(
            minimumPositives: minimum, minimumPrecision: precisionFloor, jobs: split.jobs,
            progress: { progress.advance(audioSeconds: $0) })
        progress.finish()
        if let name { calibrated.name = name }
        calibrated.thresholds = result.thresholds
        calibrated.recordProvenance(convertedBy: "epanns \(EPANNsVersion.current)")
        calibrated.record(
            .calibrated,
            details: [
                "reference": result.thresholds.reference, "clips": "\(result.thresholds.clipCount)",
                "classes": "\(result.thresholds.ownCount)",
            ], by: "epanns \(EPANNsVersion.current)", date: nil)
        // As it was: thresholds are for the very weights that gave the scores.
        try calibrated.write(to: output, dataType: calibrated.storedDataType)
        try StandardOutput.writeLines(
            lines(result) + ["Wrote \(output), \(ByteText.short(MappedFile(path: output).bytes.count))"])
        try result.failures.report(of: set.clips.count, in: Self.self)
    }

    private func lines(_ result: Calibrator.Result) -> [String] {
        func number(_ value: Float) -> String { CountText.fixed(Double(value), decimals: 3) }
        func f1(_ counts: [DecisionCounts]) -> String {
            let all = counts.reduce(DecisionCounts(), +)
            return "\(CountText.fixed(all.f1, decimals: 3)) (precision \(CountText.fixed(all.precision, decimals: 3)), "
                + "recall \(CountText.fixed(all.recall, decimals: 3)))"
        }
        let (thresholds, clips) = (result.calibration.thresholds, result.clips)
        return [
            "Thresholds of their own: \(result.thresholds.ownCount.counted(of: result.thresholds.scores.count, "class")), "
                + "from \(CountText.of(clips.clipCount, "clip")); the others share \(number(result.calibration.pooled)).",
            "Thresholds lie in \(number(thresholds.min() ?? 0))…\(number(thresholds.max() ?? 0)).",
            "F1, micro, at 0.5:         \(f1(clips.decisions(threshold: 0.5)))",
            "F1, micro, at thresholds:  \(f1(clips.decisions(thresholds: thresholds)))",
            "Both are of these clips, for which the thresholds are the best: on others expect less.",
        ]
    }
}

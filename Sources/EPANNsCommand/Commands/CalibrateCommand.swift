import ArgumentParser
import EPANNs
import EPANNsCore
import EPANNsData
import EPANNsEvaluation
import EPANNsProcesses
import EPANNsTraining
import Foundation

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

            Take clips that the model was not trained on: with others, thresholds come out too high.

            EXAMPLES
              epanns calibrate -m run/best.safetensors --data esc10.csv --folds 5 -o dogs.safetensors
              epanns calibrate -m small.safetensors --teacher mn04 --data clips.csv -o small-2.safetensors
            """)

    @OptionGroup(title: "Model") var model: ModelOptions
    @OptionGroup(title: "Teacher") var teacher: TeacherOptions

    @OptionGroup(title: "Data") var table: ClipTableOptions

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
        guard output.lowercased().hasSuffix(".safetensors") else {
            throw ValidationError("The result is a safetensors file; give it a name that ends in .safetensors.")
        }
        if minimum < 1 { throw ValidationError("--minimum must be at least 1.") }
        if !(0...1).contains(precisionFloor) { throw ValidationError("--precision-floor is a share from 0 to 1.") }
        if let name, name.isEmpty { throw ValidationError("--name must not be empty.") }
    }

    func run() throws {
        let source = try model.source()
        try OutputFile.check(output, against: source, force: force)
        let set = try table.dataSet(ignoresClasses: teacher.name != nil)
        for note in set.notes { StandardError.write(note) }
        let split = model.split(units: set.clips.count)
        var calibrated = try source.model()
        let tagger = try model.tagger(split, of: calibrated)
        let evidence = try evidence(tagger, set, split)
        let calibration = try ThresholdCalibration(
            evidence.clips, minimumPositives: minimum, minimumPrecision: precisionFloor)
        if let name { calibrated.name = name }
        var thresholds = [Float](repeating: calibration.pooled, count: tagger.labels.count)
        for (column, threshold) in zip(evidence.columns, calibration.thresholds) { thresholds[column] = threshold }
        calibrated.thresholds = ClassThresholds(
            scores: thresholds, reference: evidence.reference, clipCount: evidence.clips.clipCount,
            ownCount: calibration.ownCount)
        calibrated.recordProvenance(convertedBy: "epanns \(EPANNsVersion.current)")
        // As it was: thresholds are for the very weights that gave the scores.
        try calibrated.write(to: output, dataType: calibrated.storedDataType)
        try StandardOutput.writeLines(
            lines(calibration, evidence.clips, of: tagger.labels.count)
                + ["Wrote \(output), \(ByteText.short(MappedFile(path: output).bytes.count))"])
        try evidence.scored.reportFailures(of: set.clips.count)
    }

    /// What thresholds are found on.
    private struct Evidence {
        /// Scores of the classes of which is known where they are heard.
        var clips: ScoredClips
        /// The model's outputs that they are.
        var columns: [Int]
        var reference: String
        var scored: ClipScorer.Scored
    }

    private func evidence(_ tagger: AudioTagger, _ set: DataSet, _ split: WorkSplit) throws -> Evidence {
        let alone = SoloCommunicator()
        if teacher.name != nil {
            guard
                let pair = try teacher.score(
                    tagger, set, split, alone, clipSeconds: nil, precision: model.precision)
            else { preconditionFailure("one process is the first") }
            return Evidence(
                clips: pair.clips, columns: Array(tagger.labels.labels.indices),
                reference: "\(pair.comparison.teacher) ≥ \(teacher.threshold)", scored: pair.student)
        }
        let known = Dictionary(tagger.labels.labels.enumerated().map { ($1.name.lowercased(), $0) }) { first, _ in
            first
        }
        // Classes of the data by output; of the model's others nobody knows where they are heard.
        let found = set.labels.labels.enumerated().compactMap { index, label in
            known[label.name.lowercased()].map { (output: $0, index: index) }
        }
        guard !found.isEmpty else {
            throw EPANNsError(
                .invalidConfiguration,
                "None of the data's \(set.classCount) classes is one of \(tagger.modelName)'s \(tagger.labels.count) "
                    + "(“epanns labels --model …” lists those); use a table with its classes, or --teacher.")
        }
        if found.count < set.classCount {
            StandardError.write(
                "\(set.classCount - found.count) of the data's \(set.classCount) classes are unknown to the model and "
                    + "left out.")
        }
        let scorer = try ClipScorer(
            tagger: tagger, mapping: ClassMapping(data: tagger.labels, model: tagger.labels), set: set,
            clipSeconds: nil)
        guard let scored = try scorer.score(jobs: split.jobs, group: alone) else {
            preconditionFailure("one process is the first")
        }
        let done = scored.rows.indices.filter { scored.rows[$0] != nil }
        let targets = done.flatMap { clip -> [Bool] in
            let classes = Set(set.clips[clip].classes)
            return found.map { classes.contains($0.index) }
        }
        let scores = done.compactMap { scored.rows[$0] }.flatMap { row in found.map { row[$0.output] } }
        return Evidence(
            clips: try ScoredClips(
                scores: scores, targets: targets, classNames: found.map { tagger.labels.labels[$0.output].name }),
            columns: found.map(\.output), reference: "labels", scored: scored)
    }

    private func lines(
        _ calibration: ThresholdCalibration, _ clips: ScoredClips, of classCount: Int
    ) -> [String] {
        func f1(_ counts: [DecisionCounts]) -> String {
            let all = counts.reduce(DecisionCounts(), +)
            return "\(CountText.fixed(all.f1, decimals: 3)) (precision \(CountText.fixed(all.precision, decimals: 3)), "
                + "recall \(CountText.fixed(all.recall, decimals: 3)))"
        }
        let own = zip(calibration.thresholds, clips.classNames).sorted { $0 < $1 }
        return [
            "\(calibration.ownCount) of \(classCount) classes have thresholds of their own, from "
                + "\(clips.clipCount) clips; the others share \(CountText.fixed(Double(calibration.pooled), decimals: 3)).",
            "Thresholds lie in \(CountText.fixed(Double(own.first?.0 ?? 0), decimals: 3))…"
                + CountText.fixed(Double(own.last?.0 ?? 0), decimals: 3) + ".",
            "F1, micro, at 0.5:         \(f1(clips.decisions(threshold: 0.5)))",
            "F1, micro, at thresholds:  \(f1(clips.decisions(thresholds: calibration.thresholds)))",
            "Both are of these clips, for which the thresholds are the best: on others expect less.",
        ]
    }
}

import EPANNs
import EPANNsCore
import EPANNsData

/// Finds from which score on each of a model's classes counts as heard, on clips of which that is known.
///
/// Tests: `CalibratorTests`.
public struct Calibrator: Sendable {
    /// What is taken for true of a clip.
    public enum Truth: Sendable {
        /// The data's classes, by name; those that the model does not know are left out.
        case labels
        /// The data's classes, each by the best of some of the model's.
        ///
        /// Each of them gets the threshold of the class that it stands for, of several the highest.
        case map(ClassMapping)
        /// What another model hears.
        case teacher(AudioTagger, threshold: Float)
    }

    /// What came of it.
    public struct Result: Sendable {
        /// For the model: a threshold for each of its classes.
        public var thresholds: ClassThresholds
        /// What was found, by class of ``clips``.
        public var calibration: ThresholdCalibration
        /// The clips that thresholds were found on.
        public var clips: ScoredClips
        /// Clips that could not be scored, and are in none of the numbers.
        public var failures: [ClipScores.Failure]
    }

    /// What a person should know before.
    public let notes: [String]
    /// How many times each clip is heard.
    public var passCount: Int { evaluator.passCount }

    private let evaluator: Evaluator
    /// The model's outputs, by class of the clips.
    private let outputs: [[Int]]
    private let classCount: Int
    private let reference: String

    /// Prepares a calibration.
    ///
    /// - Throws: `EPANNsError` with code `invalidConfiguration` when the model knows none of the data's classes, or a
    ///   teacher knows others than the model.
    public init(tagger: AudioTagger, set: DataSet, truth: Truth) throws {
        classCount = tagger.labels.count
        switch truth {
        case .labels:
            let known = try Self.known(set, to: tagger)
            evaluator = try Evaluator(tagger: tagger, set: known.set, truth: .labels(known.mapping))
            (outputs, reference) = (known.mapping.outputs, "labels")
            let unknownCount = set.classCount - known.set.classCount
            notes =
                evaluator.notes
                + (unknownCount > 0
                    ? [
                        "\(unknownCount) of the data's \(set.classCount.counted("class")) \(unknownCount.isOrAre) unknown to the "
                            + "model and left out."
                    ]
                    : [])
        case .map(let mapping):
            evaluator = try Evaluator(tagger: tagger, set: set, truth: .labels(mapping))
            (outputs, reference, notes) = (mapping.outputs, "labels", evaluator.notes)
        case .teacher(let teacher, let threshold):
            evaluator = try Evaluator(tagger: tagger, set: set, truth: .teacher(teacher, threshold: threshold))
            (outputs, notes) = (tagger.labels.labels.indices.map { [$0] }, evaluator.notes)
            reference = "\(teacher.modelName) ≥ \(threshold)"
        }
    }

    /// Scores the clips and finds thresholds.
    ///
    /// - Parameters:
    ///   - minimumPositives: Clips that a class needs for a threshold of its own.
    ///   - minimumPrecision: The share of what a threshold takes that must be right.
    ///   - jobs: Clips that are scored side by side.
    ///   - progress: Is told of each clip, ``passCount`` times.
    /// - Throws: `EPANNsError` as ``Evaluator/evaluate(jobs:group:progress:)`` and ``ThresholdCalibration``.
    public func calibrate(
        minimumPositives: Int = ThresholdCalibration.defaultMinimumPositives,
        minimumPrecision: Double = ThresholdCalibration.defaultMinimumPrecision, jobs: Int,
        progress: @escaping ClipScorer.Progress = { _ in }
    ) throws -> Result {
        guard let evaluation = try evaluator.evaluate(jobs: jobs, progress: progress) else {
            preconditionFailure("one process is the first")
        }
        let calibration = try ThresholdCalibration(
            evaluation.clips, minimumPositives: minimumPositives, minimumPrecision: minimumPrecision)
        var own = [Float?](repeating: nil, count: classCount)
        for (index, threshold) in calibration.own.enumerated() {
            guard let threshold else { continue }
            for output in outputs[index] { own[output] = max(own[output] ?? threshold, threshold) }
        }
        return Result(
            thresholds: ClassThresholds(
                scores: own.map { $0 ?? calibration.pooled }, reference: reference,
                clipCount: evaluation.clips.clipCount, ownCount: own.count { $0 != nil }),
            calibration: calibration, clips: evaluation.clips, failures: evaluation.scores.failures)
    }

    /// The data with the classes that the model knows alone: of the others nobody knows where they are heard.
    private static func known(
        _ set: DataSet, to tagger: AudioTagger
    ) throws -> (set: DataSet, mapping: ClassMapping) {
        let outputs = ClassMapping.outputs(of: set.labels, in: tagger.labels)
        let classes = set.labels.labels.indices.filter { outputs[$0] != nil }
        guard !classes.isEmpty else {
            throw EPANNsError(
                .invalidConfiguration,
                "None of the data's \(set.classCount.counted("class")) is one of \(tagger.modelName)'s \(tagger.labels.count); "
                    + "take a table with its classes, or a teacher.",
                remedy: .nameClassMap)
        }
        let places = Dictionary(uniqueKeysWithValues: classes.enumerated().map { ($1, $0) })
        let clips = set.clips.map { clip in
            DataSet.Clip(
                name: clip.name, source: clip.source, fold: clip.fold, classes: clip.classes.compactMap { places[$0] })
        }
        return (
            try DataSet(
                labels: LabelSet(classes.map { set.labels.labels[$0] }), isSingleLabel: false, clips: clips),
            ClassMapping(outputs: classes.compactMap { outputs[$0].map { [$0] } })
        )
    }
}

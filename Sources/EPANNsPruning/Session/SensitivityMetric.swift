import EPANNsCore
import EPANNsEvaluation
import EPANNsModels

/// How good a pruned network still is: mean average precision against labels, or against what the whole model hears.
struct SensitivityMetric {
    /// What is measured, as a person reads it.
    let name: String
    private let targets: [Bool]
    private let classNames: [String]
    private let mapping: ClassMapping?
    private let modelClassCount: Int

    /// From this score on the whole model's word is taken for the truth.
    static let threshold: Float = 0.5

    /// Takes the clips' labels; without them the whole model's decisions.
    ///
    /// - Parameters:
    ///   - clips: What networks are run on.
    ///   - whole: The whole model's scores of them, row-major, shape (clips, classes).
    ///   - model: The whole model.
    /// - Throws: `EPANNsError` with code `invalidConfiguration` when the whole model hears nothing.
    init(_ clips: PruningClips, whole: [Float], model: Model) throws {
        modelClassCount = model.configuration.classCount
        if let truth = clips.truth {
            name = "mAP"
            classNames = truth.set.labels.labels.map(\.name)
            targets = truth.set.clips.flatMap { clip in
                (0..<truth.set.classCount).map(Set(clip.classes).contains)
            }
            mapping = truth.mapping
        } else {
            name = "mAP against the whole model"
            classNames = model.labels.labels.map(\.name)
            targets = whole.map { $0 >= Self.threshold }
            mapping = nil
            guard targets.contains(true) else {
                throw EPANNsError(
                    .invalidConfiguration,
                    "The model gives no class of any clip a score of \(Self.threshold), so there is nothing to compare "
                        + "with; take other clips, or a table with classes.", remedy: .nameData)
            }
        }
    }

    /// The metric of a network's scores, row-major, shape (clips, classes).
    ///
    /// - Throws: As `ScoredClips`.
    func value(_ scores: [Float]) throws -> Double {
        var rows = scores
        if let mapping {
            rows = stride(from: 0, to: scores.count, by: modelClassCount).flatMap {
                mapping.scores(from: Array(scores[$0..<$0 + modelClassCount]))
            }
        }
        let precisions = try ScoredClips(scores: rows, targets: targets, classNames: classNames).rankingMetrics()
            .compactMap(\.averagePrecision)
        return precisions.isEmpty ? 0 : precisions.reduce(0, +) / Double(precisions.count)
    }
}

import EPANNsCore
import EPANNsGraph

/// Everything an evaluation says, in numbers.
///
/// As JSON it has snake-case keys; shares lie in 0…1. A class without positives has neither average precision nor AUC
/// and is left out of all means; a class that every clip has gets no AUC.
///
/// Source: PANNs (Kong et al. 2020); SPEC §6. Parity: `MetricsParityTests`.
public struct EvaluationReport: Codable, Hashable, Sendable {
    /// What one class contributes.
    public struct ClassResult: Codable, Hashable, Sendable {
        /// The class's name.
        public var name: String
        /// Clips that have it.
        public var positiveCount: Int
        /// Nil without positives.
        public var averagePrecision: Double?
        /// Nil without positives or without negatives.
        public var areaUnderROC: Double?
        /// Precision at the threshold.
        public var precision: Double
        /// Recall at the threshold.
        public var recall: Double
        /// F1 at the threshold.
        public var f1: Double

        enum CodingKeys: String, CodingKey {
            case name
            case positiveCount = "positives"
            case averagePrecision = "ap"
            case areaUnderROC = "auc"
            case precision, recall, f1
        }
    }

    /// What holds for a set in which every clip has exactly one class.
    public struct SingleLabelResult: Codable, Hashable, Sendable {
        /// Share of clips whose best-scoring class is theirs.
        public var accuracy: Double
        /// Clips whose best-scoring class is theirs.
        public var correctCount: Int
        /// Mean recall of the classes that have clips.
        public var balancedAccuracy: Double
        /// Mean F1 of the best-scoring class, over the classes that have clips.
        public var macroF1: Double
        /// True class (row) against best-scoring class (column).
        public var confusion: ConfusionMatrix

        enum CodingKeys: String, CodingKey {
            case accuracy
            case correctCount = "correct"
            case balancedAccuracy = "balanced_accuracy"
            case macroF1 = "macro_f1"
            case confusion
        }
    }

    /// Decisions when a score of at least the threshold means yes.
    public struct ThresholdResult: Codable, Hashable, Sendable {
        /// The threshold.
        public var threshold: Float
        /// Mean precision of the classes that have clips.
        public var macroPrecision: Double
        /// Mean recall of the classes that have clips.
        public var macroRecall: Double
        /// Mean F1 of the classes that have clips.
        public var macroF1: Double
        /// Precision over all decisions of all classes.
        public var microPrecision: Double
        /// Recall over all decisions of all classes.
        public var microRecall: Double
        /// F1 over all decisions of all classes.
        public var microF1: Double

        enum CodingKeys: String, CodingKey {
            case threshold
            case macroPrecision = "macro_precision"
            case macroRecall = "macro_recall"
            case macroF1 = "macro_f1"
            case microPrecision = "micro_precision"
            case microRecall = "micro_recall"
            case microF1 = "micro_f1"
        }
    }

    /// A part of the set, such as a fold.
    public struct PartResult: Codable, Hashable, Sendable {
        /// The part's name, such as the fold's number.
        public var name: String
        /// Number of clips.
        public var clipCount: Int
        /// Mean average precision over the classes that the part has; nil when it has none.
        public var meanAveragePrecision: Double?
        /// Clips whose best-scoring class is theirs; nil for sets with several labels a clip.
        public var correctCount: Int?

        enum CodingKeys: String, CodingKey {
            case name
            case clipCount = "clips"
            case meanAveragePrecision = "map"
            case correctCount = "correct"
        }
    }

    /// What was evaluated.
    public var subject: Subject?
    /// How closely the model follows a teacher, whose decisions were the truth; nil where labels were.
    public var teacher: TeacherComparison?
    /// Number of clips.
    public var clipCount: Int
    /// Number of classes.
    public var classCount: Int
    /// Number of classes whose average precision is in the mean.
    public var averagedClassCount: Int
    /// Number of classes whose AUC is in the mean.
    public var areaAveragedClassCount: Int
    /// Names of the classes that no clip has; no mean counts them.
    public var classesWithoutPositives: [String]
    /// Names of the classes that every clip has; they have no AUC.
    public var classesWithoutNegatives: [String]
    /// mAP: the mean of the classes' average precisions.
    public var meanAveragePrecision: Double
    /// mAUC: the mean of the classes' ROC areas; nil when no class has one.
    public var meanAUC: Double?
    /// d′ of the mean AUC; nil when that is missing, 0 or 1, for which d′ is infinite.
    public var dPrime: Double?
    /// Label-weighted label-ranking average precision.
    public var labelRankingPrecision: Double
    /// Accuracy and confusion; nil for sets with several labels a clip.
    public var singleLabel: SingleLabelResult?
    /// Decisions at a threshold.
    public var decisions: ThresholdResult
    /// Results by class, in their order.
    public var classes: [ClassResult]
    /// Results by part, such as fold; nil when the set was not divided.
    public var parts: [PartResult]?

    enum CodingKeys: String, CodingKey {
        case subject, teacher
        case clipCount = "clips"
        case classCount = "class_count"
        case averagedClassCount = "classes_averaged"
        case areaAveragedClassCount = "classes_averaged_auc"
        case classesWithoutPositives = "classes_without_positives"
        case classesWithoutNegatives = "classes_without_negatives"
        case meanAveragePrecision = "map"
        case meanAUC = "mauc"
        case dPrime = "d_prime"
        case labelRankingPrecision = "lwlrap"
        case singleLabel = "single_label"
        case decisions
        case classes, parts
    }

    /// Evaluates scores.
    ///
    /// - Parameters:
    ///   - clips: Scores and targets.
    ///   - isSingleLabel: Whether accuracy and confusion make sense; nil when every clip has exactly one class.
    ///   - threshold: From which score on a class counts as found.
    ///   - parts: The part that each clip belongs to, shape `(clips)`, such as its fold; nil when there are none.
    ///   - subject: What was evaluated.
    public init(
        _ clips: ScoredClips, isSingleLabel: Bool? = nil, threshold: Float = 0.5, parts: [String]? = nil,
        subject: Subject? = nil
    ) {
        let labels = isSingleLabel == false ? nil : clips.singleLabels
        let rankings = clips.rankingMetrics()
        let decisions = clips.decisions(threshold: threshold)
        let names = clips.classNames
        self.subject = subject
        clipCount = clips.clipCount
        classCount = clips.classCount
        let precisions = rankings.compactMap(\.averagePrecision)
        let areas = rankings.compactMap(\.areaUnderROC)
        averagedClassCount = precisions.count
        areaAveragedClassCount = areas.count
        classesWithoutPositives = names.indices.filter { rankings[$0].positiveCount == 0 }.map { names[$0] }
        classesWithoutNegatives = names.indices.filter { rankings[$0].positiveCount == clips.clipCount }
            .map { names[$0] }
        // There is a positive somewhere: ScoredClips saw to that.
        meanAveragePrecision = Self.mean(precisions) ?? 0
        meanAUC = Self.mean(areas)
        dPrime = meanAUC.map(NormalDistribution.dPrime).flatMap { $0.isFinite ? $0 : nil }
        labelRankingPrecision = clips.labelRankingPrecision()
        classes = names.indices.map { index in
            ClassResult(
                name: names[index], positiveCount: rankings[index].positiveCount,
                averagePrecision: rankings[index].averagePrecision, areaUnderROC: rankings[index].areaUnderROC,
                precision: decisions[index].precision, recall: decisions[index].recall, f1: decisions[index].f1)
        }
        let present = names.indices.filter { rankings[$0].positiveCount > 0 }.map { decisions[$0] }
        let all = decisions.reduce(DecisionCounts(), +)
        self.decisions = ThresholdResult(
            threshold: threshold, macroPrecision: Self.mean(present.map(\.precision)) ?? 0,
            macroRecall: Self.mean(present.map(\.recall)) ?? 0, macroF1: Self.mean(present.map(\.f1)) ?? 0,
            microPrecision: all.precision, microRecall: all.recall, microF1: all.f1)
        let predictions = clips.bestClasses
        singleLabel = labels.map { labels in
            let confusion = ConfusionMatrix(labels: labels, predictions: predictions, classCount: clips.classCount)
            return SingleLabelResult(
                accuracy: confusion.accuracy, correctCount: confusion.correctCount,
                balancedAccuracy: confusion.balancedAccuracy, macroF1: confusion.macroF1, confusion: confusion)
        }
        self.parts = parts.map { Self.results(of: $0, clips: clips, labels: labels, predictions: predictions) }
    }

    private static func results(
        of parts: [String], clips: ScoredClips, labels: [Int]?, predictions: [Int]
    ) -> [PartResult] {
        precondition(parts.count == clips.clipCount)
        var members: [String: [Int]] = [:]
        for (clip, part) in parts.enumerated() { members[part, default: []].append(clip) }
        // Folds have numbers: 2 comes before 10.
        let order = members.keys.sorted { (Int($0) ?? .max, $0) < (Int($1) ?? .max, $1) }
        return order.map { name in
            let rows = members[name] ?? []
            let width = clips.classCount
            let part = try? ScoredClips(
                scores: rows.flatMap { clips.scores[$0 * width..<($0 + 1) * width] },
                targets: rows.flatMap { clips.targets[$0 * width..<($0 + 1) * width] }, classNames: clips.classNames)
            // A part whose clips have no labels at all has no mAP; nothing else can fail here.
            return PartResult(
                name: name, clipCount: rows.count,
                meanAveragePrecision: part.flatMap { mean($0.rankingMetrics().compactMap(\.averagePrecision)) },
                correctCount: labels.map { labels in rows.count { labels[$0] == predictions[$0] } })
        }
    }

    private static func mean(_ values: [Double]) -> Double? {
        values.isEmpty ? nil : values.reduce(0, +) / Double(values.count)
    }
}

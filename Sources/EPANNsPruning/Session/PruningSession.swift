import EPANNsCore
import EPANNsGraph
import EPANNsModels
import EPANNsRuntime

/// Prunes a model, from what is asked for to the smaller model and a report of what was done.
///
///     let session = try PruningSession(.read(path: "Cnn14_mAP=0.431.pth"), .init(ratio: 0.5), .init(precision: .fp32))
///     let (half, report) = try session.prune()
///     try half.write(to: "half.safetensors")
///
/// Tests: `PruningSessionTests`.
public struct PruningSession: Sendable {
    /// How networks are run and counted.
    public struct Options: Sendable {
        /// How filters are ranked.
        public var criterion: PruningCriterion
        /// Length of the clip that is counted and measured.
        public var seconds: Double
        /// Arithmetic of the networks that are run.
        public var precision: Precision
        /// Threads.
        public var threads: Int
        /// Whether it is measured how long the networks take.
        public var measuresLatency: Bool
        /// Who prunes, for the model's record.
        public var program: String

        /// Makes options.
        public init(
            criterion: PruningCriterion = .operatorNorm, seconds: Double = 10, precision: Precision, threads: Int = 1,
            measuresLatency: Bool = false, program: String = "EPANNs"
        ) {
            self.criterion = criterion
            self.seconds = seconds
            self.precision = precision
            self.threads = threads
            self.measuresLatency = measuresLatency
            self.program = program
        }
    }

    /// The whole model.
    public let model: Model
    /// What is pruned of it.
    public let selection: PruningSelection
    /// How networks are run and counted.
    public let options: Options
    private let pruner: ChannelPruner
    private let probe: LatencyProbe
    private let digest: String?

    /// Analyses a model and finds the layers.
    ///
    /// - Throws: `EPANNsError` as ``PruningSelection``, and with code `invalidConfiguration` when an option is invalid.
    public init(_ model: Model, _ spec: PruningSpec, _ options: Options) throws {
        guard options.seconds > 0, options.seconds <= 3600 else {
            throw EPANNsError(
                .invalidConfiguration, "A clip of \(options.seconds) s cannot be counted; give up to 3600 s.")
        }
        guard (1...1024).contains(options.threads) else {
            throw EPANNsError(
                .invalidConfiguration, "The number of threads must be between 1 and 1024, not \(options.threads).")
        }
        try options.precision.checkSupport()
        var model = model
        digest = model.sha256()
        model.recordProvenance(convertedBy: options.program, digest: digest)
        (self.model, self.options) = (model, options)
        pruner = ChannelPruner(try model.graph())
        selection = try PruningSelection(pruner, spec)
        probe = LatencyProbe(
            extent: pruner.graph.extent(sampleCount: pruner.graph.sampleCount(seconds: options.seconds)),
            options: .init(precision: options.precision, threads: options.threads))
    }

    /// Prunes.
    ///
    /// - Parameters:
    ///   - budget: What the ratio is found for; nil takes that of the spec.
    ///   - clips: What the criterion listens to; passive ones need none.
    ///   - includesScores: Whether the report has the importance of every filter.
    /// - Returns: The smaller model, with a `PruningRecord` more, and what was done.
    /// - Throws: `EPANNsError` with code `invalidConfiguration` when the budget cannot be met or the criterion lacks
    ///   clips, and as ``ImportanceScorer``.
    public func prune(
        to budget: PruningTarget? = nil, clips: PruningClips? = nil, includesScores: Bool = false
    ) throws -> (model: Model, report: PruningReport) {
        let scorer = try scorer(clips)
        let secondsBefore = options.measuresLatency ? try probe.seconds(pruner.graph) : nil
        let selection =
            try budget?.selection(selection, pruner) { selection in
                try probe.seconds(pruner.graph(keeping: selection.structure(pruner)))
            } ?? selection
        let chosen = try selection.kept(pruner, scorer: scorer)
        var small = try model.pruned(pruner, keeping: chosen.kept)
        small.recordPruning(
            selection, keeping: chosen.kept, in: pruner, criterion: options.criterion,
            sourceSHA256: digest, by: options.program)
        small.record(.pruned, details: details(selection), by: options.program, date: nil)
        var report = try PruningReport(
            model, small, pruner, selection, kept: chosen.kept, scores: includesScores ? chosen.scores : nil,
            criterion: options.criterion, seconds: options.seconds)
        if let secondsBefore { try measure(small, secondsBefore, budget, &report) }
        return (small, report)
    }

    /// How it was pruned, for the model's history.
    private func details(_ selection: PruningSelection) -> [String: String] {
        let (kept, width) = selection.entries.reduce((0, 0)) { ($0.0 + $1.keptCount, $0.1 + $1.width) }
        var details = [
            "criterion": options.criterion.name, "ratio": "\(selection.spec.ratio)",
            "filters":
                "\(kept) of \(width) in \(selection.entries.count.counted("layer"))",
        ]
        if selection.spec.multiple > 1 { details["multiple"] = "\(selection.spec.multiple)" }
        if let seed = options.criterion.seed { details["seed"] = "\(seed)" }
        return details
    }

    private func measure(
        _ small: Model, _ secondsBefore: Double, _ budget: PruningTarget?, _ report: inout PruningReport
    ) throws {
        let seconds = try probe.seconds(small.graph())
        report.before.latencySeconds = secondsBefore
        report.after.latencySeconds = seconds
        (report.precision, report.threads) = (options.precision.rawValue, options.threads)
        if case .latency(let target) = budget, seconds > target {
            report.notes.append(
                "Measured once more, the network took longer than was aimed at: measurements scatter where others use "
                    + "the machine. Try again when it is idle.")
        }
    }

    /// Prunes one group of layers at a time and measures what that costs.
    ///
    /// - Parameters:
    ///   - clips: What the metric is measured on, and what the criterion listens to.
    ///   - ratios: The shares that go.
    ///   - progress: Is told how many of how many networks have been run.
    /// - Throws: As ``prune(to:clips:includesScores:)`` and ``SensitivityStudy``.
    public func sensitivity(
        on clips: PruningClips, ratios: [Double], progress: (Int, Int) -> Void = { _, _ in }
    ) throws -> SensitivityReport {
        func scores(_ graph: ModelGraph, _ weights: [String: Tensor]) throws -> [Float] {
            try clips.scores(graph, weights, precision: options.precision, threads: options.threads)
        }
        let importance = try selection.kept(pruner, scorer: scorer(clips)).scores
        let metric = try SensitivityMetric(clips, whole: scores(pruner.graph, model.weights), model: model)
        let study = try SensitivityStudy(
            selection, pruner, weights: model.weights, scores: importance, ratios: ratios,
            metric: { try metric.value(scores($0, $1)) }, progress: progress)
        return SensitivityReport(
            model: model.name, criterion: options.criterion.name, metric: metric.name,
            clipCount: clips.spectrograms.count, study: study, convolutionNumbers: pruner.convolutionNumbers,
            notes: selection.notes)
    }

    /// The criterion with what it reads besides weights.
    private func scorer(_ clips: PruningClips?) throws -> ImportanceScorer {
        var evidence = ImportanceScorer.Evidence()
        switch options.criterion.evidence {
        case .nothing: break
        case .spectrograms: evidence.spectrograms = clips?.spectrograms ?? []
        case .gradients:
            evidence.taylor = try clips.map {
                try TaylorImportance(
                    layers: selection.scoredLayers(pruner), of: model, clips: $0, threads: options.threads)
            }
        }
        return try ImportanceScorer(
            graph: pruner.graph, weights: model.weights, criterion: options.criterion, evidence: evidence,
            threads: options.threads)
    }
}

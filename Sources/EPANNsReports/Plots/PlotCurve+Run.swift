/// What training runs measure over their iterations.
public enum RunMetric: String, CaseIterable, Sendable {
    /// Mean average precision on the test clips.
    case map
    /// Share of test clips whose best class is theirs.
    case accuracy
    /// Loss of the training batches.
    case loss
    /// Loss on the test clips.
    case testLoss = "test-loss"

    /// What no value exceeds; nil where there is no such thing.
    public var limit: Double? {
        switch self {
        case .map, .accuracy: 1
        case .loss, .testLoss: nil
        }
    }

    /// What stands beside the axis.
    public var title: String {
        switch self {
        case .map: "mAP"
        case .accuracy: "accuracy"
        case .loss: "loss of the training batches"
        case .testLoss: "loss on the test clips"
        }
    }
}

extension PlotCurve {
    /// What a run measured, over its iterations.
    public init(_ run: TrainingRun, _ metric: RunMetric) {
        switch metric {
        case .loss:
            self.init(
                name: run.name, x: run.log.steps.map { Double($0.iteration) }, y: run.log.steps.map(\.loss),
                isNoisy: true)
        case .map: self.init(run) { $0.map }
        case .accuracy: self.init(run) { $0.accuracy }
        case .testLoss: self.init(run) { $0.loss }
        }
    }

    private init(_ run: TrainingRun, _ value: (RunEntry.Evaluation) -> Double?) {
        let points = run.log.evaluations.compactMap { evaluation in
            value(evaluation).flatMap { $0.isNaN ? nil : (Double(evaluation.iteration), $0) }
        }
        self.init(name: run.name, x: points.map(\.0), y: points.map(\.1))
    }
}

import EPANNs
import EPANNsCore
import EPANNsEvaluation
import EPANNsPruning
import EPANNsReports
import EPANNsTraining
import Foundation
import Synchronization

/// `epanns prune --sensitivity`: what each layer's pruning costs.
struct PruningSensitivity {
    let command: PruneCommand
    let model: Model
    let pruner: ChannelPruner

    /// The result as JSON has it.
    private struct Result: Encodable {
        var model: String
        var criterion: String
        var metric: String
        var clipCount: Int
        var ratios: [Double]
        var baseline: Double
        var rows: [SensitivityStudy.Row]
        var notes: [String]
    }

    func run(_ plan: PruningPlan, criterion: PruningCriterion, scores: [[Double]]) throws {
        let clips = try command.clips.load(for: model, seconds: command.seconds, purpose: "--sensitivity")
        let whole = try outputs(pruner.graph, model.weights, clips)
        let metric = try Metric(clips, whole: whole, model: model)
        let ratios = command.ratios ?? PruneCommand.defaultRatios
        let bar = ProgressBar(total: 1 + plan.entries.count * ratios.count)
        let study = try SensitivityStudy(
            plan, pruner, weights: model.weights, scores: scores, ratios: ratios
        ) { graph, weights in
            try metric.value(outputs(graph, weights, clips))
        } progress: { _, _ in
            bar.advance(audioSeconds: Double(clips.spectrograms.count) * command.seconds)
        }
        bar.finish()
        // First what took minutes; the plot may fail.
        if command.format.format == .json {
            try JSONOutput.print(
                Result(
                    model: model.name, criterion: criterion.name, metric: metric.name,
                    clipCount: clips.spectrograms.count, ratios: study.ratios, baseline: study.baseline,
                    rows: study.rows,
                    notes: plan.notes))
        } else {
            try StandardOutput.writeLines(lines(study, metric.name, criterion, plan, clips.spectrograms.count))
        }
        try command.plot.map { try plot(study, metric.name).write(to: $0) }
    }

    /// Scores of all clips, row-major: one thread a clip, several clips at once.
    private func outputs(
        _ graph: ModelGraph, _ weights: [String: Tensor], _ clips: PruningClips.Loaded
    ) throws -> [Float] {
        let network = InferenceNetwork(
            graph: graph, weights: weights, options: .init(precision: command.model.precision.resolved, threads: 1))
        let plan = try network.plan(for: .init(frames: clips.spectrograms[0].count / graph.input.melBands))
        let spectrograms = clips.spectrograms
        let results = Mutex([Swift.Result<[Float], any Error>?](repeating: nil, count: spectrograms.count))
        let next = Atomic(0)
        DispatchQueue.concurrentPerform(iterations: min(command.model.split(units: 1).threads, spectrograms.count)) {
            _ in
            while true {
                let index = next.wrappingAdd(1, ordering: .relaxed).oldValue
                guard index < spectrograms.count else { return }
                let result = Swift.Result { try plan.run(spectrograms[index]).scores }
                results.withLock { $0[index] = result }
            }
        }
        return try results.withLock { $0 }.flatMap { try $0?.get() ?? [] }
    }

    /// Mean average precision against labels, or against what the whole model hears.
    private struct Metric {
        let name: String
        private let targets: [Bool]
        private let names: [String]
        private let mapping: ClassMapping?
        private let modelClassCount: Int

        init(_ clips: PruningClips.Loaded, whole: [Float], model: Model) throws {
            modelClassCount = model.configuration.classCount
            if let set = clips.set, let mapping = clips.mapping {
                name = "mAP"
                names = set.labels.labels.map(\.name)
                targets = set.clips.flatMap { clip in (0..<set.classCount).map(Set(clip.classes).contains) }
                self.mapping = mapping
            } else {
                name = "mAP against the whole model"
                names = model.labels.labels.map(\.name)
                targets = whole.map { $0 >= 0.5 }
                mapping = nil
                guard targets.contains(true) else {
                    throw EPANNsError(
                        .invalidConfiguration,
                        "The model gives no class of any clip a score of 0.5, so there is nothing to compare with; take "
                            + "other clips, or a table with classes (--data).")
                }
            }
        }

        func value(_ scores: [Float]) throws -> Double {
            var rows = scores
            if let mapping {
                rows = stride(from: 0, to: scores.count, by: modelClassCount).flatMap {
                    mapping.scores(from: Array(scores[$0..<$0 + modelClassCount]))
                }
            }
            let precisions = try ScoredClips(scores: rows, targets: targets, classNames: names).rankingMetrics()
                .compactMap(\.averagePrecision)
            return precisions.isEmpty ? 0 : precisions.reduce(0, +) / Double(precisions.count)
        }
    }

    private func title(_ row: SensitivityStudy.Row) -> String {
        let number = row.layers.count == 1 ? pruner.convolutionNumbers[row.layers[0]].map { "C\($0) " } ?? "" : ""
        return number + row.layers[0] + (row.layers.count > 1 ? " and \(row.layers.count - 1) tied to it" : "")
    }

    private func plot(_ study: SensitivityStudy, _ metric: String) throws -> Plot {
        try .curves(
            title: "\(model.name): one layer pruned at a time", xTitle: "filters removed, %", yTitle: metric,
            curves: study.rows.map { row in
                PlotCurve(name: title(row), x: [0] + study.ratios.map { $0 * 100 }, y: [study.baseline] + row.metrics)
            })
    }

    private func lines(
        _ study: SensitivityStudy, _ metric: String, _ criterion: PruningCriterion, _ plan: PruningPlan,
        _ clipCount: Int
    ) -> [String] {
        var columns: [(String, TextTable.Alignment)] = [("LAYER PRUNED", .left), ("FILTERS", .right)]
        for ratio in study.ratios { columns.append((CountText.seconds(ratio * 100) + " %", .right)) }
        var table = TextTable(columns)
        for row in study.rows {
            table.rows.append(
                [title(row), String(row.width)] + row.metrics.map { CountText.fixed($0, decimals: 3) })
        }
        return [
            "\(model.name), \(criterion.name), \(clipCount) clips: \(metric) \(CountText.fixed(study.baseline, decimals: 3)) "
                + "unpruned, and with one layer pruned:",
            "",
        ] + table.lines + (plan.notes.isEmpty ? [] : [""] + plan.notes)
    }
}

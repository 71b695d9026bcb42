import EPANNsCore
import EPANNsEvaluation
import EPANNsModels
import EPANNsProcesses
import EPANNsRuntime

extension TrainingMaterial {
    /// Tests the network on the held-out clips; every process does its part and gets the whole result.
    func evaluate(
        _ weights: [String: Tensor], iteration: Int, precision: Precision, threads: Int,
        communicator: any Communicator
    ) throws -> (TrainingEvent.Evaluation, EvaluationReport) {
        guard let test else { preconditionFailure("there is something to test on") }
        let part = communicator.shard.range(of: test.clips.count)
        let scorer = NetworkScorer(
            graph: try model.graph(), weights: weights, frontEnd: frontEnd, precision: precision, threads: threads)
        let rows = try Self.everyRow(
            scorer(test, cache: cache(), part: part) { $0.logits + $0.scores }, of: test.clips.count, communicator)
        let classes = model.labels.count
        let logits = rows.flatMap { $0.prefix(classes) }
        let scores = rows.flatMap { $0.dropFirst(classes) }
        guard logits.allSatisfy(\.isFinite) else {
            throw EPANNsError(
                .trainingFailure,
                "The network gives scores that are not numbers after iteration \(iteration). Try a smaller learning rate."
            )
        }
        let names = model.labels.labels.map(\.name)
        var targets: [Float]
        let clips: ScoredClips
        if learnsFromTeacherAlone, let teacher {
            let taught =
                try teacherTestScores
                ?? Self.everyRow(
                    teacher.scorer(threads: threads)(test, cache: cache(), part: part) { $0.scores },
                    of: test.clips.count,
                    communicator)
            teacherTestScores = taught
            targets = taught.flatMap { $0 }
            clips = try ScoredClips(scores: scores, targets: targets.map { $0 >= 0.5 }, classNames: names)
        } else {
            targets = [Float](repeating: 0, count: scores.count)
            for (row, clip) in test.clips.enumerated() {
                for label in clip.classes { targets[row * classes + label] = 1 }
            }
            clips =
                test.isSingleLabel
                ? try ScoredClips(scores: scores, labels: test.clips.map { $0.classes[0] }, classNames: names)
                : try ScoredClips(scores: scores, targets: targets.map { $0 > 0.5 }, classNames: names)
        }
        let report = EvaluationReport(clips)
        var gradient = [Float](repeating: 0, count: logits.count)
        let kind = LossConfiguration(loss.kind)
        let value = logits.withUnsafeBufferPointer { logits in
            targets.withUnsafeBufferPointer { targets in
                gradient.withUnsafeMutableBufferPointer { gradient in
                    kind.evaluate(
                        logits: logits, targets: targets, teacher: nil, classCount: classes, gradient: gradient)
                }
            }
        }
        return (
            TrainingEvent.Evaluation(
                iteration: iteration, map: report.meanAveragePrecision, mauc: report.meanAUC, dPrime: report.dPrime,
                accuracy: report.singleLabel?.accuracy, loss: value, seconds: 0), report
        )
    }

    /// The rows of all processes, in order.
    static func everyRow(
        _ rows: [[Float]], of total: Int, _ communicator: any Communicator
    ) throws -> [[Float]] {
        guard communicator.count > 1 else { return rows }
        let values = try communicator.gather(rows.flatMap { row in row.withUnsafeBytes { Array($0) } })
            .flatMap { bytes in
                bytes.withUnsafeBytes { bytes in
                    (0..<bytes.count / 4).map { bytes.loadUnaligned(fromByteOffset: 4 * $0, as: Float.self) }
                }
            }
        // A process may have had no row, and not know their width.
        guard total > 0, values.count.isMultiple(of: total) else {
            throw EPANNsError(
                .networkFailure,
                "The processes have sent \(values.count.counted("number")) for \(total.counted("clip")).")
        }
        let width = values.count / total
        return (0..<total).map { Array(values[$0 * width..<($0 + 1) * width]) }
    }
}

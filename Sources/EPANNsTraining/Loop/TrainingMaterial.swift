import EPANNsAudio
import EPANNsCore
import EPANNsData
import EPANNsEvaluation
import EPANNsGraph
import EPANNsModels
import EPANNsProcesses
import EPANNsRuntime
import Foundation

/// What a run works with: clips, packed recordings, the network to start from, the teacher.
final class TrainingMaterial {
    let train: DataSet
    let test: DataSet?
    let model: Model
    let teacher: Model?
    /// Nil where only the run's size is of interest.
    private let packed: WaveformCache?
    let frontEnd: LogMelSpectrogram
    let loss: LossConfiguration
    let metric: TrainingConfiguration.Metric
    /// Samples of a training clip.
    let clipSamples: Int
    /// The node whose stored results are trained on; nil for recordings.
    private(set) var firstNode: String?
    private let sampleRate: Int
    private let teacherNetwork: InferenceNetwork?
    private let teacherFrontEnd: LogMelSpectrogram?
    /// The teacher's scores of the test clips, where labels are its business alone.
    private var teacherTestScores: [[Float]]?
    private let learnsFromTeacherAlone: Bool

    var frameCount: Int { frontEnd.configuration.frameCount(sampleCount: clipSamples) }

    init(
        _ configuration: TrainingConfiguration, cacheFolder: String?, communicator: any Communicator,
        report: (TrainingEvent) throws -> Void
    ) throws {
        learnsFromTeacherAlone = configuration.teacher != nil && configuration.teacherWeight == 1
        teacher = try configuration.teacher.map { try Model.read(path: $0) }
        let labels = try configuration.labels.map { try LabelSet.read(path: $0) }
        (train, test) = try TrainingData.read(
            configuration, labels: learnsFromTeacherAlone ? teacher?.labels : labels,
            ignoresClasses: learnsFromTeacherAlone)
        for note in Set(train.notes + (test?.notes ?? [])).sorted() { try report(.note(note)) }

        // The network.
        var model: Model
        if let path = configuration.initial {
            let found = try Model.read(path: path)
            for note in found.notes { try report(.note(note)) }
            let (changed, replaced) = try found.withClasses(train.labels, seed: configuration.seed)
            if !replaced.isEmpty {
                try report(
                    .note(
                        "\(found.name) knows \(found.labels.count) other classes: \(replaced.joined(separator: ", ")) were "
                            + "dropped and start anew for \(train.labels.count); everything else was kept."))
            }
            model = changed
        } else {
            guard
                var network = configuration.network
                    ?? configuration.architecture.flatMap({ ModelConfiguration.named($0) })
            else {
                let name = configuration.architecture ?? ""
                let near = ModelConfiguration.namesNear(name)
                let hint =
                    near.isEmpty
                    ? "there are " + ModelConfiguration.architectureNames.joined(separator: ", ")
                    : "did you mean " + near.joined(separator: " or ") + "?"
                throw EPANNsError(.invalidConfiguration, "“\(name)” is no architecture; \(hint)")
            }
            network.classCount = train.labels.count
            model = try Model.random(
                name: configuration.architecture ?? network.architecture, configuration: network, labels: train.labels,
                seed: configuration.seed)
        }
        let kind = configuration.loss ?? (train.isSingleLabel ? .crossEntropy : .binaryCrossEntropy)
        guard kind == .binaryCrossEntropy || train.isSingleLabel || learnsFromTeacherAlone else {
            throw EPANNsError(
                .invalidConfiguration,
                "Cross-entropy wants clips of exactly one class; take the loss bce for clips with several.")
        }
        model.configuration.outputActivation = kind == .crossEntropy ? .softmax : .sigmoid
        self.model = model
        loss = LossConfiguration(
            kind, teacherWeight: configuration.teacherWeight, temperature: configuration.temperature)
        metric = configuration.metric ?? (train.isSingleLabel ? .accuracy : .map)
        guard metric != .accuracy || train.isSingleLabel else {
            throw EPANNsError(.invalidConfiguration, "Accuracy is for clips of exactly one class; take the metric map.")
        }

        // The recordings.
        let front = model.configuration.frontEnd
        sampleRate = front.sampleRate
        frontEnd = try LogMelSpectrogram(configuration: front, melWeights: model.melWeights)
        let everything = try TrainingData.merged([train] + (test.map { [$0] } ?? []))
        var found: WaveformCache?
        // One process packs; the others find it done.
        for rank in 0..<(cacheFolder == nil ? 0 : min(communicator.count, 2)) {
            guard let cacheFolder else { break }
            if rank == 0 ? communicator.rank == 0 : communicator.rank > 0 {
                found = try WaveformCache.build(everything, sampleRate: front.sampleRate, folder: cacheFolder) {
                    try report(.packing($0))
                }
            }
            try communicator.meet()
        }
        packed = found
        for note in found?.notes ?? [] { try report(.note(note)) }
        if let seconds = configuration.clipSeconds {
            clipSamples = max(Int((seconds * Double(sampleRate)).rounded()), try model.graph().minimumSampleCount)
        } else if let cache = found {
            // Nine of ten clips are heard whole; a few long ones do not make all the others end in silence.
            let lengths = try train.clips.map { try cache.location(of: $0).sampleCount }.sorted()
            let usual = lengths.isEmpty ? 0 : lengths[lengths.count * 9 / 10]
            clipSamples = max(min(usual, 10 * sampleRate), try model.graph().minimumSampleCount)
        } else {
            clipSamples = max(10 * sampleRate, try model.graph().minimumSampleCount)
            try report(
                .note(
                    "The recordings are not packed yet and their length is not known; clips of 10 s are assumed. With "
                        + "--clip-seconds the memory is exact."))
        }

        // The teacher.
        if let teacher {
            guard teacher.configuration.frontEnd.sampleRate == sampleRate else {
                throw EPANNsError(
                    .invalidConfiguration,
                    "The teacher listens at \(teacher.configuration.frontEnd.sampleRate) Hz, the network at \(sampleRate) Hz; "
                        + "take a teacher of the same rate.")
            }
            guard teacher.labels.labels.map(\.name) == model.labels.labels.map(\.name) else {
                throw EPANNsError(
                    .invalidConfiguration,
                    "The teacher \(teacher.name) knows other classes (\(teacher.labels.count)) than the network is to learn "
                        + "(\(model.labels.count)); with --teacher-weight 1 the labels of the data are not used.")
            }
            teacherNetwork = InferenceNetwork(
                graph: try teacher.graph(), weights: teacher.weights, options: .init(precision: .fp32, threads: 1))
            teacherFrontEnd = try LogMelSpectrogram(
                configuration: teacher.configuration.frontEnd, melWeights: teacher.melWeights)
        } else {
            teacherNetwork = nil
            teacherFrontEnd = nil
        }
        if configuration.cachesEmbeddings { firstNode = try EmbeddingCut.node(of: model.graph(), configuration.freeze) }
    }

    /// Whether the recordings are at hand.
    var isPacked: Bool { packed != nil }

    static var noCache: EPANNsError {
        EPANNsError(.invalidConfiguration, "Name a folder for the packed recordings (cache).")
    }

    private func cache() throws -> WaveformCache {
        guard let packed else { throw Self.noCache }
        return packed
    }

    /// Checksum of what fixes a run's trajectory.
    func identity(_ configuration: TrainingConfiguration) -> String {
        var fixed = configuration
        fixed.evaluateEvery = nil
        fixed.checkpointEvery = nil
        fixed.cache = nil
        fixed.threads = nil
        // The length matters only to schedules that lead to an end.
        if !fixed.schedule.leadsToAnEnd { fixed.iterations = 1 }
        var hash = MessageDigest(.sha256)
        ((try? fixed.json()) ?? Data()).withUnsafeBytes { hash.update($0) }
        hash.update(train.digest)
        hash.update("\(clipSamples)")
        return hash.hexadecimal
    }

    /// Where the batches come from.
    func source(
        _ configuration: TrainingConfiguration, communicator: any Communicator, threads: Int
    ) throws -> BatchSource {
        let hasClasses = train.clips.contains { !$0.classes.isEmpty }
        let sampler = try Sampler(
            hasClasses ? configuration.sampler : .none, dataSet: train, seed: configuration.samplerSeed)
        if let firstNode {
            let rows = try embeddings(firstNode, threads: threads, communicator)
            return .embeddings(
                EmbeddingTable(
                    rows: rows, dataSet: train, sampler: sampler, batchSize: configuration.batchSize,
                    shard: communicator.shard))
        }
        return .clips(
            try BatchLoader(
                dataSet: train, cache: cache(), sampler: sampler, frontEnd: frontEnd,
                configuration: BatchLoader.Configuration(
                    batchSize: configuration.batchSize, clipSamples: clipSamples, mixupAlpha: configuration.mixupAlpha,
                    specAugment: configuration.specAugment, waveformAugmentation: configuration.waveformAugmentation,
                    seed: configuration.seed, mixupSeed: configuration.samplerSeed, shard: communicator.shard,
                    workerCount: min(threads, 8)),
                teacher: try teacherScores()))
    }

    private func teacherScores() throws -> BatchLoader.Teacher? {
        guard let network = teacherNetwork, let frontEnd = teacherFrontEnd else { return nil }
        return { samples in
            let spectrogram = try frontEnd(samples)
            return try network.plan(for: .init(frames: spectrogram.count / network.graph.input.melBands))
                .run(spectrogram).scores
        }
    }

    private func embeddings(
        _ node: String, threads: Int, _ communicator: any Communicator
    ) throws -> [[Float]] {
        let graph = try EmbeddingCut.truncated(model.graph(), at: node)
        let scorer = ClipScorer(
            graph: graph, weights: model.weights, frontEnd: frontEnd, precision: .fp32, threads: threads)
        let part = communicator.shard.range(of: train.clips.count)
        return try Self.everyRow(
            scorer(train, cache: cache(), part: part) { $0.logits }, of: train.clips.count, communicator)
    }

    // MARK: Tests

    /// Tests the network on the held-out clips; every process does its part and gets the whole result.
    func evaluate(
        _ weights: [String: Tensor], iteration: Int, precision: Precision, threads: Int,
        communicator: any Communicator
    ) throws -> (TrainingEvent.Evaluation, EvaluationReport) {
        guard let test else { preconditionFailure("there is something to test on") }
        let part = communicator.shard.range(of: test.clips.count)
        let scorer = ClipScorer(
            graph: try model.graph(), weights: weights, frontEnd: frontEnd, precision: precision, threads: threads)
        let rows = try Self.everyRow(
            scorer(test, cache: cache(), part: part) { $0.logits + $0.scores }, of: test.clips.count, communicator)
        let classes = model.labels.count
        let logits = rows.flatMap { $0.prefix(classes) }
        let scores = rows.flatMap { $0.dropFirst(classes) }
        guard logits.allSatisfy(\.isFinite) else {
            throw EPANNsError(
                .trainingFailure,
                "The network gives scores that are no numbers after iteration \(iteration). Try a smaller learning rate."
            )
        }
        let names = model.labels.labels.map(\.name)
        var targets: [Float]
        let clips: ScoredClips
        if learnsFromTeacherAlone {
            let taught =
                try teacherTestScores
                ?? Self.everyRow(
                    teacherScorer(threads)(test, cache: cache(), part: part) { $0.scores }, of: test.clips.count,
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

    private func teacherScorer(_ threads: Int) throws -> ClipScorer {
        guard let teacher, let teacherFrontEnd else { preconditionFailure("there is a teacher") }
        return ClipScorer(
            graph: try teacher.graph(), weights: teacher.weights, frontEnd: teacherFrontEnd, precision: .fp32,
            threads: threads)
    }

    /// The rows of all processes, in order.
    private static func everyRow(
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
            throw EPANNsError(.networkFailure, "The processes have sent \(values.count) numbers for \(total) clips.")
        }
        let width = values.count / total
        return (0..<total).map { Array(values[$0 * width..<($0 + 1) * width]) }
    }
}

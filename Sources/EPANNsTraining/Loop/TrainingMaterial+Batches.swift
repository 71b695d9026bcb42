import EPANNsAudio
import EPANNsData
import EPANNsModels
import EPANNsProcesses
import EPANNsRuntime

extension TrainingMaterial {
    /// Where the batches come from.
    func source(
        _ configuration: TrainingConfiguration, communicator: any Communicator, threads: Int
    ) throws -> BatchSource {
        let hasClasses = train.clips.contains { !$0.classes.isEmpty }
        let sampler = try Sampler(
            hasClasses ? configuration.sampler : .none, dataSet: train, seed: configuration.samplerSeed,
            drawsClipsOfNone: true)
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
                teacher: teacher?.scores))
    }

    private func embeddings(
        _ node: String, threads: Int, _ communicator: any Communicator
    ) throws -> [[Float]] {
        let graph = try EmbeddingCut.truncated(model.graph(), at: node)
        let scorer = NetworkScorer(
            graph: graph, weights: model.weights, frontEnd: frontEnd, precision: .fp32, threads: threads)
        let part = communicator.shard.range(of: train.clips.count)
        return try Self.everyRow(
            scorer(train, cache: cache(), part: part) { $0.logits }, of: train.clips.count, communicator)
    }
}

import EPANNsData
import EPANNsProcesses

/// Results of the frozen part of a network for every clip, and batches of them.
final class EmbeddingTable {
    struct State: Codable {
        var iteration: Int
        var sampler: Sampler
    }

    private(set) var state: State
    private let rows: [[Float]]
    private let dataSet: DataSet
    private let batchSize: Int
    private let shard: Shard

    init(rows: [[Float]], dataSet: DataSet, sampler: Sampler, batchSize: Int, shard: Shard) {
        self.rows = rows
        self.dataSet = dataSet
        self.batchSize = batchSize
        self.shard = shard
        state = State(iteration: 0, sampler: sampler)
    }

    func restore(_ state: State) throws {
        try state.sampler.validate(for: dataSet)
        self.state = state
    }

    func next() -> (BatchContents, [Float]) {
        let all = state.sampler.nextBatch(batchSize)
        let mine = shard.range(of: batchSize)
        let clips = all[mine]
        var targets = [Float](repeating: 0, count: clips.count * dataSet.classCount)
        for (row, clip) in clips.enumerated() {
            for label in dataSet.clips[clip].classes { targets[row * dataSet.classCount + label] = 1 }
        }
        let contents = BatchContents(
            iteration: state.iteration, firstPosition: mine.lowerBound, clipCount: clips.count, targets: targets,
            augmentation: InputAugmentation())
        state.iteration += 1
        return (contents, clips.flatMap { rows[$0] })
    }
}

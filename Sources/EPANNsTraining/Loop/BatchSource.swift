import EPANNsCore
import EPANNsData
import EPANNsGraph
import EPANNsProcesses

/// Where a run's batches come from: recordings, or embeddings that were computed once.
enum BatchSource {
    case clips(BatchLoader)
    case embeddings(EmbeddingTable)

    enum State: Codable {
        case clips(BatchLoader.State)
        case embeddings(EmbeddingTable.State)
    }

    var state: State {
        switch self {
        case .clips(let loader): .clips(loader.state)
        case .embeddings(let table): .embeddings(table.state)
        }
    }

    func restore(_ state: State) throws {
        switch (self, state) {
        case (.clips(let loader), .clips(let state)): try loader.restore(state)
        case (.embeddings(let table), .embeddings(let state)): try table.restore(state)
        default:
            throw EPANNsError(
                .invalidCheckpoint, "The checkpoint is of a run with other inputs (audio or cached embeddings).")
        }
    }

    var lastWaitSeconds: Double {
        switch self {
        case .clips(let loader): loader.lastWaitSeconds
        case .embeddings: 0
        }
    }

    /// Hands the next batch to `body`; its memory is lent for that time.
    func withNext(_ body: (BatchContents) throws -> Void) throws {
        switch self {
        case .clips(let loader):
            let batch = try loader.next()
            let contents = BatchContents(
                iteration: batch.iteration,
                firstPosition: batch.isMixed ? batch.firstPosition / 2 : batch.firstPosition, clipCount: batch.count,
                targets: batch.mixedTargets(), teacher: batch.mixedTeacherTargets(),
                augmentation: InputAugmentation(stripes: batch.stripes, lambdas: batch.lambdas.map { Float($0) }))
            try batch.withSpectrograms { spectrograms in
                var contents = contents
                contents.inputs = UnsafeBufferPointer(spectrograms)
                try body(contents)
            }
        case .embeddings(let table):
            let (contents, inputs) = table.next()
            try inputs.withUnsafeBufferPointer { inputs in
                var contents = contents
                contents.inputs = inputs
                try body(contents)
            }
        }
    }
}

/// One batch as the plan takes it.
struct BatchContents {
    var inputs = UnsafeBufferPointer<Float>(start: nil, count: 0)
    var iteration: Int
    var firstPosition: Int
    var clipCount: Int
    var targets: [Float]
    var teacher: [Float]?
    var augmentation: InputAugmentation
}

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

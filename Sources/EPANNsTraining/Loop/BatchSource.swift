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
                augmentation: InputAugmentation(
                    stripes: batch.stripes, mixupWeights: batch.isMixed ? batch.mixupWeights : []))
            try batch.withInputs { inputs in
                var contents = contents
                contents.inputs = UnsafeBufferPointer(inputs)
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

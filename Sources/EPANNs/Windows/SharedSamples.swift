import EPANNsAudio

/// One source for several readers, each of which gets every block: audio is decoded once.
///
/// What one reader has taken waits for the others; readers that go in step keep little. All belong to one thread at a time.
final class SharedSamples {
    private let source: any SampleSource
    private var queues: [Queue] = []

    /// Blocks that a reader has not taken yet.
    private struct Queue {
        var blocks: [[Float]] = []
        /// Blocks at the beginning that have been given.
        var given = 0

        mutating func next() -> [Float]? {
            guard given < blocks.count else { return nil }
            let block = blocks[given]
            blocks[given] = []
            given += 1
            // Moving the rest costs its length, so not each time.
            if given >= 256, given * 2 > blocks.count {
                blocks.removeFirst(given)
                given = 0
            }
            return block
        }
    }

    init(_ source: any SampleSource) { self.source = source }

    /// Another reader's view, from the beginning; to be made before anything is read.
    func branch() -> any SampleSource {
        queues.append(Queue())
        return Branch(shared: self, index: queues.count - 1)
    }

    private func next(_ index: Int) throws -> [Float]? {
        if let block = queues[index].next() { return block }
        guard let block = try source.next() else { return nil }
        for other in queues.indices where other != index { queues[other].blocks.append(block) }
        return block
    }

    private final class Branch: SampleSource {
        private let shared: SharedSamples
        private let index: Int

        init(shared: SharedSamples, index: Int) {
            self.shared = shared
            self.index = index
        }

        var sampleRate: Int { shared.source.sampleRate }
        var info: AudioSourceInfo { shared.source.info }

        func next() throws -> [Float]? { try shared.next(index) }
    }
}

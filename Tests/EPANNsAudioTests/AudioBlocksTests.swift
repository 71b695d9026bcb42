import EPANNsAudio
import EPANNsCore
import EPANNsGraph
import Testing

@Suite struct AudioBlocksTests {
    @Test func blocksJoinToTheWholeFile() async throws {
        let path = try Fixture.path("chirp.ogg")
        let whole = try AudioFile.load(path: path, sampleRate: 16000).samples
        var joined: [Float] = []
        var count = 0
        for try await block in AudioBlocks(.file(path: path), sampleRate: 16000) {
            #expect(!block.isEmpty)
            joined += block
            count += 1
        }
        #expect(joined == whole)
        // The first half second of several channels comes at once; this file has hardly more.
        #expect(count > 1)
    }

    @Test func errorsReachTheConsumer() async {
        await #expect(throws: EPANNsError.self) {
            for try await _ in AudioBlocks(.file(path: "/nonexistent/a.wav"), sampleRate: 32000) {}
        }
    }

    @Test func cancellationEndsTheSequence() async throws {
        let path = try Fixture.path("chirp.wav")
        let task = Task {
            // Cancelled before it asks for its first block.
            while !Task.isCancelled { await Task.yield() }
            for try await _ in AudioBlocks(.file(path: path), sampleRate: 32000) {}
        }
        task.cancel()
        await #expect(throws: CancellationError.self) { try await task.value }
    }
}

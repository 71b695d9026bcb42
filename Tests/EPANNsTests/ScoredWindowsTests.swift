import EPANNs
import EPANNsTestSupport
import Foundation
import Synchronization
import Testing

/// The stream of scored windows, pulled, pushed and awaited.
@Suite struct ScoredWindowsTests {
    @Test func pushedSamplesAreScoredAsTheyCome() async throws {
        let tagger = try AudioTaggerTests.tagger()
        let samples = TinyModel.noise(count: 48000)
        let source = try PushedSamples(sampleRate: 32000)
        var windows = tagger.windows(of: source, .every(seconds: 0.5)).makeAsyncIterator()
        // The first window comes while the source is open.
        try source.push(Array(samples[..<20000]))
        let next = try await windows.next()
        let first = try #require(next)
        #expect(first.scores == (try tagger.outputs(samples: Array(samples[..<16000])).scores))
        try source.push(Array(samples[20000...]))
        source.finish()
        for end in [1, 1.5, nil, nil] {
            let next = try await windows.next()
            #expect(next?.endSeconds == end)
        }
    }

    /// Nobody pushes, and the task that waits is cancelled.
    @Test(.timeLimit(.minutes(1))) func cancellationWakesAWaitingTask() async throws {
        let tagger = try AudioTaggerTests.tagger()
        let source = try PushedSamples(sampleRate: 32000)
        let task = Task {
            var windows = tagger.windows(of: source, .every(seconds: 1)).makeAsyncIterator()
            return try await windows.next()
        }
        try await Task.sleep(for: .milliseconds(50))
        task.cancel()
        await #expect(throws: CancellationError.self) { try await task.value }
        source.cancel()
    }

    /// A blocked thread each, and none of them Swift's own: others go on.
    @Test(.timeLimit(.minutes(1))) func manySilentSourcesStopNothing() async throws {
        let tagger = try AudioTaggerTests.tagger()
        let sources = try (0..<300).map { _ in try PushedSamples(sampleRate: 32000) }
        let tasks = sources.map { source in
            Task {
                for try await _ in tagger.windows(of: source, .every(seconds: 1)) {}
                return true
            }
        }
        let bytes = [UInt8](wave(TinyModel.samples()))
        let clip = try await tagger.clip(.bytes(bytes, name: "x"))
        #expect(clip.scores == (try tagger.outputs(samples: TinyModel.samples()).scores))
        for source in sources {
            try source.push([Float](repeating: 0.1, count: 32000))
            source.finish()
        }
        for task in tasks {
            let isDone = try await task.value
            #expect(isDone)
        }
    }

    @Test func whoBreaksOffLeavesTheSourceAlone() async throws {
        let tagger = try AudioTaggerTests.tagger()
        let source = try PushedSamples(sampleRate: 32000)
        try source.push(TinyModel.noise(count: 64000))
        for try await window in tagger.windows(of: source, .every(seconds: 0.5)) {
            #expect(window.startSeconds == 0)
            break
        }
        source.finish()
    }

    @Test func anErrorEndsTheSequence() async throws {
        let tagger = try AudioTaggerTests.tagger()
        var windows = tagger.windows(of: .file(path: "/nonexistent.wav"), .whole).makeAsyncIterator()
        await #expect(throws: EPANNsError.self) { try await windows.next() }
        let after = try await windows.next()
        #expect(after == nil)
    }

    /// Frames that overlapping windows share are computed once, with the bits of windows alone.
    @Test(arguments: [1, 2, 3]) func overlappingWindowsEqualClipsOfTheirOwn(concurrency: Int) throws {
        let tagger = try AudioTaggerTests.tagger()
        let samples = TinyModel.noise(count: 100_000)
        let reader = try tagger.reader(
            of: AudioTaggerTests.source(samples), .every(seconds: 1, hopSeconds: 0.25), concurrency: concurrency)
        var count = 0
        while let window = try reader.next() {
            let clip = Array(samples[Int(window.startSeconds * 32000)..<Int(window.endSeconds * 32000)])
            let alone = try tagger.outputs(samples: clip)
            #expect(window.scores == alone.scores && window.embedding == alone.embedding, "\(window.startSeconds)")
            count += 1
        }
        #expect(count == 10 && reader.durationSeconds == 3.125)
    }

    @Test func samplesAtAnotherRateAreConverted() throws {
        let tagger = try AudioTaggerTests.tagger()
        let samples = TinyModel.noise(count: 16000)
        let source = try PushedSamples(sampleRate: 16000)
        try source.push(samples)
        source.finish()
        let resampled = try ResampledSamples(source, sampleRate: 32000)
        var converted: [Float] = []
        while let block = try resampled.next() { converted += block }
        let tags = try tagger.tag(samples: samples, sampleRate: 16000)
        #expect(try tagger.tag(samples: converted) == tags)
        #expect(try tagger.tag(samples: samples) != tags)
        #expect(try tagger.tag(samples: samples, sampleRate: 32000) == tagger.tag(samples: samples))
        for wrong in [[0, 20000], [0, Float.nan], [Float.infinity]] as [[Float]] {
            #expect(failure { _ = try tagger.tag(samples: wrong) }?.code == .invalidAudio)
        }
        #expect(failure { _ = try tagger.tag(samples: [0, 0.1], sampleRate: 0) }?.code == .invalidConfiguration)
    }

    @Test func aModelInMemoryIsAModel() throws {
        let bytes = [UInt8](try Data(contentsOf: URL(fileURLWithPath: TinyModel.path)))
        let tagger = try AudioTagger(modelBytes: bytes, name: "memory", options: .init(precision: .fp32, threads: 1))
        let samples = TinyModel.samples()
        #expect(try tagger.tag(samples: samples) == (try AudioTaggerTests.tagger().tag(samples: samples)))
        #expect(failure { _ = try AudioTagger(modelBytes: Array(bytes.prefix(1000)), name: "half") } != nil)
    }
}

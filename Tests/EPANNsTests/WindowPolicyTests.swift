import EPANNs
import EPANNsTestSupport
import Foundation
import Synchronization
import Testing

@Suite struct WindowPolicyTests {
    @Test func upToHalfAMinuteAClipIsTakenAsAWhole() throws {
        let tagger = try AudioTaggerTests.tagger()
        let samples = TinyModel.noise(count: 30 * 32000)
        let reader = try tagger.reader(of: AudioTaggerTests.source(samples))
        let window = try #require(try reader.next())
        let whole = try tagger.outputs(samples: samples)
        #expect(window.mean == nil && window.scores == whole.scores)
        #expect(try reader.next() == nil)
        #expect(reader.durationSeconds == 30)
    }

    @Test(arguments: [1, 3]) func longerClipsAreTheMeanOverWindowsByTheirLength(concurrency: Int) throws {
        let tagger = try AudioTaggerTests.tagger()
        let samples = TinyModel.noise(count: 31 * 32000 + 5)
        let reader = try tagger.reader(of: AudioTaggerTests.source(samples), concurrency: concurrency)
        let mean = try #require(try reader.next())
        #expect(try reader.next() == nil)
        #expect(mean.mean == WindowMean(windowCount: 4, windowSeconds: 10) && mean.startSeconds == 0)
        #expect(mean.endSeconds == Double(samples.count) / 32000)
        var expected = [Double](repeating: 0, count: mean.scores.count)
        for start in stride(from: 0, to: samples.count, by: 320_000) {
            let clip = Array(samples[start..<min(samples.count, start + 320_000)])
            for (index, score) in try tagger.outputs(samples: clip).scores.enumerated() {
                expected[index] += Double(score) * Double(clip.count) / Double(samples.count)
            }
        }
        // Both in Float64, rounded once.
        #expect(worst(mean.scores, expected.map { Float($0) }) < 1e-6)
    }

    /// Promised by the header, refused before it is read.
    @Test func aClipOfMoreThanAnHourIsRefusedBeforeItIsRead() throws {
        final class Endless: SampleSource {
            var reads = 0
            var sampleRate: Int { 32000 }
            var info: AudioSourceInfo {
                .init(container: "x", codec: "x", sampleRate: 32000, channels: 1, durationSeconds: 7200)
            }
            func next() -> [Float]? {
                reads += 1
                return [Float](repeating: 0, count: 32000)
            }
        }
        let source = Endless()
        let reader = try ScoredWindowReader(AudioTaggerTests.tagger(), source: source, policy: .whole)
        let error = failure { _ = try reader.next() }
        #expect(error?.code == .invalidAudio && error?.remedy == .useWindows(seconds: 10))
        #expect(source.reads == 0)
        // In windows it has no end.
        let windows = try ScoredWindowReader(AudioTaggerTests.tagger(), source: source, policy: .every(seconds: 1))
        for _ in 0..<3 { #expect(try windows.next() != nil) }
    }

    /// Silence without end, of which the header says what a test wants.
    private final class Silence: SampleSource {
        let promised: Double?
        var reads = 0
        var sampleRate: Int { 32000 }
        var info: AudioSourceInfo {
            .init(container: "x", codec: "x", sampleRate: 32000, channels: 1, durationSeconds: promised)
        }
        init(promised: Double?) { self.promised = promised }
        func next() -> [Float]? {
            reads += 1
            return [Float](repeating: 0, count: 32000)
        }
    }

    @Test func aWindowThatIsTooLongIsRefusedBeforeItIsRead() throws {
        let tagger = try AudioTaggerTests.tagger()
        let policy = WindowPolicy.every(seconds: 7200)
        for promised in [nil, 86400.0] {
            let source = Silence(promised: promised)
            let error = failure { _ = try ScoredWindowReader(tagger, source: source, policy: policy) }
            #expect(error?.code == .invalidAudio && error?.remedy == .useWindows(seconds: 10))
            #expect(error?.message == "Windows of more than an hour are too long." && source.reads == 0)
        }
        // A header that promises less than comes does not help.
        let source = Silence(promised: 5)
        let reader = try ScoredWindowReader(tagger, source: source, policy: policy)
        #expect(failure { _ = try reader.next() }?.code == .invalidAudio && source.reads < 40)
        // Of a short recording a long window is the whole.
        let short = try tagger.reader(of: AudioTaggerTests.source(TinyModel.noise(count: 64000)), policy)
        #expect(try short.next()?.endSeconds == 2)
    }

    /// A stream that is silent for now holds nobody up.
    @Test func longStreamsDoNotWaitForOneAnother() throws {
        let tagger = try AudioTaggerTests.tagger()
        let sources = try (0..<2).map { _ in try PushedSamples(sampleRate: 32000) }
        let done = (0..<2).map { _ in DispatchSemaphore(value: 0) }
        for index in 0..<2 {
            try sources[index].push(TinyModel.noise(count: 31 * 32000))
            let source = sources[index]
            let end = done[index]
            Thread.detachNewThread {
                if let reader = try? ScoredWindowReader(tagger, source: source, policy: .whole),
                    (try? reader.next()) != nil
                {
                    end.signal()
                }
            }
            // The first one has taken its samples, and waits for more.
            if index == 0 { Thread.sleep(forTimeInterval: 0.5) }
        }
        sources[1].finish()
        // It takes a fraction of a second; a busy machine may be slow.
        #expect(done[1].wait(timeout: .now() + 60) == .success)
        sources[0].finish()
        #expect(done[0].wait(timeout: .now() + 60) == .success)
    }

    /// It weighs next to nothing in the mean.
    @Test func aShortTailOfALongClipIsNothingToWarnOf() throws {
        let tagger = try AudioTaggerTests.tagger()
        let samples = TinyModel.noise(count: 40 * 32000 + 3200)
        for (policy, isSaid) in [(WindowPolicy.automatic, false), (.every(seconds: 10), true)] {
            let reader = try tagger.reader(of: AudioTaggerTests.source(samples), policy)
            var last: ScoredWindow?
            while let window = try reader.next() { last = window }
            #expect(last?.endSeconds == 40.1)
            #expect(reader.warnings.contains { $0.contains("padded with silence") } == isSaid, "\(reader.warnings)")
        }
    }

    @Test func aHopThatIsNextToNothingIsRefused() throws {
        let tagger = try AudioTaggerTests.tagger()
        for hop in [0.0001, 0, -1, Double.nan] {
            let error = failure {
                _ = try tagger.reader(
                    of: AudioTaggerTests.source([0.1]), .every(seconds: 1, hopSeconds: hop))
            }
            #expect(error?.code == .invalidConfiguration, "\(hop)")
        }
    }

    @Test func policiesAndOptionsAreCodable() throws {
        for policy in [WindowPolicy.whole, .automatic, .every(seconds: 2, hopSeconds: 1), .every(seconds: 2)] {
            #expect(try JSONDecoder().decode(WindowPolicy.self, from: JSONEncoder().encode(policy)) == policy)
        }
        let options = AudioTagger.Options(precision: .fp32, threads: 3, outputActivation: .softmax)
        #expect(try JSONDecoder().decode(AudioTagger.Options.self, from: JSONEncoder().encode(options)) == options)
    }

    /// Damaged weights are said, whatever reads the scores.
    @Test func scoresThatAreNotFiniteAreAnError() throws {
        let model = try Model.read(path: TinyModel.path)
        var weights = model.weights
        let name = try #require(weights.keys.first { $0.hasSuffix("fc_audioset.bias") })
        let bias = try #require(weights[name])
        weights[name] = Tensor(shape: bias.shape, values: [Float](repeating: .nan, count: bias.count))
        let damaged = try model.replacing(weights: weights)
        let tagger = try AudioTagger(model: damaged, options: .init(precision: .fp32, threads: 1))
        let error = failure { _ = try tagger.outputs(samples: TinyModel.samples()) }
        #expect(error?.code == .invalidCheckpoint && error?.message.contains("NaN or infinite") == true)
    }
}

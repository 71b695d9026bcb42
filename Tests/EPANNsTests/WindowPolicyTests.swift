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

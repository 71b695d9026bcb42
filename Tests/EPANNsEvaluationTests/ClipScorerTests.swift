import EPANNs
import EPANNsData
import EPANNsEvaluation
import EPANNsTestSupport
import Foundation
import Synchronization
import Testing

@Suite struct ClipScorerTests {
    @Test(arguments: [1, 3]) func rowsAreTheTaggersScores(jobs: Int) throws {
        try ClipData.with { data in
            let set = try data.set([[0], [], [0], [], [0], []], ["Siren"])
            let heard = Mutex([Double]())
            let scores = try #require(
                try ClipScorer(tagger: data.tagger, set: set).scores(jobs: jobs) { seconds in
                    heard.withLock { $0.append(seconds ?? -1) }
                })
            // The same run of the same network, whatever runs beside it: equal to the bit.
            let expected: [[Float]?] = try (0..<6).map { try data.scores($0) }
            #expect(scores.rows == expected)
            #expect(scores.failures.isEmpty && scores.done == Array(0..<6))
            let seconds = [20000, 23000, 26000, 29000, 32000, 35000].map { Double($0) / 32000 }
            #expect(heard.withLock { $0.sorted() } == seconds)
        }
    }

    @Test func failuresAreToldAndStopNobody() throws {
        try ClipData.with { data in
            try Data("no audio".utf8).write(to: URL(fileURLWithPath: data.folder + "/2.wav"))
            let set = try data.set([[0], [], [0], [], [0], []], ["Siren"])
            let scorer = try ClipScorer(tagger: data.tagger, set: set)
            let mapping = try ClassMapping(data: set.labels, model: data.tagger.labels)
            let scores = try #require(try scorer.scores(mapping: mapping, jobs: 2))
            #expect(scores.done == [0, 1, 3, 4, 5] && scores.rows[2] == nil && scores.rows[0]?.count == 1)
            #expect(scores.failures.map(\.clip) == [2] && scores.failures[0].message.contains("2.wav"))
            #expect(scores.matrix(classCount: 1).map(\.isNaN) == [false, false, true, false, false, false])
            for index in 0..<6 {
                try Data("no audio".utf8).write(to: URL(fileURLWithPath: "\(data.folder)/\(index).wav"))
            }
            #expect(failure { _ = try scorer.scores(jobs: 2) }?.message.contains("0.wav") == true)
        }
    }

    @Test func clipsAreCutAndFilledUp() throws {
        try ClipData.with { data in
            let set = try data.set([[0], [], [0], [], [0], []], ["Siren"])
            let scores = try #require(try ClipScorer(tagger: data.tagger, set: set, clipSeconds: 1).scores(jobs: 1))
            for clip in 0..<6 {
                let noise = TinyModel.noise(count: 20000 + 3000 * clip, seed: UInt32(clip + 1))
                let samples = noise.prefix(32000) + [Float](repeating: 0, count: max(0, 32000 - noise.count))
                let expected = try data.tagger.outputs(samples: Array(samples)).scores
                #expect(scores.rows[clip] == expected)
            }
            for length in [0, -1, .nan, 4000] {
                let error = failure { _ = try ClipScorer(tagger: data.tagger, set: set, clipSeconds: length) }
                #expect(error?.code == .invalidConfiguration, "\(length)")
            }
        }
    }

    /// What lasts longer than half a minute is judged by what `tag` says of it.
    @Test func longClipsAreHeardInWindows() throws {
        try ClipData.with { data in
            let noise = TinyModel.noise(count: 35 * 32000, seed: 77)
            let path = data.folder + "/long.wav"
            try wave(noise).write(to: URL(fileURLWithPath: path))
            let set = try DataSet(
                labels: LabelSet([.init(name: "Siren")]), isSingleLabel: true,
                clips: [.init(name: "long.wav", source: .file(path), classes: [0])])
            let row = try #require(try ClipScorer(tagger: data.tagger, set: set).scores(jobs: 1)?.rows[0])
            var mean = [Double](repeating: 0, count: 527)
            for (start, seconds) in [(0, 10), (10, 10), (20, 10), (30, 5)] {
                let samples = Array(noise[start * 32000..<(start + seconds) * 32000])
                let scores = try data.tagger.outputs(samples: samples).scores
                for index in mean.indices { mean[index] += Double(scores[index]) * Double(seconds) / 35 }
            }
            // Sums of four products in Float64, rounded to Float32 once.
            let worst = zip(row, mean).map { abs(Double($0) - $1) }.max() ?? .infinity
            #expect(worst < 1e-7, "\(worst)")
            #expect(try tagged(data, path) == row)
        }
    }

    private func tagged(_ data: ClipData, _ path: String) throws -> [Float] {
        let tags = try data.tagger.tag(file: path, selection: TagSelection(topK: 527, threshold: 0)).windows[0].tags
        return tags.sorted { $0.index < $1.index }.map(\.score)
    }

    @Test func damagedWeightsEndIt() throws {
        try ClipData.with { data in
            let model = try Model.read(path: TinyModel.path)
            var weights = model.weights
            let bias = try #require(weights["fc_audioset.bias"])
            weights["fc_audioset.bias"] = Tensor(
                shape: bias.shape, values: [Float](repeating: .nan, count: bias.floats.count))
            let tagger = try AudioTagger(
                model: model.replacing(weights: weights), options: .init(precision: .fp32, threads: 1))
            let set = try data.set([[0], [], [0], [], [0], []], ["Siren"])
            let error = failure { _ = try ClipScorer(tagger: tagger, set: set).scores(jobs: 1) }
            #expect(error?.code == .invalidCheckpoint && error?.message.contains("NaN or infinite") == true)
        }
    }
}

import EPANNsTestSupport
import EPANNsTraining
import Foundation
import Testing

/// Real recordings: 400 clips of five seconds in Ogg Vorbis.
@Suite(
    .enabled(
        if: ProcessInfo.processInfo.environment["EPANNS_TEST_DATA"] != nil,
        "EPANNS_TEST_DATA is not set; esc10/ is needed"))
struct ESC10Tests {
    @Test func tableCacheAndBatches() throws {
        let data = try #require(ProcessInfo.processInfo.environment["EPANNS_TEST_DATA"])
        let all = try DataSet.read(data + "/esc10/esc10.csv")
        #expect(all.clips.count == 400 && all.classCount == 10 && all.isSingleLabel && all.folds == [1, 2, 3, 4, 5])
        #expect(all.classCounts == [Int](repeating: 40, count: 10))
        #expect(all.labels.labels.map(\.name) == all.labels.labels.map(\.name).sorted())
        let test = try all.selecting(folds: [5])
        let rest = try all.excluding(folds: [5])
        #expect(test.clips.count == 80 && rest.clips.count == 320)
        #expect(Set(test.clips).isDisjoint(with: rest.clips))
        try withTemporaryFolder { folder in
            // One fold keeps the test short.
            let cache = try WaveformCache.build(test, sampleRate: 32000, folder: folder)
            for clip in test.clips.prefix(3) {
                guard case .file(let path) = clip.source else { continue }
                let samples = try AudioFile.load(path: path, sampleRate: 32000).samples
                // Five seconds, and what Vorbis rounded up to its blocks.
                #expect((160_000...160_100).contains(samples.count))
                // One step of 16 bits: the conversion truncates.
                #expect(worst(try cache.waveform(of: clip), samples.map { max(-1, min(1, $0)) }) <= 1 / 32767)
            }
            let loader = try BatchLoader(
                dataSet: test, cache: cache, sampler: Sampler(.balanced, dataSet: test),
                frontEnd: NetworkFrontEnd(LogMelSpectrogram(configuration: .panns32k())),
                configuration: .init(
                    batchSize: 5, clipSamples: 160_000, mixupAlpha: 1, specAugment: .panns(melBands: 64)))
            for _ in 0..<4 {
                let batch = try loader.next()
                // A round of a balanced sampler has each class once.
                #expect(Set(batch.clips.flatMap { test.clips[$0].classes }).count == 10)
                #expect(batch.frameCount == 501)
                #expect(batch.withInputs { $0.allSatisfy { $0.isFinite && $0 >= -100 && $0 < 80 } })
            }
        }
    }
}

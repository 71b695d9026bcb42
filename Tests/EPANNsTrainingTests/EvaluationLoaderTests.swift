import EPANNsTestSupport
import EPANNsTraining
import Foundation
import Testing

@Suite struct EvaluationLoaderTests {
    private struct Piece: Equatable {
        var clip: Int
        var start: Int
        var samples: Int
    }

    /// All pieces in order, each checked against the front end by itself; and the sizes of the batches.
    private func pieces(
        _ small: SmallDataSet, _ configuration: EvaluationLoader.Configuration
    ) throws -> (pieces: [Piece], sizes: [Int]) {
        let frontEnd = try LogMelSpectrogram(configuration: .panns8k)
        let loader = try EvaluationLoader(
            dataSet: small.dataSet, cache: small.cache, frontEnd: frontEnd, configuration: configuration)
        var (found, sizes): ([Piece], [Int]) = ([], [])
        while let batch = try loader.next() {
            sizes.append(batch.count)
            let features = batch.withSpectrograms { Array($0) }
            let targets = batch.withTargets { Array($0) }
            for place in 0..<batch.count {
                let (clip, start) = (batch.clips[place], batch.startSamples[place])
                found.append(Piece(clip: clip, start: start, samples: batch.sampleCount))
                let waveform = try small.cache.waveform(of: small.dataSet.clips[clip]).dropFirst(start)
                let padded =
                    waveform.prefix(batch.sampleCount)
                    + [Float](repeating: 0, count: max(0, batch.sampleCount - waveform.count))
                let size = batch.frameCount * batch.melBands
                #expect(try Array(features[place * size..<(place + 1) * size]) == frontEnd(Array(padded)))
                #expect(Array(targets[2 * place..<2 * place + 2]) == (clip % 2 == 0 ? [1, 0] : [0, 1]))
            }
        }
        #expect(sizes.count == loader.batchCount)
        #expect(try loader.next() == nil)
        return (found, sizes)
    }

    @Test func fixedLengths() throws {
        try withTemporaryFolder { folder in
            let small = try SmallDataSet(folder)
            let (pieces, sizes) = try pieces(small, .init(batchSize: 5, extent: .fixed(samples: 8000), workerCount: 3))
            #expect(pieces == (0..<12).map { Piece(clip: $0, start: 0, samples: 8000) })
            #expect(sizes == [5, 5, 2])
        }
    }

    @Test func wholeClips() throws {
        try withTemporaryFolder { folder in
            let small = try SmallDataSet(folder)
            let (whole, sizes) = try pieces(small, .init(batchSize: 5))
            #expect(whole == (0..<12).map { Piece(clip: $0, start: 0, samples: 7000 + 311 * $0) })
            #expect(sizes == [Int](repeating: 1, count: 12))
            // The first four are shorter than this minimum, and then equally long.
            let (padded, paddedSizes) = try pieces(small, .init(batchSize: 3, minimumSamples: 8000))
            #expect(padded.map(\.samples) == (0..<12).map { max(8000, 7000 + 311 * $0) })
            #expect(paddedSizes == [3] + [Int](repeating: 1, count: 9))
        }
    }

    @Test func windows() throws {
        try withTemporaryFolder { folder in
            let small = try SmallDataSet(folder, clipCount: 2)
            let (pieces, _) = try pieces(small, .init(batchSize: 3, extent: .windows(samples: 4000, hop: 2000)))
            // 7000 and 7311 samples: the last window reaches the end.
            let starts = [0, 2000, 4000]
            #expect(pieces == [0, 1].flatMap { clip in starts.map { Piece(clip: clip, start: $0, samples: 4000) } })
        }
    }

    @Test func shardsCoverEveryClipOnce() throws {
        try withTemporaryFolder { folder in
            let small = try SmallDataSet(folder)
            var clips: [Int] = []
            for rank in 0..<5 {
                let shard = try Shard(rank: rank, count: 5)
                clips += try pieces(small, .init(batchSize: 2, extent: .fixed(samples: 2000), shard: shard)).pieces.map(
                    \.clip)
            }
            #expect(clips == Array(0..<12))
            #expect(failure { _ = try pieces(small, .init(batchSize: 0)) }?.code == .invalidConfiguration)
        }
    }
}

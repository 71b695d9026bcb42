import EPANNsCore
import EPANNsData
import EPANNsModels
import EPANNsTestSupport
import Foundation
import Testing

/// Packs that h5py wrote (`Tools/reference/samplers.py`), as PANNs' are (SPEC §5.1).
@Suite struct DataSetHDF5Tests {
    static let classes = [[0], [1, 72], [526], [], [0, 137]]

    @Test func packs() throws {
        let path = SamplerFixture.path("pack.h5")
        let dataSet = try DataSet.read(path)
        #expect(dataSet.labels == .audioSet && !dataSet.isSingleLabel)
        #expect(dataSet.clips.map(\.classes) == Self.classes)
        #expect(
            dataSet.clips.map(\.name) == [
                "Y-aaaaaaaaaa.wav", "Ybbbbbbbbbbb.wav", "Yccccccccccc.wav", "", "Yeeeeeeeeeee.wav",
            ])
        #expect(dataSet.clips[2].source == .hdf5(path: path, row: 2))
        #expect(dataSet.notes.contains { $0.contains("1 of 5 rows is empty") })
    }

    /// The index names a folder of another machine: the pack is beside it, or below `--audio`.
    @Test func indexesFindTheirPacks() throws {
        let expected = try SamplerFixture.load().pack.index
        let beside = try DataSet.read(SamplerFixture.path("pack_index.h5"))
        #expect(beside.clips.map(\.source) == expected.map { .hdf5(path: SamplerFixture.path("pack.h5"), row: $0) })
        #expect(beside.clips.map(\.classes) == expected.map { Self.classes[$0] })
        try withTemporaryFolder { folder in
            try FileManager.default.createDirectory(atPath: folder + "/x/waveforms", withIntermediateDirectories: true)
            try FileManager.default.copyItem(
                atPath: SamplerFixture.path("pack.h5"), toPath: folder + "/x/waveforms/pack.h5")
            // Two folders down: the one above an index is searched too, and the test's own is all that is known.
            let index = folder + "/y/indexes/index.h5"
            try FileManager.default.createDirectory(atPath: folder + "/y/indexes", withIntermediateDirectories: true)
            try FileManager.default.copyItem(atPath: SamplerFixture.path("pack_index.h5"), toPath: index)
            let found = try DataSet.read(index, audio: folder + "/x")
            #expect(found.clips[0].source == .hdf5(path: folder + "/x/waveforms/pack.h5", row: expected[0]))
            let error = failure { _ = try DataSet.read(index) }
            #expect(error?.code == .fileFailure)
            #expect(error?.message.contains("/elsewhere/hdf5s/waveforms/pack.h5") == true)
            // As PANNs lay them out: hdf5s/indexes beside hdf5s/waveforms.
            try FileManager.default.moveItem(atPath: folder + "/x/waveforms", toPath: folder + "/y/waveforms")
            let near = try DataSet.read(index)
            #expect(near.clips[0].source == .hdf5(path: folder + "/y/indexes/../waveforms/pack.h5", row: expected[0]))
        }
    }

    @Test func waveformsAreReadInPlace() throws {
        let dataSet = try DataSet.read(SamplerFixture.path("pack.h5"))
        let samples = try SamplerFixture.load().pack.samples
        for (rate, step) in [(32000, 1), (16000, 2), (8000, 4)] {
            let cache = try WaveformCache.build(dataSet, sampleRate: rate, folder: "/nonexistent/never made")
            for (clip, expected) in zip(dataSet.clips, samples) {
                let waveform = try cache.waveform(of: clip)
                #expect(waveform.count == 3200 / step)
                // Decimated without a filter (SPEC §1.6), so equal bit for bit.
                let first = stride(from: 0, to: 8, by: step).map { Float(expected[$0]) / 32767 }
                #expect(Array(waveform.prefix(first.count)) == first)
            }
            // A part, and what lies behind the end.
            let whole = try cache.waveform(of: dataSet.clips[1])
            var part = [Float](repeating: 7, count: 50)
            let offset = whole.count - 30
            try part.withUnsafeMutableBufferPointer {
                try cache.read(try cache.location(of: dataSet.clips[1]), from: offset, into: $0)
            }
            #expect(part == Array(whole[offset...]) + [Float](repeating: 0, count: 20))
        }
        #expect(
            failure { _ = try WaveformCache.build(dataSet, sampleRate: 12000, folder: "x") }?.code == .unsupportedFormat
        )
    }

    @Test func otherFilesAreRefused() throws {
        let other = failure { _ = try DataSet.read(SamplerFixture.path("not_a_pack.h5")) }
        #expect(other?.code == .unsupportedFormat && other?.message.contains("“audio_name”") == true)
        let few = failure {
            var options = DataSet.Options()
            options.labels = .numbered(10)
            _ = try DataSet.read(SamplerFixture.path("pack.h5"), options: options)
        }
        #expect(few?.message.contains("527 classes") == true)
    }

    /// Sound HDF5 that is not what PANNs' packs and indexes are.
    @Test func wrongPacksAreRefused() throws {
        let folder = SamplerFixture.url("pack.h5").deletingLastPathComponent().path
        let files = try FileManager.default.contentsOfDirectory(atPath: folder).filter { $0.hasPrefix("wrong_") }
        #expect(files.count == 19)
        for file in files {
            let error = failure { _ = try DataSet.read(folder + "/" + file) }
            #expect(error != nil, "\(file)")
        }
    }

    /// Cut packs: an error, never a trap. (Packs with changed bytes are not tried: libhdf5 1.10.8 itself crashes on some.)
    @Test func cutPacksAreRefused() throws {
        let bytes = try Data(contentsOf: SamplerFixture.url("pack.h5"))
        try withTemporaryFolder { folder in
            for count in stride(from: 8, to: bytes.count, by: 997) {
                try bytes.prefix(count).write(to: URL(fileURLWithPath: folder + "/p.h5"))
                let error = failure {
                    let dataSet = try DataSet.read(folder + "/p.h5")
                    let cache = try WaveformCache.build(dataSet, sampleRate: 32000, folder: folder)
                    for clip in dataSet.clips { _ = try cache.waveform(of: clip) }
                }
                #expect(error?.code == .unsupportedFormat, "\(count) bytes")
            }
        }
    }
}

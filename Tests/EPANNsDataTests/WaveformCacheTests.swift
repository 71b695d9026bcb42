import EPANNsCore
import EPANNsData
import EPANNsModels
import EPANNsTestSupport
import Foundation
import Synchronization
import Testing

@Suite struct WaveformQuantizationTests {
    /// `int16(trunc(clip(x, ±1)·32767))` in Float32, as NumPy computes it (SPEC §1.6).
    @Test func samplesAreTruncated() {
        let cases: [(Float, Int16)] = [
            (0, 0), (1, 32767), (-1, -32767), (1.2, 32767), (-5, -32767), (0.00003, 0), (-0.00003, 0), (0.0000306, 1),
            (0.5, 16383), (-0.5, -16383), (-0.0000611, -2),
        ]
        for (sample, expected) in cases {
            #expect(WaveformQuantization.quantize(sample) == expected, "\(sample)")
        }
        #expect(WaveformQuantization.sample(32767) == 1 && WaveformQuantization.sample(-16384) == -16384 / 32767)
    }
}

@Suite struct WaveformCacheTests {
    private struct Stop: Error {}

    private func files(_ folder: String) -> [String] {
        ["i16", "index", "journal"].map { "\(folder)/waveforms-8000.\($0)" }
    }
    private func exists(_ path: String) -> Bool { FileManager.default.fileExists(atPath: path) }

    /// What a clip of ``SmallDataSet`` reads back as.
    private func expected(_ index: Int) -> [Float] {
        TinyModel.noise(count: 7000 + 311 * index, seed: UInt32(index + 1)).map { Float(Int16($0 * 32767)) / 32767 }
    }

    @Test func samplesAreQuantisedOnce() throws {
        try withTemporaryFolder { folder in
            let small = try SmallDataSet(folder)
            for (index, clip) in small.dataSet.clips.enumerated() {
                #expect(try small.cache.waveform(of: clip) == expected(index))
            }
            let location = try small.cache.location(of: small.dataSet.clips[3])
            var part = [Float](repeating: 9, count: 100)
            try part.withUnsafeMutableBufferPointer { try small.cache.read(location, from: 7900, into: $0) }
            #expect(part == Array(expected(3)[7900...]) + [Float](repeating: 0, count: 67))
            try part.withUnsafeMutableBufferPointer { try small.cache.read(location, from: 1 << 40, into: $0) }
            #expect(part == [Float](repeating: 0, count: 100))
            let silence = try small.cache.waveform(of: .init(name: "none", source: .missing, classes: []))
            #expect(silence == [Float](repeating: 0, count: 80_000))
            let other = DataSet.Clip(name: "other.wav", source: .file("/other.wav"), classes: [])
            #expect(failure { _ = try small.cache.location(of: other) }?.message.contains("other.wav") == true)
        }
    }

    @Test func aWarmCacheDecodesNothing() throws {
        try withTemporaryFolder { folder in
            let small = try SmallDataSet(folder)
            let before = try Data(contentsOf: URL(fileURLWithPath: files(folder + "/cache")[0]))
            var seen: [WaveformCache.Progress] = []
            let again = try WaveformCache.build(small.dataSet, sampleRate: 8000, folder: folder + "/cache") {
                seen.append($0)
            }
            #expect(seen == [.init(completed: 12, total: 12, reused: 12, unreadable: 0)])
            #expect(try Data(contentsOf: URL(fileURLWithPath: files(folder + "/cache")[0])) == before)
            #expect(try again.waveform(of: small.dataSet.clips[5]) == expected(5))
            // A part of the data set finds its clips in the same cache; another rate gets files of its own.
            let part = try small.dataSet.selecting(folds: [1])
            #expect(try again.waveform(of: part.clips[0]) == expected(1))
            let resampled = try WaveformCache.build(part, sampleRate: 4000, folder: folder + "/cache")
            #expect(try resampled.waveform(of: part.clips[0]).count == (7311 + 1) / 2)
            #expect(exists(folder + "/cache/waveforms-4000.i16"))
        }
    }

    /// A kill leaves the journal, and perhaps a torn line and torn samples behind it.
    @Test func buildingGoesOnAfterAKill() throws {
        try withTemporaryFolder { folder in
            let small = try SmallDataSet(folder)
            let cache = folder + "/killed"
            // After seven of twelve clips, before anything was forced to disk.
            let part = try small.dataSet.subset(0..<7)
            #expect(throws: Stop.self) {
                _ = try WaveformCache.build(part, sampleRate: 8000, folder: cache) {
                    if $0.completed == 7 { throw Stop() }
                }
            }
            let paths = files(cache)
            #expect(exists(paths[0]) && !exists(paths[1]) && exists(paths[2]))
            var journal = try String(contentsOfFile: paths[2], encoding: .utf8)
            #expect(journal.split(separator: "\n").count == 7)
            // The last record's samples were torn, and the next line.
            var data = try Data(contentsOf: URL(fileURLWithPath: paths[0]))
            data[data.count - 100] ^= 0x55
            data += [1, 2, 3]
            try data.write(to: URL(fileURLWithPath: paths[0]))
            journal += "123\t45"
            try write(journal, to: paths[2])
            var first: WaveformCache.Progress?
            let resumed = try WaveformCache.build(small.dataSet, sampleRate: 8000, folder: cache) {
                first = first ?? $0
            }
            #expect(first?.reused == 6)
            for (index, clip) in small.dataSet.clips.enumerated() {
                #expect(try resumed.waveform(of: clip) == expected(index))
            }
            #expect(exists(paths[1]) && !exists(paths[2]))
            let size = (0..<12).reduce(0) { $0 + 2 * expected($1).count }
            #expect(try Data(contentsOf: URL(fileURLWithPath: paths[0])).count == size)
        }
    }

    @Test func changedSourcesAreReadAgain() throws {
        try withTemporaryFolder { folder in
            let small = try SmallDataSet(folder)
            let samples = TinyModel.noise(count: 7311, seed: 77)
            // The same length: the time of change tells.
            try wave(samples, sampleRate: 8000).write(to: URL(fileURLWithPath: folder + "/1.wav"))
            var first: WaveformCache.Progress?
            let again = try WaveformCache.build(small.dataSet, sampleRate: 8000, folder: folder + "/cache") {
                first = first ?? $0
            }
            #expect(first?.reused == 11)
            #expect(try again.waveform(of: small.dataSet.clips[1]) == samples.map { Float(Int16($0 * 32767)) / 32767 })
            #expect(try again.waveform(of: small.dataSet.clips[2]) == expected(2))
            // Another limit is another clip.
            var options = WaveformCache.Options()
            options.maximumClipSeconds = 0.5
            let cut = try WaveformCache.build(
                small.dataSet, sampleRate: 8000, folder: folder + "/cache", options: options)
            #expect(try cut.waveform(of: small.dataSet.clips[2]) == Array(expected(2)[..<4000]))
        }
    }

    @Test func damagedIndexesAreBuiltAnew() throws {
        try withTemporaryFolder { folder in
            let small = try SmallDataSet(folder, clipCount: 4)
            let path = files(folder + "/cache")[1]
            let index = try String(contentsOfFile: path, encoding: .utf8)
            let rows = index.split(separator: "\n", omittingEmptySubsequences: false).map(String.init)
            let far = rows[1].split(separator: "\t").enumerated().map { $0 == 0 ? "9223372036854775807" : String($1) }
            let damaged = [
                "", "x", String(index.dropLast(20)), index.replacingOccurrences(of: "end 4", with: "end 5"),
                index.replacingOccurrences(of: "waveforms 1 8000", with: "waveforms 2 8000"),
                rows.map { $0 == rows[1] ? far.joined(separator: "\t") : $0 }.joined(separator: "\n"),
                rows.map { $0 == rows[2] ? "-" + $0 : $0 }.joined(separator: "\n"),
            ]
            for text in damaged {
                try write(text, to: path)
                let again = try WaveformCache.build(small.dataSet, sampleRate: 8000, folder: folder + "/cache")
                #expect(again.notes.contains { $0.contains("damaged") })
                for (number, clip) in small.dataSet.clips.enumerated() {
                    #expect(try again.waveform(of: clip) == expected(number))
                }
            }
            // Lost samples.
            try Data().write(to: URL(fileURLWithPath: files(folder + "/cache")[0]))
            let again = try WaveformCache.build(small.dataSet, sampleRate: 8000, folder: folder + "/cache")
            #expect(try again.waveform(of: small.dataSet.clips[0]) == expected(0))
        }
    }

    @Test func unreadableRecordingsAreListed() throws {
        try withTemporaryFolder { folder in
            let small = try SmallDataSet(folder)
            try write("not audio", to: folder + "/4.wav")
            try write("", to: folder + "/7.wav")
            let error = failure {
                _ = try WaveformCache.build(small.dataSet, sampleRate: 8000, folder: folder + "/cache")
            }
            #expect(error?.code == .invalidAudio)
            for part in ["2 of 12", "/4.wav", "/7.wav"] { #expect(error?.message.contains(part) == true) }
            var options = WaveformCache.Options()
            options.skipsUnreadable = true
            let cache = try WaveformCache.build(
                small.dataSet, sampleRate: 8000, folder: folder + "/cache", options: options)
            #expect(cache.unreadable.count == 2)
            for (index, clip) in small.dataSet.clips.enumerated() where index != 4 && index != 7 {
                _ = try cache.waveform(of: clip)
            }
            // A recording that was in the cache and cannot be read any more is not served from there.
            #expect(failure { _ = try cache.location(of: small.dataSet.clips[4]) } != nil)
        }
    }

    @Test func loudRecordingsAreClippedAndNoted() throws {
        try withTemporaryFolder { folder in
            try wave([0.1, 1.5, -3, 0.2] + TinyModel.noise(count: 4000), sampleRate: 8000)
                .write(to: URL(fileURLWithPath: folder + "/a.wav"))
            let dataSet = try DataSet(
                labels: .numbered(1), isSingleLabel: true,
                clips: [.init(name: "a.wav", source: .file(folder + "/a.wav"), classes: [0])])
            for _ in 0..<2 {
                let cache = try WaveformCache.build(dataSet, sampleRate: 8000, folder: folder)
                #expect(try cache.waveform(of: dataSet.clips[0])[1...2] == [1, -1])
                #expect(cache.notes.contains { $0.contains("1 recording with peaks above 1.2") })
            }
        }
    }

    /// Makes a device that is always full, as /dev/full is; links to that are not followed.
    private static func makeFullDevice(_ path: String) -> Bool {
        #if os(Linux)
        mknod(path, S_IFCHR | 0o666, 1 << 8 | 7) == 0
        #else
        false
        #endif
    }

    private static let canMakeDevices: Bool = {
        let path = NSTemporaryDirectory() + "/epanns-full-\(UUID().uuidString)"
        defer { unlink(path) }
        return makeFullDevice(path)
    }()

    @Test(.enabled(if: canMakeDevices, "only root can make a device that is always full"))
    func aFullDiskIsSaid() throws {
        try withTemporaryFolder { folder in
            let small = try SmallDataSet(folder, clipCount: 3)
            let full = folder + "/full"
            try FileManager.default.createDirectory(atPath: full, withIntermediateDirectories: false)
            #expect(Self.makeFullDevice(full + "/waveforms-8000.i16"))
            let error = failure { _ = try WaveformCache.build(small.dataSet, sampleRate: 8000, folder: full) }
            #expect(error?.code == .fileFailure)
            #expect(error?.message.contains("The disk is full") == true)
        }
    }

    /// Two at once, as ranks of MPI do it: the second waits, and finds everything done.
    @Test func buildersWaitForEachOther() throws {
        try withTemporaryFolder { folder in
            let small = try SmallDataSet(folder)
            let reused = Mutex<[Int]>([])
            DispatchQueue.concurrentPerform(iterations: 3) { _ in
                var first: WaveformCache.Progress?
                let cache = try? WaveformCache.build(small.dataSet, sampleRate: 8000, folder: folder + "/shared") {
                    first = first ?? $0
                }
                if cache != nil { reused.withLock { $0.append(first?.reused ?? -1) } }
            }
            #expect(reused.withLock { $0.sorted() } == [0, 12, 12])
            let size = (0..<12).reduce(0) { $0 + 2 * expected($1).count }
            #expect(try Data(contentsOf: URL(fileURLWithPath: folder + "/shared/waveforms-8000.i16")).count == size)
        }
    }

    @Test func foldersThatCannotBeMade() throws {
        try withTemporaryFolder { folder in
            let small = try SmallDataSet(folder, clipCount: 1)
            let error = failure {
                _ = try WaveformCache.build(small.dataSet, sampleRate: 8000, folder: folder + "/0.wav/cache")
            }
            #expect(error?.code == .fileFailure)
            #expect(failure { _ = try WaveformCache.build(small.dataSet, sampleRate: 0, folder: folder) } != nil)
        }
    }

    /// However its path is written a recording is packed once.
    @Test func `one recording of many names`() throws {
        try withTemporaryFolder { folder in
            let small = try SmallDataSet(folder)
            try FileManager.default.createDirectory(atPath: folder + "/other", withIntermediateDirectories: true)
            try FileManager.default.createSymbolicLink(atPath: folder + "/link", withDestinationPath: folder)
            let size = try #require(
                FileManager.default.attributesOfItem(atPath: folder + "/cache/waveforms-8000.i16")[.size] as? Int)
            for name in ["/other/..", "/./", "/link"] {
                let data = try DataSet.read(folder + "/table.csv", audio: folder + name)
                var reused = 0
                let cache = try WaveformCache.build(data, sampleRate: 8000, folder: folder + "/cache") {
                    reused = $0.reused
                }
                #expect(reused == 12, "\(name)")
                #expect(try cache.waveform(of: data.clips[3]) == small.cache.waveform(of: small.dataSet.clips[3]))
            }
            let after =
                try FileManager.default.attributesOfItem(atPath: folder + "/cache/waveforms-8000.i16")[.size] as? Int
            #expect(after == size)
        }
    }

    /// In a folder that others can write to a link would have a file of the user's overwritten.
    @Test(arguments: [".lock", ".i16"]) func `links in a shared cache are not followed`(suffix: String) throws {
        try withTemporaryFolder { folder in
            let small = try SmallDataSet(folder)
            let shared = folder + "/shared"
            try FileManager.default.createDirectory(atPath: shared, withIntermediateDirectories: true)
            try FileManager.default.createSymbolicLink(
                atPath: shared + "/waveforms-8000" + suffix, withDestinationPath: folder + "/victim")
            let error = failure { _ = try WaveformCache.build(small.dataSet, sampleRate: 8000, folder: shared) }
            #expect(error?.code == .fileFailure && error?.message.contains("symbolic link") == true)
            #expect(!FileManager.default.fileExists(atPath: folder + "/victim"))
        }
    }
}

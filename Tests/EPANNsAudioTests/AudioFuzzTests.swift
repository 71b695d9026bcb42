import EPANNsAudio
import EPANNsCore
import EPANNsGraph
import EPANNsTestSupport
import Foundation
import Testing

/// Damaged files, several hundred from a fixed seed: each ends in samples or in a typed error.
@Suite struct AudioFuzzTests {
    @Test(arguments: [
        "chirp.wav", "chirp.flac", "chirp.ogg", "chirp.mp3", "chirp.opus", "chirp.m4a", "chirp.mkv", "video.mp4",
    ])
    func mutatedFilesGiveSamplesOrATypedError(name: String) throws {
        let original = try Fixture.bytes(name)
        var generator = LinearCongruential(state: UInt32(name.utf8.reduce(0) { $0 &* 31 &+ Int($1) } & 0xFFFF))
        var (results, errors) = (0, 0)
        for round in 0..<60 {
            let bytes = mutate(original, round: round, using: &generator)
            do {
                let waveform = try AudioFile.load(
                    .bytes(bytes, name: name), sampleRate: 32000, maximumDurationSeconds: 60)
                #expect(!waveform.samples.isEmpty && waveform.samples.allSatisfy(\.isFinite))
                results += 1
            } catch let error as EPANNsError {
                #expect([.invalidAudio, .unsupportedFormat].contains(error.code), "\(error)")
                #expect(!error.message.isEmpty)
                errors += 1
            }
        }
        print("\(name): \(results) gave samples, \(errors) errors")
        #expect(results + errors == 60)
    }

    /// More of it, from more formats: `EPANNS_FUZZ_RUNS` sets the number of inputs (300 unless told), `EPANNS_FUZZ_START` the
    /// first one, and `EPANNS_FUZZ_SEEDS` names a folder of sound files, such as `Tools/fuzz/make_seeds.sh` makes.
    ///
    /// Input N depends on N and the seeds alone.
    @Test func damagedFilesOfManyFormats() throws {
        func setting(_ name: String, _ fallback: Int) -> Int {
            ProcessInfo.processInfo.environment[name].flatMap(Int.init) ?? fallback
        }
        let fixtures = [
            "alac.caf", "chirp.wav", "chirp.flac", "chirp.ogg", "chirp.mp3", "chirp.opus", "chirp.m4a", "chirp.mkv",
            "video.mp4",
        ]
        var names = fixtures
        var corpus = try fixtures.map(Fixture.bytes)
        let known = [
            "ac3", "aif", "au", "avi", "caf", "dts", "eac3", "flac", "m4a", "mka", "mkv", "mp2", "mp3", "mp4", "oga",
            "ogg",
            "opus", "thd", "tta", "w64", "wav", "webm", "wma", "wv",
        ]
        if let seeds = ProcessInfo.processInfo.environment["EPANNS_FUZZ_SEEDS"] {
            for name in try FileManager.default.contentsOfDirectory(atPath: seeds).sorted()
            where known.contains(where: { name.hasSuffix("." + $0) }) {
                names.append(name)
                corpus.append([UInt8](try Data(contentsOf: URL(fileURLWithPath: "\(seeds)/\(name)"))))
            }
        }
        let (start, runs) = (setting("EPANNS_FUZZ_START", 0), setting("EPANNS_FUZZ_RUNS", 300))
        var outcomes: [String: Int] = [:]
        var slowest = Duration.zero
        for run in start..<start + runs {
            // FFmpeg goes by the name, too, so each seed is damaged under its own.
            let seed = run % corpus.count
            var mutation = ByteMutation(number: run)
            let bytes = mutation.damaged([corpus[seed], corpus[seed], corpus[(run / corpus.count) % corpus.count]])
            let begin = ContinuousClock.now
            outcomes[try outcome(of: bytes, fileName: names[seed], "input \(run)"), default: 0] += 1
            slowest = max(slowest, ContinuousClock.now - begin)
            if run % 1000 == 999 { print("audio: \(run + 1), \(outcomes.sorted { $0.key < $1.key })") }
        }
        print(
            "audio: \(runs) inputs of \(corpus.count) seeds, \(outcomes.sorted { $0.key < $1.key }), slowest \(slowest)"
        )
        #expect(outcomes.values.reduce(0, +) == runs)
        // Damaged durations may ask for a minute of sound, the limit above; more would be a loop that runs away.
        #expect(slowest < .seconds(20))
        #expect((outcomes["read"] ?? 0) > runs / 10)
    }

    /// What reading came to, in a word.
    private func outcome(of bytes: [UInt8], fileName: String, _ name: String) throws -> String {
        do {
            let waveform = try AudioFile.load(
                .bytes(bytes, name: fileName), sampleRate: 32000, maximumDurationSeconds: 60)
            #expect(!waveform.samples.isEmpty && waveform.samples.allSatisfy(\.isFinite), "\(name)")
            return "read"
        } catch let error as EPANNsError {
            #expect([.invalidAudio, .unsupportedFormat].contains(error.code), "\(name): \(error)")
            #expect(!error.description.unicodeScalars.contains { $0.value < 32 }, "\(name): \(error)")
            return error.code.rawValue
        }
    }

    private func mutate(
        _ original: [UInt8], round: Int, using generator: inout LinearCongruential
    ) -> [UInt8] {
        var bytes = original
        // Headers are where a wrong number does most harm, so half of the rounds stay in them.
        let range = round % 2 == 0 ? 0..<min(256, bytes.count) : 0..<bytes.count
        switch round % 5 {
        case 0, 1:
            for _ in 0..<Int.random(in: 1...8, using: &generator) {
                bytes[Int.random(in: range, using: &generator)] = UInt8.random(in: 0...255, using: &generator)
            }
        case 2:
            let start = Int.random(in: range, using: &generator)
            for index in start..<min(bytes.count, start + 4) {
                bytes[index] = Bool.random(using: &generator) ? 0xFF : 0
            }
        case 3: bytes.removeLast(Int.random(in: 1..<bytes.count, using: &generator))
        default:
            let start = Int.random(in: range, using: &generator)
            bytes.removeSubrange(start..<min(bytes.count, start + Int.random(in: 1...64, using: &generator)))
        }
        return bytes
    }
}

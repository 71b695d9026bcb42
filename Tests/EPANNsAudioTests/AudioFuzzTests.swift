import EPANNsAudio
import EPANNsCore
import EPANNsGraph
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

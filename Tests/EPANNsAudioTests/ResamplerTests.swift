import EPANNsAudio
import EPANNsCore
import EPANNsGraph
import EPANNsTestSupport
import Foundation
import Testing

@Suite struct ResamplerTests {
    @Test(arguments: [(44100, 32000), (48000, 32000), (8000, 32000), (22050, 16000), (192_000, 8000), (32000, 32000)])
    func lengthIsTheCeiling(input: Int, output: Int) throws {
        for count in [1, 2, 1000, 44101, 50000] {
            let resampler = try Resampler(inputRate: input, outputRate: output)
            let made = try resampler.process(Signals.noise(count: count)).count + resampler.finish().count
            #expect(made == (count * output + input - 1) / input)
        }
    }

    /// A tone in the pass band comes out as that tone; one beyond the new Nyquist frequency is gone.
    @Test(arguments: [Resampler.Engine.soxr, .polyphase])
    func tonesPassAndAliasesDoNot(engine: Resampler.Engine) throws {
        for (frequency, gain) in [(1000.0, 1.0), (12000, 1), (18000, 0)] {
            let resampler = try Resampler(inputRate: 44100, outputRate: 32000, engine: engine)
            #expect(resampler.engine == engine)
            let input = (0..<44100).map { Float(0.5 * sin(2 * .pi * frequency * Double($0) / 44100)) }
            let output = try resampler.process(input) + resampler.finish()
            // Away from the ends, where the filter sees the silence around the signal.
            let worst = (2000..<30000).reduce(0.0) { worst, n in
                max(worst, abs(Double(output[n]) - gain * 0.5 * sin(2 * .pi * frequency * Double(n) / 32000)))
            }
            // 20 bits are 1e-6 of noise, but towards the edge of its pass band soxr's filter falls by up to 0.01 dB.
            // Our other engine promises nothing; −80 dB is what its window gives.
            let tolerance = engine == .polyphase ? 1e-4 : frequency == 12000 ? 0.5 * 1.2e-3 : 2e-6
            #expect(worst < tolerance, "\(frequency) Hz: \(worst)")
        }
    }

    @Test func theSplitIntoBlocksDoesNotMatter() throws {
        let input = Signals.noise(count: 30000)
        let whole = try Resampler(inputRate: 44100, outputRate: 32000)
        let expected = try whole.process(input) + whole.finish()
        for size in [1, 7, 1024, 29999] {
            let resampler = try Resampler(inputRate: 44100, outputRate: 32000)
            var output: [Float] = []
            for start in stride(from: 0, to: input.count, by: size) {
                output += try resampler.process(Array(input[start..<min(input.count, start + size)]))
            }
            output += try resampler.finish()
            #expect(output == expected, "blocks of \(size)")
        }
    }
}

@Suite struct LibrosaParityTests {
    /// The same mean, the same library and quality behind both: bit for bit where it was written, and 1e-6 (a few
    /// roundings) for another build of libsoxr.
    @Test func matchesLibrosa() throws {
        let waveform = try AudioFile.load(path: Fixture.path("chirp.wav"), sampleRate: 32000)
        let expected = try Fixture.array("chirp.librosa.npy").values
        #expect(waveform.samples.count == expected.count)
        let (error, correlation) = compare(waveform.samples, expected)
        print("librosa chirp.wav: maximum error \(error), correlation \(correlation)")
        #expect(error < 1e-6)
    }

    @Test(.enabled(if: Outside.testData != nil, "EPANNS_TEST_DATA does not name a folder of recordings"))
    func realRecordingsHaveTheLengthsOfLibrosa() throws {
        // Four clips of ten seconds at 32 and 44.1 kHz, one of seven; an Ogg Vorbis file of 5.001 s at 44.1 kHz.
        let lengths = [
            "R9_ZSCveAHg_7s.wav": 224_000, "metro_station-paris.wav": 320_000, "music.wav": 320_000,
            "speech.wav": 320_000, "typing.wav": 320_000, "1-100032-A-0.ogg": 160_032,
        ]
        for (name, length) in lengths {
            let waveform = try AudioFile.load(path: Outside.recording(name), sampleRate: 32000)
            #expect(waveform.samples.count == length, "\(name)")
            #expect(waveform.sourceInfo.warnings.isEmpty, "\(name): \(waveform.sourceInfo.warnings)")
        }
    }

    @Test(
        .enabled(
            if: Outside.hasBoth,
            "EPANNS_TEST_DATA and EPANNS_REFERENCE (written by Tools/reference/audio_fixtures.py) are not both set"))
    func matchesLibrosaOnRealRecordings() throws {
        let references = try Outside.references(suffix: ".librosa.npy")
        #expect(!references.isEmpty)
        var (worst, weakest) = (Float(0), 1.0)
        for reference in references {
            let path = try Outside.recording(String(reference.dropLast(".librosa.npy".count)))
            let waveform = try AudioFile.load(path: path, sampleRate: 32000)
            let expected = try NumPyArray(path: "\(#require(Outside.reference))/\(reference)").values
            #expect(waveform.samples.count == expected.count, "\(path)")
            let (error, correlation) = compare(waveform.samples, expected)
            (worst, weakest) = (max(worst, error), min(weakest, correlation.isNaN ? 1 : correlation))
            // libsndfile's Vorbis and FFmpeg's are two decoders, equal to some roundings of a full-scale sample.
            #expect(error < 2e-6, "\(path)")
        }
        print("librosa, \(references.count) recordings: maximum error \(worst), least correlation \(weakest)")
    }
}

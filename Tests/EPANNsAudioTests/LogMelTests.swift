import EPANNsAudio
import EPANNsCore
import EPANNsGraph
import EPANNsTestSupport
import Foundation
import Testing

/// SPEC §8.2, reference in Float64.
@Suite struct LogMelGoldenTests {
    private static let bands = [0, 5, 10, 20, 30, 40, 50, 63]

    @Test(arguments: [32000, 16000, 8000], ["tones", "noise"])
    func matchesTheGoldenNumbers(sampleRate: Int, signal: String) throws {
        let golden = try #require(Fixture.json("golden.json")["logmel\(sampleRate)_\(signal)"] as? [String: Any])
        let configuration: FrontEndConfiguration =
            switch sampleRate {
            case 16000: .panns16k
            case 8000: .panns8k
            default: .panns32k()
            }
        let samples = signal == "tones" ? Signals.tones(sampleRate: sampleRate) : Signals.noise(count: sampleRate)
        let rows = try LogMelSpectrogram(configuration: configuration)(samples)
        #expect(rows.count == 101 * 64 && golden["shape"] as? [Int] == [101, 64])
        var worst = 0.0
        for (key, frame) in [("frame0", 0), ("frame50", 50), ("last", 100)] {
            let expected = try #require(golden[key] as? [Double])
            for (band, value) in zip(Self.bands, expected) where value > -60 {
                worst = max(worst, abs(Double(rows[frame * 64 + band]) - value))
            }
        }
        print("golden \(signal) \(sampleRate): worst error \(worst) dB")
        // SPEC §8: what Float32 can hold above −60 dB; the numbers are printed to 5e-5.
        #expect(worst < 1e-3)
        let frame50 = rows[50 * 64..<51 * 64]
        #expect(frame50.firstIndex(of: frame50.max() ?? 0) == 50 * 64 + (golden["argmax50"] as? Int ?? -1))
        #expect(abs(Double(rows.max() ?? 0) - (golden["max"] as? Double ?? 0)) < 1e-3)
        if signal == "noise" {
            // The tones' mean is that of bins near the floor, which are ill-conditioned.
            let mean = rows.reduce(0.0) { $0 + Double($1) } / Double(rows.count)
            #expect(abs(mean - (golden["mean"] as? Double ?? 0)) < 1e-3)
        }
    }

    @Test func digitalSilenceIsExactlyTheFloor() throws {
        let silence = [Float](repeating: 0, count: 4000)
        #expect(try LogMelSpectrogram(configuration: .panns32k())(silence).allSatisfy { $0 == -100 })
        let quiet = try LogMelSpectrogram(configuration: .efficientAT)(silence)
        #expect(quiet.allSatisfy { abs($0 - Float((log(1e-5) + 4.5) / 5)) < 1e-6 })
    }
}

/// Whole arrays against torchlibrosa, and against our own PyTorch reading of SPEC §2.11 for EfficientAT.
@Suite struct LogMelParityTests {
    static let configurations: [(String, FrontEndConfiguration)] = [
        ("panns32k", .panns32k()), ("panns32k-mel32", .panns32k(melBands: 32)),
        ("panns32k-mel128", .panns32k(melBands: 128)), ("panns16k", .panns16k), ("panns8k", .panns8k),
        ("efficient-at", .efficientAT),
    ]

    @Test(arguments: configurations)
    func matchesTheReference(name: String, configuration: FrontEndConfiguration) throws {
        try Self.compare(
            Fixture.array("logmel.waveform.npy").values, Fixture.array("logmel.\(name).npy"), configuration,
            label: name)
    }

    @Test(
        .enabled(
            if: Outside.reference != nil,
            "EPANNS_REFERENCE does not name a folder written by Tools/reference/logmel.py --reference"))
    func matchesTheReferenceOnRealRecordings() throws {
        let clips = try Outside.references(suffix: ".panns32k.npy").map { $0.dropLast(".panns32k.npy".count) }
        #expect(!clips.isEmpty)
        let folder = try #require(Outside.reference)
        for clip in clips {
            let waveform = try NumPyArray(path: "\(folder)/\(clip).librosa.npy").values
            for (name, configuration) in Self.configurations {
                try Self.compare(
                    waveform, NumPyArray(path: "\(folder)/\(clip).\(name).npy"), configuration,
                    label: "\(clip) \(name)")
            }
        }
    }

    /// The reference is Float32 too.
    ///
    /// A Float32 transform errs by some 1e-7 of the frame's loudest bin wherever the bin
    /// is, so decibels are compared where that is small: bands above −60 dB (SPEC §8) that are within 50 dB of their
    /// frame's loudest, 1e-3 dB. Elsewhere amplitudes must agree to 1e-6 of the loudest one, eight roundings. Against
    /// Float64, torchlibrosa itself is wrong by up to 4e-3 dB above −60 dB for the made-up sound.
    private static func compare(
        _ waveform: [Float], _ expected: NumPyArray, _ configuration: FrontEndConfiguration, label: String
    ) throws {
        let rows = try LogMelSpectrogram(configuration: configuration)(waveform)
        let bands = configuration.melBands
        #expect(expected.shape == [configuration.frameCount(sampleCount: waveform.count), bands])
        try #require(rows.count == expected.values.count)
        func decibels(_ value: Float) -> Double {
            configuration.recipe == .panns ? Double(value) : (Double(value) * 5 - 4.5) * 10 / log(10)
        }
        var (worst, worstAmplitude) = (0.0, 0.0)
        for frame in stride(from: 0, to: rows.count, by: bands) {
            let theirs = expected.values[frame..<frame + bands].map(decibels)
            let ours = rows[frame..<frame + bands].map(decibels)
            let peak = theirs.max() ?? 0
            for (x, y) in zip(ours, theirs) {
                if y > max(-60, peak - 50) {
                    worst = max(worst, abs(x - y))
                } else {
                    worstAmplitude = max(worstAmplitude, abs(pow(10, (x - peak) / 20) - pow(10, (y - peak) / 20)))
                }
            }
        }
        print("log-mel \(label): worst error \(worst) dB; of faint bands \(worstAmplitude) of the loudest amplitude")
        #expect(worst < 1e-3, "\(label)")
        #expect(worstAmplitude < 1e-6, "\(label)")
    }
}

@Suite struct LogMelInputTests {
    @Test(arguments: LogMelParityTests.configurations.map(\.1))
    func theShortestClipWorksAndAShorterOneIsAnError(configuration: FrontEndConfiguration) throws {
        let spectrogram = try LogMelSpectrogram(configuration: configuration)
        let shortest = configuration.minimumSampleCount
        let rows = try spectrogram(Signals.noise(count: shortest))
        #expect(rows.count == configuration.frameCount(sampleCount: shortest) * configuration.melBands)
        #expect(rows.allSatisfy { $0.isFinite && $0 > -100 })
        for count in [0, 1, shortest - 1] {
            let error = #expect(throws: EPANNsError.self) { try spectrogram(Signals.noise(count: count)) }
            #expect(error?.code == .invalidAudio)
        }
    }

    @Test(arguments: [0, 5, 3999], [Float.nan, .infinity, -.infinity])
    func samplesThatAreNotFiniteAreAnError(position: Int, value: Float) throws {
        var samples = Signals.noise(count: 4000)
        samples[position] = value
        let spectrogram = try LogMelSpectrogram(configuration: .panns32k())
        let error = #expect(throws: EPANNsError.self) { try spectrogram(samples) }
        #expect(error?.code == .invalidAudio)
        #expect(error?.message.contains("Sample \(position)") == true)
    }

    @Test func hugeSamplesGiveFiniteRows() throws {
        let samples = [Float](repeating: 1e30, count: 2000) + [Float](repeating: -1e30, count: 2000)
        #expect(try LogMelSpectrogram(configuration: .panns32k())(samples).allSatisfy(\.isFinite))
    }

    @Test func numbersThatMakeNoSenseAreAnError() {
        var configuration = FrontEndConfiguration.panns32k()
        configuration.hopSize = 0
        let error = #expect(throws: EPANNsError.self) { try LogMelSpectrogram(configuration: configuration) }
        #expect(error?.code == .invalidConfiguration)
    }

    /// One value serves several threads: every one gets the same rows as a lone one.
    @Test func concurrentUseGivesTheSameRows() async throws {
        let spectrogram = try LogMelSpectrogram(configuration: .panns32k())
        let clips = (0..<8).map { Signals.noise(count: 16000, seed: UInt32($0)) }
        let alone = try clips.map { try spectrogram($0) }
        let together = try await withThrowingTaskGroup(of: (Int, [Float]).self) { group in
            for (index, clip) in clips.enumerated() { group.addTask { (index, try spectrogram(clip)) } }
            var results = [[Float]](repeating: [], count: clips.count)
            for try await (index, rows) in group { results[index] = rows }
            return results
        }
        #expect(together == alone)
    }
}

@Suite struct LogMelStreamTests {
    @Test(arguments: LogMelParityTests.configurations.map(\.1))
    func anySplitGivesBitIdenticalFrames(configuration: FrontEndConfiguration) throws {
        let spectrogram = try LogMelSpectrogram(configuration: configuration)
        var generator = LinearCongruential(state: 7)
        let minimum = configuration.minimumSampleCount
        let lengths = [minimum, minimum + 1, configuration.fftSize, configuration.hopSize * 7, 9973, 16001]
        for length in lengths where length >= minimum {
            let samples = Signals.noise(count: length)
            let whole = try spectrogram(samples)
            for sizes in [[1], [0, 1, 2], [7, 13, 331], [length], [320], [4097, 1]] {
                try Self.check(spectrogram, samples, whole) { sizes[$0 % sizes.count] }
            }
            for _ in 0..<6 {
                try Self.check(spectrogram, samples, whole) { _ in Int.random(in: 0...1500, using: &generator) }
            }
        }
    }

    private static func check(
        _ spectrogram: LogMelSpectrogram, _ samples: [Float], _ whole: [Float], size: (Int) -> Int
    ) throws {
        let stream = try LogMelStream(spectrogram)
        var rows: [Float] = []
        var (position, block) = (0, 0)
        while position < samples.count {
            let end = min(samples.count, position + size(block))
            rows += try stream.append(Array(samples[position..<end]))
            (position, block) = (end, block + 1)
        }
        rows += try stream.finish()
        #expect(rows == whole)
        #expect(stream.sampleCount == samples.count)
        #expect(stream.frameCount * spectrogram.configuration.melBands == whole.count)
    }

    @Test func aFrameComesWithItsLastSample() throws {
        let stream = try LogMelStream(LogMelSpectrogram(configuration: .panns32k()))
        #expect(try stream.append([Float](repeating: 0, count: 512)).isEmpty)
        #expect(try stream.append([0]).count == 64)
        #expect(try stream.append([Float](repeating: 0, count: 318)).isEmpty)
        #expect(try stream.append([0]).count == 64)
    }

    @Test func tooShortAStreamAndBadSamplesAreErrors() throws {
        let stream = try LogMelStream(LogMelSpectrogram(configuration: .panns32k()))
        _ = try stream.append([Float](repeating: 0, count: 512))
        #expect(throws: EPANNsError.self) { try stream.finish() }
        #expect(throws: EPANNsError.self) { try stream.append([.nan]) }
    }
}

import EPANNsCore
import EPANNsAudio
import EPANNsGraph
import Foundation
import Testing

/// AST's front end: Kaldi's filter bank.
///
/// SPEC §2.9 and §8.3, reference in Float64.
@Suite struct KaldiFilterBankTests {
    /// The filter bank itself: any number of frames, not normalised.
    private static let plain: FrontEndConfiguration = {
        var configuration = FrontEndConfiguration.ast
        configuration.recipe.frames = .any
        configuration.recipe.normalisation = .none
        return configuration
    }()

    @Test(arguments: ["tones", "noise"]) func matchesTheGoldenNumbers(signal: String) throws {
        let golden = try #require(Fixture.json("golden.json")["fbank_\(signal)"] as? [String: Any])
        let samples = signal == "tones" ? Signals.tones(sampleRate: 16000) : Signals.noise(count: 16000)
        let rows = try LogMelSpectrogram(configuration: Self.plain)(samples)
        #expect(golden["shape"] as? [Int] == [98, 128] && rows.count == 98 * 128)
        var worst = 0.0
        for (key, frame) in [("frame0", 0), ("frame50", 50)] {
            let expected = try #require(golden[key] as? [Double])
            for (band, value) in zip([0, 1, 5, 20, 40, 60, 90, 127], expected) {
                worst = max(worst, abs(Double(rows[frame * 128 + band]) - value))
            }
        }
        print("Kaldi filter bank, \(signal): worst error \(worst)")
        // Printed to 5e-6; the faintest bands have a millionth of the loudest one's power, of which Float32's transform
        // loses some 1e-7 in amplitude: 1e-3 of the logarithm.
        #expect(worst < 1e-3)
        // Band 3 holds no bin, so it is always the floor, exactly.
        #expect((0..<98).allSatisfy { rows[$0 * 128 + 3] == Float(log(1.192_092_9e-7)) })
        let mean = rows.reduce(0.0) { $0 + Double($1) } / Double(rows.count)
        #expect(abs(mean - (golden["mean"] as? Double ?? 0)) < (signal == "noise" ? 1e-4 : 1e-2))
    }

    @Test func clipsAreFilledOrCutToTheNumberOfFrames() throws {
        let spectrogram = try LogMelSpectrogram(configuration: .ast)
        let rows = try spectrogram(Signals.noise(count: 16000))
        let plain = try LogMelSpectrogram(configuration: Self.plain)(Signals.noise(count: 16000))
        #expect(rows.count == 1024 * 128)
        // SPEC §2.9: (x + 4.2677393) / (2·4.5689974), and 0 before that where there is no frame.
        for (x, y) in zip(plain, rows) {
            #expect(abs((Double(x) + 4.267_739_3) / (2 * 4.568_997_4) - Double(y)) < 1e-6)
        }
        #expect(rows[(98 * 128)...].allSatisfy { $0 == Float(4.267_739_3 / (2 * 4.568_997_4)) })

        let long = Signals.noise(count: 200_000)
        #expect(FrontEndConfiguration.ast.frameCount(sampleCount: long.count) == 1024)
        #expect(try spectrogram(long).count == 1024 * 128)
        let heard = try #require(FrontEndConfiguration.ast.longestSampleCount)
        // Without the clip's mean, to which what is cut off belongs.
        var own = FrontEndConfiguration.ast
        own.recipe.offsetRemoval.ofClip = false
        let cut = try LogMelSpectrogram(configuration: own)
        #expect(try cut(long) == cut(Array(long.prefix(heard))))
        #expect(Self.plain.frameCount(sampleCount: heard) == 1024)
        #expect(Self.plain.frameCount(sampleCount: heard + 1) == 1025 && Self.plain.longestSampleCount == nil)
    }

    @Test func theClipsMeanDoesNotMatter() throws {
        let samples = Signals.noise(count: 8000)
        let spectrogram = try LogMelSpectrogram(configuration: Self.plain)
        let shifted = try spectrogram(samples.map { $0 + 0.25 })
        // Rounding of samples around 0.25 is 1.5e-8, of noise of amplitude 0.1.
        for (a, b) in zip(try spectrogram(samples), shifted) { #expect(abs(a - b) < 1e-3) }
    }

    @Test func wholeFramesCountAndLimitTheLength() throws {
        let configuration = Self.plain
        for (samples, frames) in [(399, 0), (400, 1), (559, 1), (560, 2), (160_000, 998)] {
            #expect(configuration.frameCount(sampleCount: samples) == frames)
        }
        #expect(configuration.minimumSampleCount == 400)
        #expect(configuration.minimumSampleCount(frameCount: 3) == 720)
        let error = #expect(throws: EPANNsError.self) {
            try LogMelSpectrogram(configuration: configuration)(Signals.noise(count: 399))
        }
        #expect(error?.code == .invalidAudio)
    }

    @Test func aStreamRefusesWhatNeedsTheWholeClip() throws {
        let spectrogram = try LogMelSpectrogram(configuration: .ast)
        #expect(throws: EPANNsError.self) { try LogMelStream(spectrogram) }
        var fixed = FrontEndConfiguration.panns32k()
        fixed.recipe.frames = .fixed(count: 100, padding: -100)
        #expect(throws: EPANNsError.self) { try LogMelStream(LogMelSpectrogram(configuration: fixed)) }
    }
}

import EPANNsAudio
import EPANNsCore
import Foundation
import Testing

/// Each fault in a synthetic signal is found, alone, and a sound signal has none.
@Suite struct AudioDoctorTests {
    private static let rate = 44100

    /// Two seconds of something like sound: noise over all frequencies whose loudness rises and falls, under a tone.
    private static func sound(seconds: Double = 2, seed: UInt32 = 1, level: Float = 1) -> [Float] {
        let count = Int(seconds * Double(rate))
        let noise = Signals.noise(count: count, seed: seed)
        return (0..<count).map { index in
            let time = Double(index) / Double(rate)
            return level * Float(0.3 * sin(2 * .pi * 440 * time)) + level * noise[index]
                * Float(1 + 0.9 * sin(2 * .pi * 3 * time))
        }
    }

    private func codes(_ channels: [[Float]], rate: Int = rate, analysisRate: Int = 32000) throws -> [AudioFinding.Code]
    {
        try findings(channels, rate: rate, analysisRate: analysisRate).map(\.code)
    }

    private func findings(
        _ channels: [[Float]], rate: Int = rate, analysisRate: Int = 32000, blockSize: Int = 1000
    ) throws -> [AudioFinding] {
        var doctor = AudioDoctor(analysisRate: analysisRate)
        for start in stride(from: 0, to: channels[0].count, by: blockSize) {
            let end = min(channels[0].count, start + blockSize)
            try doctor.take(
                ChannelBlock(channels.flatMap { $0[start..<end] }, channelCount: channels.count, sampleRate: rate))
        }
        return doctor.findings
    }

    @Test func soundHasNoFindings() throws {
        #expect(try findings([Self.sound()]).isEmpty)
        #expect(try findings([Self.sound(), Self.sound(seed: 2)]).isEmpty)
        // The same sound in both channels, and one of them 20 dB quieter.
        #expect(try findings([Self.sound(), Self.sound(level: 0.1)]).isEmpty)
        #expect(AudioDoctor(analysisRate: 32000).findings.isEmpty)
    }

    @Test func theSizeOfBlocksDoesNotMatter() throws {
        let clipped = Self.sound().map { max(-1, min(1, $0 * 8)) }
        let quiet = [Float](repeating: 0, count: clipped.count)
        let whole = try findings([clipped, quiet], blockSize: clipped.count)
        #expect(whole.map(\.code) == [.deadChannel, .clipping])
        for size in [1, 7, 511, 4096] { #expect(try findings([clipped, quiet], blockSize: size) == whole) }
    }

    @Test func digitalSilence() throws {
        let zeros = [Float](repeating: 0, count: 44100)
        #expect(try codes([zeros]) == [.digitalSilence])
        #expect(try codes([zeros, zeros]) == [.digitalSilence])
        // A converter that is off may give any constant.
        #expect(try codes([zeros.map { _ in 0.25 }]) == [.digitalSilence])
        let padded = Self.sound(seconds: 0.5) + [Float](repeating: 0, count: 4 * 44100)
        let found = try findings([padded])
        #expect(found.map(\.code) == [.digitalSilence] && found[0].message.contains("88 %"), "\(found)")
        // A pause is none.
        #expect(try codes([Self.sound() + zeros + Self.sound()]).isEmpty)
    }

    @Test(arguments: [Float(2), 4, 100])
    func clipping(gain: Float) throws {
        #expect(try codes([Self.sound().map { max(-1, min(1, $0 * gain * 2)) }]) == [.clipping])
        // As 16 bits have it, whose two ends differ.
        let integers = Self.sound().map { max(-32768, min(32767, ($0 * gain * 2 * 32768).rounded())) / 32768 }
        #expect(try codes([Self.sound(), integers]) == [.clipping])
    }

    /// A codec leaves no two equal samples of a clipped peak; here noise of 1 % does it.
    @Test func clippingThatACodecHasBlurred() throws {
        let noise = Signals.noise(count: 2 * Self.rate, seed: 9)
        let blurred = zip(Self.sound(), noise).map { max(-1, min(1, $0 * 20)) + 0.1 * $1 }
        #expect(try codes([blurred]) == [.clipping])
    }

    /// Loud but whole: peaks at full scale, and tones of all heights whose tops are flat in 16 bits.
    @Test(arguments: [20.0, 50, 440, 9000])
    func fullScaleIsNoClipping(frequency: Double) throws {
        let tone = (0..<Self.rate).map { index in
            Float((32767 * sin(2 * .pi * frequency * Double(index) / Double(Self.rate))).rounded() / 32768)
        }
        #expect(try !codes([tone]).contains(.clipping))
        let sound = Self.sound()
        let peak = sound.map(abs).max() ?? 1
        #expect(try codes([sound.map { $0 / peak }]).isEmpty)
    }

    @Test(arguments: [Float(0.5), -0.1, 0.03])
    func offset(size: Float) throws {
        let found = try findings([Self.sound().map { $0 * 0.5 + size }])
        #expect(found.map(\.code) == [.dcOffset])
        #expect(found[0].message.contains("\(size)"), "\(found)")
        #expect(try codes([Self.sound().map { $0 * 0.5 + 0.01 }]).isEmpty)
        // Small, but more than the sound.
        #expect(try codes([Self.sound().map { $0 * 0.02 + 0.01 }]) == [.dcOffset])
    }

    @Test func deadChannels() throws {
        let sound = Self.sound()
        let zeros = [Float](repeating: 0, count: sound.count)
        let found = try findings([sound, zeros])
        #expect(found.map(\.code) == [.deadChannel])
        #expect(found[0].message == "Channel 2 of 2 is silent; the mix is 6 dB quieter for it.")
        // What leaks through a cable, and an input whose converter has an offset.
        #expect(try codes([Signals.noise(count: sound.count).map { $0 * 0.005 }, sound]) == [.deadChannel])
        #expect(try codes([zeros.map { _ in 0.01 }, sound]) == [.deadChannel])
        let surround = try findings([zeros, sound, zeros, zeros, zeros, zeros])
        #expect(surround.map(\.code) == [.deadChannel])
        #expect(surround[0].message == "Channels 1 and 3–6 of 6 are silent; the mix is 16 dB quieter for it.")
        // A film without effects of low frequencies is whole.
        let voices = (1...5).map { Self.sound(seed: UInt32($0)) }
        #expect(try codes(voices + [zeros]).isEmpty)
        #expect(try codes(Array(voices[..<3]) + [zeros]) == [.deadChannel])
    }

    @Test func antiPhase() throws {
        let sound = Self.sound()
        #expect(try codes([sound, sound.map { -$0 }]) == [.antiPhase])
        // Not quite: another level, some noise of its own, an offset in both.
        let other = zip(sound, Signals.noise(count: sound.count, seed: 5)).map { -0.9 * $0 + 0.1 * $1 + 0.01 }
        #expect(try codes([sound.map { $0 + 0.01 }, other]) == [.antiPhase])
        // Turned by a quarter of a period: nothing cancels.
        let late = Array(sound.dropFirst(25)) + sound.prefix(25)
        #expect(try codes([sound, late]).isEmpty)
    }

    @Test(arguments: [Float(31.6), 100, 32768])
    func samplesFarAboveFullScale(gain: Float) throws {
        #expect(try codes([Self.sound().map { $0 * gain }]) == [.overFullScale])
        // What a codec makes of loud music.
        #expect(try !codes([Self.sound().map { $0 * 3.5 }]).contains(.overFullScale))
    }

    @Test func soundThatIsTooQuiet() throws {
        let found = try findings([Self.sound().map { $0 * 0.001 }])
        #expect(found.map(\.code) == [.lowLevel])
        #expect(try codes([Self.sound().map { $0 * 0.02 }]).isEmpty)
    }

    /// Telephone: sampled at 8 kHz, or brought to a higher rate since.
    @Test func narrowBand() throws {
        let telephone = Signals.noise(count: 16000, seed: 3)
        let found = try findings([telephone], rate: 8000)
        #expect(found.map(\.code) == [.narrowBand])
        #expect(found[0].message.contains("above 4000 Hz"), "\(found)")
        let resampler = try Resampler(inputRate: 8000, outputRate: 44100)
        let samples = try resampler.process(telephone) + resampler.finish()
        let rounded = samples.map { ($0 * 32768).rounded() / 32768 }
        let raised = try findings([rounded])
        #expect(raised.map(\.code) == [.narrowBand], "\(raised)")
        // Wide-band speech, and a network that hears no more than a telephone gives.
        #expect(try codes([telephone], rate: 16000).isEmpty)
        #expect(try codes([telephone], rate: 8000, analysisRate: 8000).isEmpty)
        // Rumble that fades towards high frequencies has no edge.
        var state: Float = 0
        let rumble = Self.sound().map { sample in
            state += 0.05 * (sample - state)
            return state
        }
        #expect(try codes([rumble]).isEmpty)
    }

    @Test func shortClips() throws {
        let found = try findings([Self.sound(seconds: 0.1)])
        #expect(found.map(\.code) == [.shortClip])
        #expect(found[0].message.contains("0.10 s"), "\(found)")
        #expect(try codes([Self.sound(seconds: 0.3)]).isEmpty)
    }

    @Test func findingsAreCodedStably() throws {
        let codes = AudioFinding.Code.allCases.map(\.rawValue)
        #expect(
            codes == [
                "digital-silence", "anti-phase", "dead-channel", "over-full-scale", "clipping", "dc-offset",
                "low-level",
                "narrow-band", "short-clip",
            ])
        let finding = AudioFinding(.antiPhase, "words")
        let json = try JSONEncoder().encode(finding)
        #expect(try JSONDecoder().decode(AudioFinding.self, from: json) == finding)
        #expect(String(decoding: json, as: UTF8.self).contains(#""code":"anti-phase""#))
    }

    @Test func absurdNumbersEndInNoCrash() throws {
        for value in [Float.nan, .infinity, -.infinity, .greatestFiniteMagnitude, .leastNonzeroMagnitude] {
            _ = try findings([[Float](repeating: value, count: 9000)])
            _ = try findings([[value], [-value]])
            _ = try findings([Self.sound(), [Float](repeating: value, count: 88200)])
        }
    }

    @Test func blocksThatDoNotFitAreRefused() {
        for (count, channels, rate) in [(3, 2, 44100), (2, 0, 44100), (1, 1, 0), (2, 1000, 44100)] {
            #expect(throws: EPANNsError.self) {
                try ChannelBlock([Float](repeating: 0, count: count), channelCount: channels, sampleRate: rate)
            }
        }
    }
}

/// Real recordings: of the clean ones none is called faulty, and few of ESC-10's are.
@Suite(.enabled(if: Outside.testData != nil, "EPANNS_TEST_DATA names no folder with recordings"))
struct RealRecordingDoctorTests {
    private func findings(in folder: String, suffix: String) throws -> [(name: String, findings: [AudioFinding])] {
        let root = try #require(Outside.testData)
        let names = try FileManager.default.contentsOfDirectory(atPath: "\(root)/\(folder)").filter {
            $0.hasSuffix(suffix)
        }
        return try names.sorted().map {
            ($0, try AudioFile.load(path: "\(root)/\(folder)/\($0)", sampleRate: 32000).sourceInfo.findings)
        }
    }

    @Test func cleanRecordingsHaveNoFindings() throws {
        for (name, found) in try findings(in: "clips", suffix: ".wav") { #expect(found.isEmpty, "\(name): \(found)") }
    }

    /// Looked at one by one: eight are mostly the zeros that they were padded with, and one ends at 5.9 kHz.
    @Test func fewOfESC10HaveFindings() throws {
        var counts: [AudioFinding.Code: Int] = [:]
        let clips = try findings(in: "esc10", suffix: ".ogg")
        for (name, found) in clips where !found.isEmpty {
            print("\(name): \(found.map(\.message))")
            for finding in found { counts[finding.code, default: 0] += 1 }
        }
        let share = Double(clips.count { !$0.findings.isEmpty }) / Double(clips.count)
        print("\(clips.count) clips, \(share) of them with findings: \(counts)")
        #expect(clips.count == 400 && share < 0.03)
        #expect(Set(counts.keys).isSubset(of: [.digitalSilence, .narrowBand]))
    }
}

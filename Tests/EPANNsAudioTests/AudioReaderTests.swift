import EPANNsAudio
import EPANNsCore
import EPANNsGraph
import Foundation
import Testing

@Suite struct AudioFormatTests {
    /// The lengths are librosa's.
    ///
    /// For lossy files the samples are compared with the loss-free original: 0.99 is what
    /// coding at 96 kbit/s leaves of it at least, while a shift by one hundredth of a second would leave nothing.
    @Test(arguments: [
        "chirp.wav", "chirp.flac", "chirp.ogg", "chirp.mp3", "chirp.opus", "chirp.m4a", "chirp.mkv", "video.mp4",
    ])
    func readsEveryFormat(name: String) throws {
        let lengths = try #require(Fixture.json("audio.json")["lengths"] as? [String: Int])
        let waveform = try AudioFile.load(path: Fixture.path(name), sampleRate: 32000)
        // Newer FFmpeg also cuts what AAC's encoder put behind the sound, by the container's word; librosa's read all.
        let isTrimmed = ["chirp.m4a", "video.mp4"].contains(name) && waveform.samples.count == 16000
        #expect(waveform.samples.count == lengths[name] || isTrimmed)
        #expect(waveform.sampleRate == 32000)
        #expect(waveform.sourceInfo.warnings.isEmpty, "\(waveform.sourceInfo.warnings)")
        #expect(waveform.sourceInfo.channels == 2)
        #expect(waveform.sourceInfo.sampleRate == (["chirp.opus", "chirp.mkv"].contains(name) ? 48000 : 44100))
        #expect(!waveform.sourceInfo.codec.isEmpty && !waveform.sourceInfo.container.isEmpty)
        // Some headers count what the encoder put around the sound, two frames of MP3 at most.
        #expect(abs((waveform.sourceInfo.durationSeconds ?? 0) - 0.5) < 0.06)
        let original = try Fixture.array("chirp.librosa.npy").values
        let (_, correlation) = compare(waveform.samples, original)
        print("\(name): correlation with the original \(correlation)")
        #expect(correlation > 0.99)
    }

    /// The header of ALAC in CAF counts whole frames, here 0.74 s.
    @Test func aShortLastFrameIsNoTruncation() throws {
        let waveform = try AudioFile.load(path: Fixture.path("alac.caf"), sampleRate: 11025)
        #expect(waveform.samples.count == 5514)
        #expect(waveform.sourceInfo.warnings.isEmpty, "\(waveform.sourceInfo.warnings)")
    }

    @Test func readsFilesInMemoryAndPipesAlike() throws {
        for name in ["chirp.wav", "chirp.flac", "chirp.ogg"] {
            let file = try AudioFile.load(path: Fixture.path(name), sampleRate: 32000).samples
            let bytes = try Fixture.bytes(name)
            #expect(try AudioFile.load(.bytes(bytes, name: name), sampleRate: 32000).samples == file)
            let piped = try withPipe(bytes) {
                try AudioFile.load(.descriptor($0, rawFormat: nil), sampleRate: 32000)
            }
            #expect(piped.samples == file, "\(name)")
            #expect(piped.sourceInfo.durationSeconds == nil)
        }
    }

    @Test func integerScalesAndChannelMeansAreExact() throws {
        let stereo: [Int16] = [-32768, 32767, 16384, 0, 1, -2, 100, 100]
        let waveform = try AudioFile.load(
            .bytes(WAV.integers(stereo, channels: 2), name: "stereo.wav"), sampleRate: 32000)
        let expected = stride(from: 0, to: stereo.count, by: 2).map {
            (Float(stereo[$0]) / 32768 + Float(stereo[$0 + 1]) / 32768) / 2
        }
        #expect(waveform.samples == expected)
        // Six channels, the fourth of them low-frequency effects, count alike.
        let six: [Float] = [0.1, 0.2, 0.3, 0.4, 0.5, 0.6]
        let mixed = try AudioFile.load(.bytes(WAV.floats(six, channels: 6), name: "six.wav"), sampleRate: 32000)
        #expect(mixed.samples == [six.reduce(0, +) / 6])
    }

    @Test func maximumDurationStopsEarly() throws {
        let path = try Fixture.path("chirp.wav")
        let whole = try AudioFile.load(path: path, sampleRate: 32000)
        let part = try AudioFile.load(path: path, sampleRate: 32000, maximumDurationSeconds: 0.1)
        #expect(part.samples == Array(whole.samples[..<3200]))
        for seconds in [0, -1, .nan, .infinity] {
            #expect(throws: EPANNsError.self) {
                try AudioFile.load(path: path, sampleRate: 32000, maximumDurationSeconds: seconds)
            }
        }
    }

    @Test(arguments: RawPCMFormat.SampleType.allCases)
    func readsBareSamples(type: RawPCMFormat.SampleType) throws {
        // −1, −½, 0, ½ are exact in every type; two channels whose mean is taken.
        let (left, right): ([Double], [Double]) = ([-1, 0, 0.5, -0.5], [0, 0.5, 0.5, -0.5])
        let bytes = zip(left, right).flatMap { encode($0, type) + encode($1, type) }
        let format = try RawPCMFormat(sampleType: type, sampleRate: 32000, channels: 2)
        // Chunks of three bytes cut samples and frames anywhere.
        let waveform = try withPipe(bytes, chunk: 3) {
            try AudioFile.load(.descriptor($0, rawFormat: format), sampleRate: 32000)
        }
        #expect(waveform.samples == [-0.5, 0.25, 0.5, -0.5])
        #expect(waveform.sourceInfo.codec == type.rawValue && waveform.sourceInfo.warnings.isEmpty)
        let cut = try withPipe(Array(bytes.dropLast())) {
            try AudioFile.load(.descriptor($0, rawFormat: format), sampleRate: 32000)
        }
        #expect(cut.samples == [-0.5, 0.25, 0.5])
        #expect(cut.sourceInfo.warnings.count == 1)
    }

    private func encode(_ value: Double, _ type: RawPCMFormat.SampleType) -> [UInt8] {
        func integer(_ bits: Int) -> [UInt8] {
            Array(WAV.little(Int64(value * Double(Int64(1) << (bits - 1)))).prefix(bits / 8))
        }
        return switch type {
        case .u8: [UInt8(value * 128 + 128)]
        case .s8: integer(8)
        case .s16le: integer(16)
        case .s16be: integer(16).reversed()
        case .s24le: integer(24)
        case .s24be: integer(24).reversed()
        case .s32le: integer(32)
        case .s32be: integer(32).reversed()
        case .f32le: WAV.little(Float(value).bitPattern)
        case .f32be: WAV.little(Float(value).bitPattern).reversed()
        case .f64le: WAV.little(value.bitPattern)
        case .f64be: WAV.little(value.bitPattern).reversed()
        }
    }
}

@Suite struct AudioErrorTests {
    private func failure(_ source: AudioSource, sampleRate: Int = 32000) -> EPANNsError? {
        do {
            let waveform = try AudioFile.load(source, sampleRate: sampleRate)
            Issue.record("\(source) gave \(waveform.samples.count) samples")
            return nil
        } catch {
            return error as? EPANNsError
        }
    }

    @Test func missingFilesAndDirectoriesAreErrors() throws {
        let missing = failure(.file(path: "/nonexistent/a.wav"))
        #expect(missing?.code == .fileFailure && missing?.message.contains("/nonexistent/a.wav") == true)
        let directory = failure(.file(path: NSTemporaryDirectory()))
        #expect(directory?.code == .fileFailure && directory?.message.contains("directory") == true)
        #expect(failure(.file(path: "a\0b"))?.code == .fileFailure)
    }

    @Test func emptyAndForeignFilesAreErrors() throws {
        #expect(failure(.bytes([], name: "empty.wav"))?.code == .invalidAudio)
        #expect(failure(.bytes(WAV.integers([]), name: "header.wav"))?.code == .invalidAudio)
        #expect(try withPipe([]) { failure(.descriptor($0, rawFormat: nil)) }?.code == .invalidAudio)
        let text = Array(String(repeating: "This is not audio.\n", count: 500).utf8)
        let foreign = failure(.bytes(text, name: "notes.txt"))
        #expect(foreign?.code == .unsupportedFormat && foreign?.cause != nil)
        let soundless = failure(.file(path: try Fixture.path("soundless.mp4")))
        #expect(soundless?.code == .unsupportedFormat && soundless?.message.contains("no sound") == true)
    }

    /// Playlists and scripts make FFmpeg open what they name; a stranger's file must not reach other files with them.
    @Test(arguments: [
        "ffconcat version 1.0\nfile 'PATH'\n",
        "#EXTM3U\n#EXT-X-TARGETDURATION:1\n#EXT-X-MEDIA-SEQUENCE:0\n#EXTINF:1,\nfile:PATH\n#EXT-X-ENDLIST\n",
    ])
    func playlistsAreRefused(script: String) throws {
        let text = try script.replacingOccurrences(of: "PATH", with: Fixture.path("chirp.wav"))
        #expect(failure(.bytes(Array(text.utf8), name: "list"))?.code == .unsupportedFormat)
    }

    @Test(
        arguments: [
            (0, 1), (1_000_000_000, 1), (UInt32.max, 1), (10, 1), (44100, 0), (44100, 65535), (44100, 300),
        ] as [(UInt32, UInt16)])
    func absurdHeadersAreErrors(sampleRate: UInt32, channels: UInt16) {
        let bytes = WAV.bytes(
            data: [UInt8](repeating: 1, count: 1_000_000), formatTag: 1, bits: 16, channels: channels,
            sampleRate: sampleRate)
        let error = failure(.bytes(bytes, name: "absurd.wav"))
        #expect(error?.code == .invalidAudio || error?.code == .unsupportedFormat)
    }

    @Test(arguments: [Float.nan, .infinity, -.infinity, 1e30])
    func samplesThatAreNotSoundAreErrors(value: Float) {
        var samples = Signals.noise(count: 1000)
        samples[320] = value
        let error = failure(.bytes(WAV.floats(samples), name: "bad.wav"))
        #expect(error?.code == .invalidAudio)
        #expect(error?.message.contains("0.01 s") == true)
    }

    @Test(arguments: [0, -1, 999, 1_000_000_000])
    func ratesThatMakeNoSenseAreErrors(sampleRate: Int) throws {
        let source = AudioSource.bytes(WAV.integers([1, 2, 3]), name: "a.wav")
        #expect(failure(source, sampleRate: sampleRate)?.code == .invalidConfiguration)
    }

    @Test func aFailedReaderFailsAgain() throws {
        let reader = try AudioReader(.bytes(WAV.floats([.nan]), name: "bad.wav"), sampleRate: 32000)
        #expect(throws: EPANNsError.self) { try reader.next() }
        #expect(throws: EPANNsError.self) { try reader.next() }
    }
}

@Suite struct TruncationTests {
    /// What is there is given, and the warnings say that the rest is missing.
    @Test(arguments: ["chirp.wav", "chirp.flac", "chirp.ogg", "chirp.mp3", "chirp.opus", "chirp.mkv", "video.mp4"])
    func aCutFileGivesItsBeginningAndAWarning(name: String) throws {
        let bytes = try Fixture.bytes(name)
        let whole = try AudioFile.load(.bytes(bytes, name: name), sampleRate: 32000)
        let part = try AudioFile.load(.bytes(Array(bytes[..<(bytes.count * 2 / 3)]), name: name), sampleRate: 32000)
        #expect(part.samples.count < whole.samples.count * 9 / 10 && part.samples.count > 4000)
        #expect(part.sourceInfo.warnings.contains { $0.contains("truncated") }, "\(part.sourceInfo)")
        // Its very end may differ: the resampler and the codecs look ahead. Before that, soxr convolves by Fourier
        // transforms of whole blocks, so that a later sample may change the rounding of an earlier one.
        let common = part.samples.count - 2000
        #expect(compare(part.samples[..<common], whole.samples[..<common]).maximumError < 1e-6)
    }

    @Test(arguments: ["chirp.wav", "chirp.flac"])
    func aCutPipeGivesItsBeginningAndAWarning(name: String) throws {
        let bytes = try Fixture.bytes(name)
        let part = try withPipe(Array(bytes[..<(bytes.count / 2)])) {
            try AudioFile.load(.descriptor($0, rawFormat: nil), sampleRate: 32000)
        }
        #expect(part.samples.count > 1000 && !part.sourceInfo.warnings.isEmpty)
    }

    /// A program that writes WAV to a pipe cannot know its size; that is not damage.
    @Test(arguments: [UInt32.max, 0x7FFF_FFFF - 36] as [UInt32])
    func anUnknownSizeIsNoDamage(size: UInt32) throws {
        let data = (0..<20001).flatMap { WAV.little(Int16($0 % 100)) }
        let bytes = WAV.bytes(
            data: data, formatTag: 1, bits: 16, channels: 1, sampleRate: 32000, dataSize: size)
        let waveform = try AudioFile.load(.bytes(bytes, name: "streamed.wav"), sampleRate: 32000)
        #expect(waveform.samples.count == 20001)
        #expect(waveform.sourceInfo.warnings.isEmpty, "\(waveform.sourceInfo.warnings)")
    }

    @Test func damageInTheMiddleIsAWarning() throws {
        var bytes = try Fixture.bytes("chirp.flac")
        for index in bytes.count / 2..<bytes.count / 2 + 200 { bytes[index] ^= 0xA5 }
        let waveform = try AudioFile.load(.bytes(bytes, name: "damaged.flac"), sampleRate: 32000)
        #expect(waveform.samples.count > 4000)
        #expect(waveform.sourceInfo.warnings.contains { $0.contains("damaged") }, "\(waveform.sourceInfo)")
    }
}

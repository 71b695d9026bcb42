import EPANNsAudio
import EPANNsCore
import Foundation
import Testing

@Suite struct ChannelMixerTests {
    private static let left = Signals.noise(count: 32000, seed: 1)
    private static let right = Signals.noise(count: 32000, seed: 2)

    private func load(
        _ channels: [[Float]], _ selection: ChannelSelection = .automatic
    ) throws -> Waveform {
        let interleaved = channels[0].indices.flatMap { index in channels.map { $0[index] } }
        return try AudioFile.load(
            .bytes(WAV.floats(interleaved, channels: channels.count), name: "a.wav"), sampleRate: 32000,
            channels: selection)
    }

    @Test func aChannelOrTheMixIsTaken() throws {
        let mean = zip(Self.left, Self.right).map { ($0 + $1) / 2 }
        #expect(try load([Self.left, Self.right]).samples == mean)
        #expect(try load([Self.left, Self.right], .mix).samples == mean)
        #expect(try load([Self.left, Self.right], .channel(1)).samples == Self.left)
        #expect(try load([Self.left, Self.right], .channel(2)).samples == Self.right)
        #expect(try load([Self.left], .channel(1)).samples == Self.left)
    }

    @Test func ofChannelsThatCancelTheLouderOneIsTaken() throws {
        let other = Self.left.map { $0 * -1.1 }
        let automatic = try load([Self.left, other])
        #expect(automatic.samples == other)
        #expect(automatic.sourceInfo.findings.map(\.code) == [.antiPhase])
        #expect(automatic.sourceInfo.findings[0].message.contains("channel 2"), "\(automatic.sourceInfo.findings)")
        let mixed = try load([Self.left, other], .mix)
        #expect(mixed.samples == zip(Self.left, other).map { ($0 + $1) / 2 })
        #expect(mixed.sourceInfo.findings.map(\.code) == [.antiPhase])
        // One channel alone has nothing to cancel with.
        #expect(try load([Self.left, other], .channel(1)).sourceInfo.findings.isEmpty)
    }

    /// Whatever the blocks' size; silence before the sound decides nothing.
    @Test func silenceInFrontDoesNotDecide() throws {
        let silence = [Float](repeating: 0, count: 40000)
        let inverted = Self.left.map { -$0 }
        let waveform = try load([silence + Self.left, silence + inverted])
        #expect(waveform.samples == silence + Self.left)
        #expect(try load([Array(Self.left[..<100]), Array(inverted[..<100])]).samples == Array(Self.left[..<100]))
    }

    @Test func aLiveStreamBeginsHalfASecondLateOnce() throws {
        let format = try RawPCMFormat(sampleType: .f32le, sampleRate: 32000, channels: 2)
        let bytes = zip(Self.left, Self.right).flatMap { WAV.little($0.bitPattern) + WAV.little($1.bitPattern) }
        try withPipe(bytes, chunk: 800) { descriptor in
            let reader = try AudioReader(.descriptor(descriptor, rawFormat: format), sampleRate: 32000)
            let first = try #require(try reader.next())
            #expect((16000..<32000).contains(first.count))
            var rest: [Float] = []
            while let block = try reader.next() { rest += block }
            #expect(first + rest == zip(Self.left, Self.right).map { ($0 + $1) / 2 })
        }
    }

    @Test func aChannelThatIsNotThereIsAnError() throws {
        let error = #expect(throws: EPANNsError.self) { try load([Self.left, Self.right], .channel(3)) }
        #expect(error?.code == .invalidConfiguration)
        #expect(error?.message == "a.wav has 2 channels, so there is no channel 3.")
    }

    @Test func selectionsAreReadFromText() throws {
        for selection in [ChannelSelection.automatic, .mix, .channel(2)] {
            #expect(try ChannelSelection(parsing: selection.description) == selection)
            let json = try JSONEncoder().encode([selection])
            #expect(try JSONDecoder().decode([ChannelSelection].self, from: json) == [selection])
        }
        for text in ["", "0", "-1", "left", "1.5", "999"] {
            #expect(throws: EPANNsError.self) { try ChannelSelection(parsing: text) }
        }
    }
}

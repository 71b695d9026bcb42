/// Makes mono of decoded channels, as a ``ChannelSelection`` says.
///
/// With ``ChannelSelection/automatic`` the first half second of sound is held back, and decides for the whole
/// recording: a change of mind in the middle would be heard. Digital silence before it passes at once, and so does
/// everything of recordings with one channel; a live stream of several channels begins half a second late, once.
/// Tests: `ChannelMixerTests`.
struct ChannelMixer {
    /// Sound that decides, in seconds.
    ///
    /// Room for the lowest tones; chance cannot make unrelated channels cancel for so long.
    private static let decisionSeconds = 0.5

    let selection: ChannelSelection
    /// The channel that is taken because the mix cancels, counted from 0.
    private(set) var takenChannel: Int?
    private var isDecided: Bool
    private var pending: [ChannelBlock] = []
    private var evidence = ChannelEvidence()

    init(_ selection: ChannelSelection) {
        self.selection = selection
        isDecided = selection != .automatic
    }

    /// A block as mono, behind what was held back before it; nothing while the decision is open.
    mutating func take(_ block: ChannelBlock) -> [ChannelBlock] {
        if isDecided { return [mono(block)] }
        // A recording of several parts may change its channels.
        var given: [ChannelBlock] = []
        if let first = pending.first,
            first.channelCount != block.channelCount || first.sampleRate != block.sampleRate
        {
            given = finish()
        }
        let isSilent = pending.isEmpty && block.samples.allSatisfy { $0 == 0 }
        guard !isDecided, block.channelCount > 1, !isSilent else { return given + [mono(block)] }
        pending.append(block)
        evidence.take(block)
        if Double(evidence.frameCount) >= Self.decisionSeconds * Double(block.sampleRate) { given += finish() }
        return given
    }

    /// Decides on what is there, at the end at the latest, and gives what was held back.
    mutating func finish() -> [ChannelBlock] {
        guard let first = pending.first else { return [] }
        isDecided = true
        if evidence.cancels { takenChannel = evidence.loudestChannel(of: first.channelCount) }
        let blocks = pending
        pending = []
        return blocks.map(mono)
    }

    private func mono(_ block: ChannelBlock) -> ChannelBlock {
        if block.channelCount == 1 { return block }
        let samples: [Float]
        if case .channel(let number) = selection {
            samples = Array(block.channel(number - 1))
        } else if let takenChannel, takenChannel < block.channelCount {
            samples = Array(block.channel(takenChannel))
        } else {
            samples = block.mean
        }
        return ChannelBlock(decoded: samples, channelCount: 1, sampleRate: block.sampleRate)
    }
}

/// Levels of channels and of their mix.
struct ChannelEvidence {
    private(set) var channels: [SampleStatistics] = []
    private(set) var mix = SampleStatistics()

    /// Samples of each channel so far.
    var frameCount: Int { mix.count }

    mutating func take(_ block: ChannelBlock) { take(block, mix: block.mean) }

    mutating func take(_ block: ChannelBlock, mix samples: [Float]) {
        while channels.count < block.channelCount { channels.append(SampleStatistics()) }
        block.samples.withUnsafeBufferPointer { all in
            let count = block.frameCount
            for channel in 0..<block.channelCount {
                channels[channel].take(UnsafeBufferPointer(rebasing: all[channel * count..<(channel + 1) * count]))
            }
        }
        samples.withUnsafeBufferPointer { mix.take($0) }
    }

    /// Energy of the channels' sum, of the sum of their energies: 1 where they have nothing to do with each other, the number
    /// of channels where they are equal, 0 where they cancel.
    var coherence: Double {
        let energy = channels.reduce(0) { $0 + $1.variance }
        let count = Double(channels.count)
        return energy > 0 ? count * count * mix.variance / energy : 1
    }

    /// Whether the mix cancels: it has less than a fiftieth of what unrelated channels would leave.
    ///
    /// Two channels then have a correlation below −0.98, which only a swapped wire gives for long: spaced microphones and
    /// stereo effects turn some frequencies around, not all of them. A lossy codec of 64 kbit/s leaves about 0.005.
    var cancels: Bool { channels.count > 1 && coherence < 0.02 }

    func loudestChannel(of count: Int) -> Int {
        channels.indices.prefix(count).max { channels[$0].variance < channels[$1].variance } ?? 0
    }
}

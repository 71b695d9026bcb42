import EPANNsCore

/// Looks at decoded audio, block by block, for what makes its scores worthless though it can be decoded.
///
/// It measures in one pass, in bounded memory, and changes nothing. ``findings`` may be asked for at any time: for a
/// recording at its end, for a live stream every now and then, with a fresh doctor for what follows. ``AudioReader`` has
/// one for everything that it reads.
///
///     var doctor = AudioDoctor(analysisRate: 32000)
///     try doctor.take(ChannelBlock(samples, sampleRate: 44100))
///     for finding in doctor.findings { print(finding.message) }
///
/// Each threshold has its reason beside it, in `AudioDoctor+Findings.swift`. Tests: `AudioDoctorTests`.
public struct AudioDoctor {
    /// Rate at which the audio is analysed, in Hz: a network hears up to half of it.
    public let analysisRate: Int
    /// The channel that is listened to because the mix of all cancels, counted from 0; nil for the mix.
    public var takenChannel: Int?
    /// Duration so far, in seconds.
    public private(set) var durationSeconds = 0.0

    private(set) var evidence = ChannelEvidence()
    private(set) var band = BandMeter()
    /// The highest rate of what was seen, in Hz.
    private(set) var highestRate = 0

    /// Starts with nothing seen.
    ///
    /// - Parameter analysisRate: Rate at which the audio is analysed, in Hz.
    public init(analysisRate: Int) { self.analysisRate = analysisRate }

    /// Takes the next samples.
    ///
    /// - Throws: `EPANNsError` with code `backendFailure` when there is no Fourier transform.
    public mutating func take(_ block: ChannelBlock) throws {
        guard block.frameCount > 0 else { return }
        let mix = block.mean
        evidence.take(block, mix: mix)
        let heard = takenChannel.map { $0 < block.channelCount ? Array(block.channel($0)) : mix } ?? mix
        try band.take(heard, sampleRate: block.sampleRate)
        durationSeconds += Double(block.frameCount) / Double(block.sampleRate)
        highestRate = max(highestRate, block.sampleRate)
    }
}

import EPANNsCore

/// Whole sources of audio.
public enum AudioFile {
    /// Loads a source into memory as mono Float32, as `librosa.load(sr:, mono=True)` does it.
    ///
    /// - Parameters:
    ///   - path: A file's path.
    ///   - sampleRate: The wanted rate, in Hz.
    ///   - channels: Which channels are listened to.
    ///   - maximumDurationSeconds: Where to stop; nil loads all, however much memory it takes. Set it for files
    ///     of strangers: a few bytes of FLAC can hold hours of silence.
    /// - Returns: The samples and what is known of their source; look at its warnings and findings.
    /// - Throws: As ``AudioReader``.
    public static func load(
        path: String, sampleRate: Int, channels: ChannelSelection = .automatic, maximumDurationSeconds: Double? = nil
    ) throws -> Waveform {
        try load(
            .file(path: path), sampleRate: sampleRate, channels: channels,
            maximumDurationSeconds: maximumDurationSeconds)
    }

    /// Loads a source into memory as mono Float32.
    ///
    /// - Parameters:
    ///   - source: Where the audio comes from.
    ///   - sampleRate: The wanted rate, in Hz.
    ///   - channels: Which channels are listened to.
    ///   - maximumDurationSeconds: Where to stop; nil loads all.
    /// - Returns: The samples and what is known of their source; look at its warnings and findings.
    /// - Throws: As ``AudioReader``.
    ///
    /// Source: librosa 0.11 `load` with `soxr_hq`, SPEC §1.6. Parity: `LibrosaParityTests`.
    public static func load(
        _ source: AudioSource, sampleRate: Int, channels: ChannelSelection = .automatic,
        maximumDurationSeconds: Double? = nil
    ) throws -> Waveform {
        let reader = try AudioReader(
            source, sampleRate: sampleRate, channels: channels, maximumDurationSeconds: maximumDurationSeconds)
        var samples: [Float] = []
        while let block = try reader.next() { samples += block }
        return Waveform(samples: samples, sampleRate: sampleRate, sourceInfo: reader.info)
    }
}

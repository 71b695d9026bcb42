/// Mono audio in memory.
public struct Waveform: Sendable, Hashable {
    /// The samples, nominally −1...1, shape `(samples)`.
    public var samples: [Float]
    /// Samples a second.
    public var sampleRate: Int
    /// Where the samples came from.
    public var sourceInfo: AudioSourceInfo

    /// Makes a waveform.
    public init(samples: [Float], sampleRate: Int, sourceInfo: AudioSourceInfo) {
        self.samples = samples
        self.sampleRate = sampleRate
        self.sourceInfo = sourceInfo
    }

    /// Duration, in seconds.
    public var durationSeconds: Double { Double(samples.count) / Double(sampleRate) }
}

/// What a source of audio says of itself, and what was noticed while reading it.
public struct AudioSourceInfo: Sendable, Hashable, Codable {
    /// The container's name in FFmpeg's words, for example `wav` or `mov,mp4,m4a,3gp,3g2,mj2`; `raw` for bare samples.
    public var container: String
    /// The codec's name in FFmpeg's words, for example `flac`.
    public var codec: String
    /// The original sample rate, in Hz.
    public var sampleRate: Int
    /// The original number of channels.
    public var channels: Int
    /// The duration that the header promises, in seconds; nil when unknown, as for a pipe.
    public var durationSeconds: Double?
    /// What is wrong with a source that gave audio nevertheless, for a person to read; empty when nothing is.
    public var warnings: [String]
    /// What is wrong with the sound itself, such as clipping; empty when nothing is.
    public var findings: [AudioFinding]

    /// Makes a description.
    public init(
        container: String, codec: String, sampleRate: Int, channels: Int, durationSeconds: Double? = nil,
        warnings: [String] = [], findings: [AudioFinding] = []
    ) {
        self.container = container
        self.codec = codec
        self.sampleRate = sampleRate
        self.channels = channels
        self.durationSeconds = durationSeconds
        self.warnings = warnings
        self.findings = findings
    }
}

import EPANNsCore

/// How a stream is cut into windows: their length, the distance between their starts, the shortest last one.
///
/// Window *i* starts at sample `i·hop`. Whole windows come first. At the end of the stream at most one shorter window
/// follows, at the next start, if it holds samples that no window held before and is at least the minimum long, or
/// if it is the only one. It is given as it is; whoever runs a network on it pads it with zeros to the network's
/// minimum. Hence no sample is lost but a last stretch shorter than the minimum (and what lies between windows when
/// the hop is longer than the window). Taggers set no minimum.
public struct WindowPlan: Sendable, Hashable {
    /// Samples a second.
    public let sampleRate: Int
    /// Length of a window, in samples.
    public let windowSamples: Int
    /// Distance between the starts of windows, in samples.
    public let hopSamples: Int
    /// Length of the shortest last window, in samples.
    public let minimumSamples: Int

    /// Plans windows.
    ///
    /// - Parameters:
    ///   - sampleRate: Samples a second.
    ///   - windowSeconds: Length of a window.
    ///   - hopSeconds: Distance between the starts of windows; nil for windows side by side.
    ///   - minimumSeconds: Length of the shortest last window.
    /// - Throws: `EPANNsError` with code `invalidConfiguration` when a number is out of range.
    public init(
        sampleRate: Int, windowSeconds: Double, hopSeconds: Double? = nil, minimumSeconds: Double = 0
    ) throws {
        let hopSeconds = hopSeconds ?? windowSeconds
        let limit = 86400.0
        guard (1...1_536_000).contains(sampleRate), windowSeconds > 0, windowSeconds <= limit, hopSeconds > 0,
            hopSeconds <= limit, minimumSeconds >= 0, minimumSeconds <= windowSeconds
        else {
            throw EPANNsError(
                .invalidConfiguration,
                "A window of \(windowSeconds) s every \(hopSeconds) s with a minimum of \(minimumSeconds) s at "
                    + "\(sampleRate) Hz is invalid; window and hop are above 0 and at most a day, the minimum is at "
                    + "most the window.")
        }
        func samples(_ seconds: Double) -> Int { Int((seconds * Double(sampleRate)).rounded()) }
        guard samples(windowSeconds) > 0, samples(hopSeconds) > 0 else {
            throw EPANNsError(
                .invalidConfiguration,
                "A window of \(windowSeconds) s every \(hopSeconds) s is less than one sample at \(sampleRate) Hz.")
        }
        self.sampleRate = sampleRate
        windowSamples = samples(windowSeconds)
        hopSamples = samples(hopSeconds)
        minimumSamples = max(1, samples(minimumSeconds))
    }
}

/// A stretch of a stream.
public struct AudioWindow: Sendable, Hashable {
    /// Its number, counted from 0.
    public let index: Int
    /// The position of its first sample in the stream.
    public let startSample: Int
    /// Its samples, shape `(samples)`.
    public let samples: [Float]
    /// Samples a second.
    public let sampleRate: Int

    /// Where it starts, in seconds from the beginning of the stream.
    public var startSeconds: Double { Double(startSample) / Double(sampleRate) }
    /// Where it ends, in seconds from the beginning of the stream.
    public var endSeconds: Double { Double(startSample + samples.count) / Double(sampleRate) }
}

import EPANNsCore

/// Decoded samples of all channels at their own rate, in the order of time.
public struct ChannelBlock: Sendable, Hashable {
    /// The samples, nominally −1...1, shape (channels, samples).
    public let samples: [Float]
    /// Number of channels.
    public let channelCount: Int
    /// Samples a second of each channel, in Hz.
    public let sampleRate: Int

    /// Samples of each channel.
    public var frameCount: Int { samples.count / channelCount }

    /// Makes a block.
    ///
    /// - Parameters:
    ///   - samples: Shape (channels, samples).
    ///   - channelCount: Number of channels.
    ///   - sampleRate: Samples a second of each channel, in Hz.
    /// - Throws: `EPANNsError` with code `invalidConfiguration` when the numbers do not fit.
    public init(_ samples: [Float], channelCount: Int = 1, sampleRate: Int) throws {
        guard AudioLimits.channels.contains(channelCount), samples.count % channelCount == 0,
            AudioLimits.sampleRates.contains(sampleRate)
        else {
            throw EPANNsError(
                .invalidConfiguration,
                "\(samples.count.counted("sample")) at \(sampleRate) Hz cannot be divided among \(channelCount.counted("channel")); "
                    + "1 to \(AudioLimits.channels.upperBound) channels and rates of "
                    + "\(AudioLimits.sampleRates.lowerBound) to \(AudioLimits.sampleRates.upperBound) Hz are taken.")
        }
        self.init(decoded: samples, channelCount: channelCount, sampleRate: sampleRate)
    }

    /// Makes a block of numbers that are known to fit.
    init(decoded samples: [Float], channelCount: Int, sampleRate: Int) {
        self.samples = samples
        self.channelCount = channelCount
        self.sampleRate = sampleRate
    }

    /// One channel, counted from 0.
    func channel(_ index: Int) -> ArraySlice<Float> {
        let count = frameCount
        return samples[index * count..<(index + 1) * count]
    }

    /// The mean of the channels.
    ///
    /// A plain mean before any resampling, as librosa's `load(mono=True)` does it (SPEC §1.6): not swresample's
    /// down-mix, which weighs centre and surround channels and leaves the low-frequency one out.
    var mean: [Float] {
        if channelCount == 1 { return samples }
        let count = frameCount
        return [Float](unsafeUninitializedCapacity: count) { result, initialized in
            samples.withUnsafeBufferPointer { samples in
                let divisor = Float(channelCount)
                for index in 0..<count {
                    var sum: Float = 0
                    for channel in 0..<channelCount { sum += samples[channel * count + index] }
                    result[index] = sum / divisor
                }
            }
            initialized = count
        }
    }
}

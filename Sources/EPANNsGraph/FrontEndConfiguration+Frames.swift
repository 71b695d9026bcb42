import EPANNsCore

extension FrontEndConfiguration {
    /// Samples by which a pre-emphasis shortens the waveform.
    private var lostSamples: Int {
        switch recipe.preEmphasis {
        case .none, .frame: 0
        case .waveform: 1
        }
    }

    /// Fewest samples that make a frame: a whole window, or what reflection can work on.
    public var minimumSampleCount: Int {
        switch recipe.frames {
        case .any, .fixed: break
        // Zeros fill the rest of the first second.
        case .perSecond: return lostSamples + 1
        }
        switch recipe.framing {
        case .centred: return fftSize / 2 + 1 + lostSamples
        case .whole: return windowSize + lostSamples
        }
    }

    /// Frames of a clip of `sampleCount` samples; 0 where there is none, or the hop is invalid.
    public func frameCount(sampleCount: Int) -> Int {
        switch recipe.frames {
        case .any: windowCount(sampleCount: sampleCount)
        case .fixed(let count, _): count
        case .perSecond(let count): count * begunSeconds(sampleCount: sampleCount)
        }
    }

    private func begunSeconds(sampleCount: Int) -> Int {
        guard sampleRate > 0, sampleCount > 0 else { return 0 }
        return (sampleCount - 1) / sampleRate + 1
    }

    /// Samples that the waveform is filled with zeros to, or cut to; nil where it stays as it is.
    package func filledSampleCount(sampleCount: Int) -> Int? {
        switch recipe.frames {
        case .any, .fixed: return nil
        case .perSecond:
            let last = max(0, frameCount(sampleCount: sampleCount) - 1) * hopSize
            switch recipe.framing {
            case .centred: return max(last, fftSize / 2 + 1) + lostSamples
            case .whole: return last + windowSize + lostSamples
            }
        }
    }

    /// Frames that are computed from the clip's samples, before their number is fixed.
    package func windowCount(sampleCount: Int) -> Int {
        guard hopSize > 0, sampleCount >= 0 else { return 0 }
        let count = sampleCount - lostSamples
        switch recipe.framing {
        // Centred, so there is one at the very start.
        case .centred: return count / hopSize + 1
        case .whole: return count < windowSize ? 0 : (count - windowSize) / hopSize + 1
        }
    }

    /// Most samples that a clip may have for all of it to be heard; nil where it may have any number.
    public var longestSampleCount: Int? {
        guard case .fixed(let count, _) = recipe.frames else { return nil }
        switch recipe.framing {
        case .centred: return count * hopSize - 1 + lostSamples
        case .whole: return count * hopSize + windowSize - 1 + lostSamples
        }
    }

    /// Fewest samples that give at least `frameCount` frames.
    public func minimumSampleCount(frameCount: Int) -> Int {
        switch recipe.frames {
        case .any: break
        // Missing frames are filled.
        case .fixed: return minimumSampleCount
        case .perSecond(let count):
            guard count > 0, frameCount > count else { return minimumSampleCount }
            return (frameCount - 1) / count * sampleRate + 1
        }
        let samples = (frameCount - 1) * hopSize + lostSamples
        switch recipe.framing {
        case .centred: return max(samples, minimumSampleCount)
        case .whole: return max(samples + windowSize, minimumSampleCount)
        }
    }

    /// Whether frames cannot be computed before the clip has ended.
    package var needsWholeClip: Bool { recipe.offsetRemoval.ofClip || recipe.frames != .any }

    /// Most frames a second; published front ends have 100 to 200.
    static let maximumFrameRate = 4000
    /// Most frames that a sample may lie in; published front ends have 3 to 7.
    static let maximumOverlap = 64

    /// Checks the numbers, which may come from a file.
    ///
    /// - Throws: `EPANNsError` with code `invalidConfiguration`.
    public func validate() throws {
        guard fftSize % 2 == 0, (64...65536).contains(fftSize), (1...fftSize).contains(windowSize),
            (1...fftSize).contains(hopSize), (1...1024).contains(melBands), (1000...768_000).contains(sampleRate),
            minimumFrequencyHz >= 0, minimumFrequencyHz < maximumFrequencyHz,
            maximumFrequencyHz <= Double(sampleRate) / 2
        else {
            throw EPANNsError(
                .invalidConfiguration,
                "The front end's numbers are invalid: FFT \(fftSize), window \(windowSize), hop \(hopSize), "
                    + "\(melBands) mel bands, \(minimumFrequencyHz)–\(maximumFrequencyHz) Hz at \(sampleRate) Hz.")
        }
        // Work grows with both; a second of audio must not take longer than a second.
        guard sampleRate / hopSize <= Self.maximumFrameRate, fftSize / hopSize <= Self.maximumOverlap else {
            throw EPANNsError(
                .invalidConfiguration,
                "The front end's hop of \(hopSize) samples is too small: there must be at most "
                    + "\(Self.maximumFrameRate) frames a second and \(Self.maximumOverlap) hops in a transform of "
                    + "\(fftSize) samples.")
        }
        try recipe.validate()
    }
}

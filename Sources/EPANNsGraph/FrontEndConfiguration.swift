import EPANNsCore

/// How a waveform becomes a log-mel spectrogram, as plain numbers.
///
/// The computation is `EPANNsAudio.LogMelSpectrogram`; the numbers live here because a network's cost and its
/// checkpoint depend on them (the PANNs state dict holds the STFT kernels).
public struct FrontEndConfiguration: Codable, Hashable, Sendable {
    /// The recipe.
    public enum Kind: String, Codable, Sendable {
        /// torchlibrosa's: periodic Hann, power, Slaney mel, `10·log10`, no clipping. SPEC §1.2.
        case panns
        /// EfficientAT's: pre-emphasis, symmetric Hann 800 in 1024, Kaldi mel, `ln`, fixed normalisation. SPEC §2.11.
        case efficientAT = "efficient-at"
    }

    /// The recipe.
    public var kind: Kind
    /// Sample rate of the waveform, in Hz.
    public var sampleRate: Int
    /// Length of the Fourier transform, in samples.
    public var fftSize: Int
    /// Length of the window, in samples; centred in `fftSize`.
    public var windowSize: Int
    /// Distance between frames, in samples.
    public var hopSize: Int
    /// Number of mel bands.
    public var melBands: Int
    /// Lower edge of the lowest band, in Hz.
    public var minimumFrequencyHz: Double
    /// Upper edge of the highest band, in Hz.
    public var maximumFrequencyHz: Double

    /// Makes a configuration.
    public init(
        kind: Kind, sampleRate: Int, fftSize: Int, windowSize: Int, hopSize: Int, melBands: Int,
        minimumFrequencyHz: Double, maximumFrequencyHz: Double
    ) {
        self.kind = kind
        self.sampleRate = sampleRate
        self.fftSize = fftSize
        self.windowSize = windowSize
        self.hopSize = hopSize
        self.melBands = melBands
        self.minimumFrequencyHz = minimumFrequencyHz
        self.maximumFrequencyHz = maximumFrequencyHz
    }

    /// PANNs at 32 kHz with 64 mel bands, or 32 or 128.
    public static func panns32k(melBands: Int = 64) -> Self {
        Self(
            kind: .panns, sampleRate: 32000, fftSize: 1024, windowSize: 1024, hopSize: 320, melBands: melBands,
            minimumFrequencyHz: 50, maximumFrequencyHz: 14000)
    }

    /// PANNs at 16 kHz.
    public static let panns16k = Self(
        kind: .panns, sampleRate: 16000, fftSize: 512, windowSize: 512, hopSize: 160, melBands: 64,
        minimumFrequencyHz: 50, maximumFrequencyHz: 8000)

    /// PANNs at 8 kHz.
    public static let panns8k = Self(
        kind: .panns, sampleRate: 8000, fftSize: 256, windowSize: 256, hopSize: 80, melBands: 64,
        minimumFrequencyHz: 50, maximumFrequencyHz: 4000)

    /// EfficientAT at 32 kHz with 128 mel bands.
    public static let efficientAT = Self(
        kind: .efficientAT, sampleRate: 32000, fftSize: 1024, windowSize: 800, hopSize: 320, melBands: 128,
        minimumFrequencyHz: 0, maximumFrequencyHz: 15000)

    /// Number of one-sided frequency bins, `fftSize / 2 + 1`.
    public var binCount: Int { fftSize / 2 + 1 }

    /// Fewest samples that reflection padding can work on.
    public var minimumSampleCount: Int {
        switch kind {
        case .panns: fftSize / 2 + 1
        case .efficientAT: fftSize / 2 + 2
        }
    }

    /// Frames of a clip of `sampleCount` samples; frames are centred, so there is one at the very start.
    public func frameCount(sampleCount: Int) -> Int {
        switch kind {
        case .panns: sampleCount / hopSize + 1
        // Pre-emphasis shortens the waveform by one sample.
        case .efficientAT: (sampleCount - 1) / hopSize + 1
        }
    }

    /// Fewest samples that give at least `frameCount` frames.
    public func minimumSampleCount(frameCount: Int) -> Int {
        let samples = (frameCount - 1) * hopSize + (kind == .efficientAT ? 1 : 0)
        return max(samples, minimumSampleCount)
    }

    /// Checks the numbers, which may come from a file.
    ///
    /// - Throws: ``EPANNsError`` with code `invalidConfiguration`.
    public func validate() throws {
        let isPowerOfTwo = fftSize > 0 && fftSize & (fftSize - 1) == 0
        guard isPowerOfTwo, (64...65536).contains(fftSize), (1...fftSize).contains(windowSize),
            (1...fftSize).contains(hopSize), (1...1024).contains(melBands), (1000...768_000).contains(sampleRate),
            minimumFrequencyHz >= 0, minimumFrequencyHz < maximumFrequencyHz,
            maximumFrequencyHz <= Double(sampleRate) / 2
        else {
            throw EPANNsError(
                .invalidConfiguration,
                "The front end's numbers make no sense: FFT \(fftSize), window \(windowSize), hop \(hopSize), "
                    + "\(melBands) mel bands, \(minimumFrequencyHz)–\(maximumFrequencyHz) Hz at \(sampleRate) Hz.")
        }
    }
}

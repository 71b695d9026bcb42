/// How a waveform becomes a log-mel spectrogram, as plain numbers.
///
/// The computation is `EPANNsAudio.LogMelSpectrogram`; the numbers live here because a network's cost and its
/// checkpoint depend on them (the PANNs state dict holds the STFT kernels).
public struct FrontEndConfiguration: Hashable, Sendable {
    /// What is done, beside sizes and frequencies.
    public var recipe: FrontEndRecipe
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
        recipe: FrontEndRecipe, sampleRate: Int, fftSize: Int, windowSize: Int, hopSize: Int, melBands: Int,
        minimumFrequencyHz: Double, maximumFrequencyHz: Double
    ) {
        self.recipe = recipe
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
            recipe: .panns, sampleRate: 32000, fftSize: 1024, windowSize: 1024, hopSize: 320, melBands: melBands,
            minimumFrequencyHz: 50, maximumFrequencyHz: 14000)
    }

    /// PANNs at 16 kHz.
    public static let panns16k = Self(
        recipe: .panns, sampleRate: 16000, fftSize: 512, windowSize: 512, hopSize: 160, melBands: 64,
        minimumFrequencyHz: 50, maximumFrequencyHz: 8000)

    /// PANNs at 8 kHz.
    public static let panns8k = Self(
        recipe: .panns, sampleRate: 8000, fftSize: 256, windowSize: 256, hopSize: 80, melBands: 64,
        minimumFrequencyHz: 50, maximumFrequencyHz: 4000)

    /// EfficientAT at 32 kHz with 128 mel bands.
    public static let efficientAT = Self(
        recipe: .efficientAT, sampleRate: 32000, fftSize: 1024, windowSize: 800, hopSize: 320, melBands: 128,
        minimumFrequencyHz: 0, maximumFrequencyHz: 15000)

    /// AST at 16 kHz with 128 mel bands: 1024 frames, 10.24 s.
    public static let ast = Self(
        recipe: .ast, sampleRate: 16000, fftSize: 512, windowSize: 400, hopSize: 160, melBands: 128,
        minimumFrequencyHz: 20, maximumFrequencyHz: 8000)

    /// ERANNs at 44.1 kHz with 128 mel bands: 1280 frames for 10 s.
    ///
    /// Window, hop and edges are SPEC §2.8's defaults; the paper's are not known to the sample.
    public static let eranns = Self(
        recipe: .eranns, sampleRate: 44100, fftSize: 1380, windowSize: 1380, hopSize: 345, melBands: 128,
        minimumFrequencyHz: 30, maximumFrequencyHz: 14000)

    /// Number of one-sided frequency bins, `fftSize / 2 + 1`.
    public var binCount: Int { fftSize / 2 + 1 }
}

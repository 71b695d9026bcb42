/// How frames become rows of a spectrogram, beside sizes and frequencies: what tells one family's front end from another's.
///
/// Everything is data; nothing that computes or counts asks which family it is. The steps in their order: offset removal
/// (clip), pre-emphasis (waveform), framing, offset removal (frame), pre-emphasis (frame), window, power spectrum, mel
/// bank, logarithm, number of frames, normalisation. Rows are always (frame, mel); a network that works on the transpose
/// begins with ``Operation/transpose``.
public struct FrontEndRecipe: Codable, Hashable, Sendable {
    /// Where frames lie.
    public enum Framing: String, Codable, Hashable, Sendable, CaseIterable {
        /// Around multiples of the hop, the first around the very start; beyond the ends the waveform is reflected without
        /// repeating the edge sample.
        case centred
        /// Whole windows only, the first from the start; what is left at the end is not used. Kaldi's `snip_edges`.
        case whole
    }

    /// The Hann window's period.
    public enum Window: String, Codable, Hashable, Sendable, CaseIterable {
        /// As many samples as the window: the first is zero, the last is not.
        case periodic
        /// One less: both ends are zero.
        case symmetric
    }

    /// A first-order high pass.
    public enum PreEmphasis: Codable, Hashable, Sendable {
        case none
        /// `y[n] = x[n + 1] − c·x[n]`: one sample fewer than the waveform.
        case waveform(coefficient: Double)
        /// `y[n] = x[n] − c·x[n − 1]` within a frame, whose first sample is its own predecessor.
        case frame(coefficient: Double)
    }

    /// What loses its mean.
    public struct OffsetRemoval: Codable, Hashable, Sendable {
        /// The whole clip.
        public var ofClip: Bool
        /// Each frame.
        public var ofFrames: Bool

        /// Makes a setting.
        public init(ofClip: Bool = false, ofFrames: Bool = false) {
            self.ofClip = ofClip
            self.ofFrames = ofFrames
        }

        /// Nothing.
        public static let none = Self()
    }

    /// How triangles lie on the frequencies.
    public enum MelBank: String, Codable, Hashable, Sendable, CaseIterable {
        /// Linear in Hz, of unit area; mel linear below 1 kHz.
        case slaney
        /// Linear in `1127·ln(1 + f/700)`, of height 1.
        case kaldi
    }

    /// The logarithm of a band's power.
    public enum Logarithm: Codable, Hashable, Sendable {
        /// `10·log10(max(x, floor))`.
        case decibels(floor: Double)
        /// `ln(x + offset)`.
        case naturalPlus(offset: Double)
        /// `ln(max(x, floor))`.
        case naturalAbove(floor: Double)
    }

    /// `(x − mean) / deviation`, with the numbers of the training data.
    public struct Normalisation: Codable, Hashable, Sendable {
        /// Subtracted first.
        public var mean: Double
        /// Divided by afterwards.
        public var deviation: Double

        /// Makes a normalisation.
        public init(mean: Double, deviation: Double) {
            self.mean = mean
            self.deviation = deviation
        }

        /// Nothing is changed.
        public static let none = Self(mean: 0, deviation: 1)
    }

    /// How many frames the network is given.
    public enum FrameCount: Codable, Hashable, Sendable {
        /// As many as the clip has, from the network's minimum on.
        case any
        /// Always `count`: later frames are cut off, missing ones filled with `padding`, which is normalised as frames are.
        case fixed(count: Int, padding: Double)
        /// `count` for every second that has begun: the waveform is filled with zeros at its end, or cut there.
        case perSecond(count: Int)
    }

    /// Where frames lie.
    public var framing: Framing
    /// The Hann window's period.
    public var window: Window
    /// The high pass.
    public var preEmphasis: PreEmphasis
    /// What loses its mean.
    public var offsetRemoval: OffsetRemoval
    /// The triangles.
    public var melBank: MelBank
    /// The logarithm of a band's power.
    public var logarithm: Logarithm
    /// What the network's training data are centred by.
    public var normalisation: Normalisation
    /// How many frames the network is given.
    public var frames: FrameCount
    /// Whether the reference computes the transform by convolutions, whose kernels lie frozen in its state dict with the
    /// mel bank (torchlibrosa).
    public var isPartOfStateDict: Bool

    /// Makes a recipe.
    public init(
        framing: Framing, window: Window, preEmphasis: PreEmphasis = .none, offsetRemoval: OffsetRemoval = .none,
        melBank: MelBank, logarithm: Logarithm, normalisation: Normalisation = .none, frames: FrameCount = .any,
        isPartOfStateDict: Bool = false
    ) {
        self.framing = framing
        self.window = window
        self.preEmphasis = preEmphasis
        self.offsetRemoval = offsetRemoval
        self.melBank = melBank
        self.logarithm = logarithm
        self.normalisation = normalisation
        self.frames = frames
        self.isPartOfStateDict = isPartOfStateDict
    }
}

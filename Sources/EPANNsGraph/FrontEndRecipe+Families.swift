import EPANNsCore

extension FrontEndRecipe {
    /// torchlibrosa's: periodic Hann, power, Slaney mel, decibels without clipping.
    ///
    /// SPEC §1.2.
    public static let panns = Self(
        framing: .centred, window: .periodic, melBank: .slaney, logarithm: .decibels(floor: 1e-10),
        isPartOfStateDict: true)

    /// EfficientAT's: pre-emphasis, symmetric Hann, Kaldi mel, `ln`, fixed normalisation.
    ///
    /// SPEC §2.11.
    public static let efficientAT = Self(
        framing: .centred, window: .symmetric, preEmphasis: .waveform(coefficient: 0.97), melBank: .kaldi,
        logarithm: .naturalPlus(offset: 1e-5), normalisation: Normalisation(mean: -4.5, deviation: 5))

    /// AST's: Kaldi's filter bank, cut or filled to 1024 frames, then normalised.
    ///
    /// SPEC §2.9.
    public static let ast = Self(
        framing: .whole, window: .symmetric, preEmphasis: .frame(coefficient: 0.97),
        offsetRemoval: OffsetRemoval(ofClip: true, ofFrames: true), melBank: .kaldi,
        logarithm: .naturalAbove(floor: 1.192_092_9e-7),
        normalisation: Normalisation(mean: -4.267_739_3, deviation: 2 * 4.568_997_4),
        frames: .fixed(count: 1024, padding: 0))

    /// ERANNs': PANNs' steps, but whole windows from the start and 128 frames for every second that has begun.
    ///
    /// Nothing public settles the paper's front end; these are the defaults of SPEC §2.8, which says what is sure of them.
    public static let eranns = Self(
        framing: .whole, window: .periodic, melBank: .slaney, logarithm: .decibels(floor: 1e-10),
        frames: .perSecond(count: 128))

    /// Recipes that have a name: the key `kind` in files, and what is shown.
    private static let families: [(key: String, title: String, recipe: Self)] = [
        ("panns", "PANNs", .panns), ("efficient-at", "EfficientAT", .efficientAT), ("ast", "AST", .ast),
        ("eranns", "ERANNs", .eranns),
    ]

    /// The name in files of a recipe that has one.
    public var family: String? { Self.families.first { $0.recipe == self }?.key }

    /// What the family is called in a sentence; nil for a recipe of one's own.
    public var title: String? { Self.families.first { $0.recipe == self }?.title }

    /// The recipe of a name in files.
    static func ofFamily(_ key: String) -> Self? { families.first { $0.key == key }?.recipe }

    /// Checks the numbers.
    func validate() throws {
        func require(_ isSound: Bool, _ problem: @autoclosure () -> String) throws {
            if !isSound { throw EPANNsError(.invalidConfiguration, "The front end is invalid: \(problem()).") }
        }
        switch preEmphasis {
        case .none: break
        case .waveform(let coefficient), .frame(let coefficient):
            try require((0...1).contains(coefficient), "a pre-emphasis must be between 0 and 1, not \(coefficient)")
        }
        switch logarithm {
        case .decibels(let least), .naturalPlus(let least), .naturalAbove(let least):
            // Below the smallest normal Float32 the logarithm's kernel does not work.
            try require(
                (2e-38...1e30).contains(least), "the logarithm's floor must be between 2e-38 and 1e30, not \(least)")
        }
        try require(
            normalisation.mean.isFinite && normalisation.deviation.isFinite && abs(normalisation.mean) < 1e6
                && (1e-6...1e6).contains(normalisation.deviation),
            "the normalisation (mean \(normalisation.mean), deviation \(normalisation.deviation)) is out of range")
        switch frames {
        case .any: break
        case .fixed(let count, let padding):
            try require(
                (1...65536).contains(count) && abs(padding) < 1e6,
                "it has \(count) frames, padded with \(padding); there must be between 1 and 65536")
        case .perSecond(let count):
            try require(
                (1...FrontEndConfiguration.maximumFrameRate).contains(count),
                "it has \(count) frames a second; there must be between 1 and "
                    + "\(FrontEndConfiguration.maximumFrameRate)")
        }
    }
}

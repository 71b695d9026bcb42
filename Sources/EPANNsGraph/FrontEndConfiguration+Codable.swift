extension FrontEndConfiguration: Codable {
    private enum CodingKeys: String, CodingKey {
        case kind, recipe, sampleRate, fftSize, windowSize, hopSize, melBands, minimumFrequencyHz, maximumFrequencyHz
    }

    /// Reads the JSON form: `kind`, a family's name, or `recipe`, an object, beside the eight numbers.
    public init(from decoder: any Decoder) throws {
        let box = try decoder.container(keyedBy: CodingKeys.self)
        if let family = try box.decodeIfPresent(String.self, forKey: .kind) {
            guard let named = FrontEndRecipe.ofFamily(family) else {
                throw DecodingError.dataCorruptedError(
                    forKey: .kind, in: box, debugDescription: "There is no front end “\(family)”.")
            }
            recipe = named
        } else {
            recipe = try box.decode(FrontEndRecipe.self, forKey: .recipe)
        }
        sampleRate = try box.decode(Int.self, forKey: .sampleRate)
        fftSize = try box.decode(Int.self, forKey: .fftSize)
        windowSize = try box.decode(Int.self, forKey: .windowSize)
        hopSize = try box.decode(Int.self, forKey: .hopSize)
        melBands = try box.decode(Int.self, forKey: .melBands)
        minimumFrequencyHz = try box.decode(Double.self, forKey: .minimumFrequencyHz)
        maximumFrequencyHz = try box.decode(Double.self, forKey: .maximumFrequencyHz)
    }

    /// Writes the JSON form.
    ///
    /// A family's recipe goes by its name, so that files of PANNs and EfficientAT are what they were before recipes were
    /// data, and older versions read them; any other recipe is written in full, and older versions refuse it.
    public func encode(to encoder: any Encoder) throws {
        var box = encoder.container(keyedBy: CodingKeys.self)
        if let family = recipe.family {
            try box.encode(family, forKey: .kind)
        } else {
            try box.encode(recipe, forKey: .recipe)
        }
        try box.encode(sampleRate, forKey: .sampleRate)
        try box.encode(fftSize, forKey: .fftSize)
        try box.encode(windowSize, forKey: .windowSize)
        try box.encode(hopSize, forKey: .hopSize)
        try box.encode(melBands, forKey: .melBands)
        try box.encode(minimumFrequencyHz, forKey: .minimumFrequencyHz)
        try box.encode(maximumFrequencyHz, forKey: .maximumFrequencyHz)
    }
}

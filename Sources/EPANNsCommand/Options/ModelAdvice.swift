import EPANNsHub

/// Which model to begin with, from the table of the published ones.
enum ModelAdvice {
    /// The recommended model's name.
    static let name = ModelRegistry.standard.recommended?.name ?? "epanns"

    /// A clause for help texts: the command, and what it fetches.
    static var text: String {
        guard let model = ModelRegistry.standard.recommended else { return "“epanns models download \(name)”." }
        return "“epanns models download \(model.name)”: \(ByteText.short(model.minimumByteCount)), mAP "
            + "\(model.meanAveragePrecision), the smallest file that comes near the best."
    }
}

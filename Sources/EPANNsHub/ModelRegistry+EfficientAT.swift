extension ModelRegistry {
    /// EfficientAT `mn…_as`: MobileNetV3 of eight widths, release v0.0.1 on GitHub.
    ///
    /// The project publishes no checksums; size and SHA-256 of `mn04` are those of the copy this package was
    /// tested with. Parameter counts are computed from SPEC §2.11 (`mn04`: 983,599, as counted in the real file).
    static let efficientATModels = [
        efficientAT("mn01", 0.298, 123_783),
        efficientAT("mn02", 0.378, 324_695),
        efficientAT(
            "mn04", 0.432, 983_599, bytes: 4_066_513,
            sha256: "899a8c6217063f6941793102a2780b3dd788ab11fce468d9cf5f0577c453321c"),
        efficientAT("mn05", 0.443, 1_431_239),
        efficientAT("mn10", 0.471, 4_876_831),
        efficientAT("mn20", 0.478, 17_909_287),
        efficientAT("mn30", 0.482, 39_086_367),
        efficientAT("mn40", 0.484, 68_427_303),
    ]

    private static func efficientAT(
        _ name: String, _ precision: Double, _ parameters: Int, bytes: Int? = nil, sha256: String? = nil
    ) -> RegisteredModel {
        // The mAP is part of the file name, as three digits without the point.
        let file = "\(name)_as_mAP_\(Int((precision * 1000).rounded())).pt"
        return RegisteredModel(
            name: name, aliases: ["\(name)-as"], collection: .efficientAT, architecture: "MN",
            meanAveragePrecision: precision, parameterCount: parameters, license: "MIT",
            pageURL: "https://github.com/fschmid56/EfficientAT/releases/tag/v0.0.1",
            downloadURL: "https://github.com/fschmid56/EfficientAT/releases/download/v0.0.1/\(file)",
            fileName: file, byteCount: bytes, sha256: sha256,
            citation: "Schmid, Koutini, Widmer: Efficient Large-Scale Audio Tagging via Transformer-to-CNN "
                + "Knowledge Distillation. ICASSP 2023.")
    }
}

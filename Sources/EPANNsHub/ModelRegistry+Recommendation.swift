extension ModelRegistry {
    /// How much mean average precision a smaller model may lack to be recommended.
    static let recommendedShortfall = 0.06

    /// The one to begin with: the smallest that runs, whose checksum is known, and that comes within 0.06 mAP of the
    /// best.
    ///
    /// From the table alone, so that every place that gives advice gives the same; `nil` where there is none.
    /// Test: `ModelRegistryTests`.
    public var recommended: RegisteredModel? {
        let runnable = models.filter(\.isSupported)
        guard let best = runnable.map(\.meanAveragePrecision).max() else { return nil }
        return runnable.filter { $0.hasChecksum && $0.meanAveragePrecision >= best - Self.recommendedShortfall }
            .min { $0.minimumByteCount < $1.minimumByteCount }
    }
}

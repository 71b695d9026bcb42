import EPANNsCore
import EPANNsGraph

extension ModelConfiguration {
    /// Names that ``named(_:)`` understands, in the order of SPEC §2's table.
    public static let architectureNames =
        [
            "cnn6", "cnn10", "cnn14", "cnn14-16k", "cnn14-8k", "cnn14-mel32", "cnn14-mel128", "cnn14-emb512",
            "cnn14-emb128", "cnn14-emb32", "epanns-25", "epanns-50", "epanns-75",
        ] + ["mn01", "mn02", "mn04", "mn05", "mn10", "mn20", "mn30", "mn40"]

    /// The configuration of a published architecture.
    ///
    /// Besides the listed names, `epanns-R` takes any ratio of 0 to 99 % and `mnNN` any width in tenths.
    ///
    /// - Returns: nil when the name is not an architecture's.
    public static func named(_ name: String) -> ModelConfiguration? {
        switch name.lowercased() {
        case "cnn6": return .cnn6(CNN6Configuration())
        case "cnn10": return .cnn10(CNN10Configuration())
        case "cnn14": return .cnn14(CNN14Configuration())
        case "cnn14-16k": return .cnn14(CNN14Configuration(frontEnd: .panns16k))
        case "cnn14-8k": return .cnn14(CNN14Configuration(frontEnd: .panns8k))
        case "cnn14-mel32": return .cnn14(CNN14Configuration(frontEnd: .panns32k(melBands: 32)))
        case "cnn14-mel128": return .cnn14(CNN14Configuration(frontEnd: .panns32k(melBands: 128)))
        case "cnn14-emb512": return .cnn14(CNN14Configuration(embeddingWidth: 512))
        case "cnn14-emb128": return .cnn14(CNN14Configuration(embeddingWidth: 128))
        case "cnn14-emb32": return .cnn14(CNN14Configuration(embeddingWidth: 32))
        case let name where name.hasPrefix("epanns-"):
            guard let percent = Int(name.dropFirst(7)), (0...99).contains(percent) else { return nil }
            // Integer arithmetic: the exact floor, which the reference's float arithmetic gives too (SPEC §2.3).
            let widths = CNN14Configuration.fullWidths.enumerated().map { index, width in
                index < 6 ? width : width * (100 - percent) / 100
            }
            return .cnn14(CNN14Configuration(widths: widths))
        case let name where name.hasPrefix("mn") && name.count == 4:
            guard let tenths = Int(name.dropFirst(2)), tenths > 0 else { return nil }
            return .mobileNetV3(MobileNetV3Configuration(widthMultiplier: Double(tenths) / 10))
        default: return nil
        }
    }

    /// Names of ``architectureNames`` near a mistyped one, the nearest first, at most three.
    ///
    /// A name that begins with the typed text counts as one typing error away.
    public static func namesNear(_ name: String) -> [String] {
        let typed = String(name.prefix(64)).lowercased()
        let tolerance = max(2, typed.count / 3)
        let ranked = architectureNames.enumerated().compactMap { index, name -> (distance: Int, index: Int)? in
            let isBeginning = typed.count > 1 && name.hasPrefix(typed)
            let distance = isBeginning ? 1 : editDistance(typed, name)
            // Short names are all near one another; at least half of the letters must be right.
            return distance <= tolerance && 2 * distance <= name.count ? (distance, index) : nil
        }
        return ranked.sorted { ($0.distance, $0.index) < ($1.distance, $1.index) }.prefix(3)
            .map { architectureNames[$0.index] }
    }
}

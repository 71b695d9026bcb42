import EPANNsCore
import EPANNsGraph

extension ModelConfiguration {
    /// Output widths from the input on: of every convolution, for `mn` of the stem, the blocks and the last one.
    public var widths: [Int] {
        switch self {
        case .cnn6(let configuration): configuration.widths
        case .cnn10(let configuration): configuration.widths
        case .cnn14(let configuration): configuration.widths
        case .mobileNetV3(let configuration):
            [configuration.stemWidth] + configuration.blocks.map(\.outputWidth) + [configuration.embeddingWidth]
        }
    }

    /// The same network with other widths: what pruning makes of it.
    ///
    /// - Parameter widths: One for every convolution: 4 for CNN6, 8 for CNN10, 12 for CNN14 and E-PANNs.
    /// - Throws: `EPANNsError` with code `invalidConfiguration` when their number or one of them makes no
    ///   sense, or the architecture is no chain of convolutions.
    public func withWidths(_ widths: [Int]) throws -> ModelConfiguration {
        let changed: ModelConfiguration
        switch self {
        case .cnn6(var configuration):
            configuration.widths = widths
            changed = .cnn6(configuration)
        case .cnn10(var configuration):
            configuration.widths = widths
            changed = .cnn10(configuration)
        case .cnn14(var configuration):
            configuration.widths = widths
            changed = .cnn14(configuration)
        case .mobileNetV3:
            throw EPANNsError(
                .invalidConfiguration,
                "The widths of \(architecture) depend on one another and cannot be listed; choose mnNN, where NN is "
                    + "the width in tenths. Lists of widths are for cnn6 (4), cnn10 (8), cnn14 and epanns (12).")
        }
        // Said here, in the words of the list; the general check counts the embedding too.
        guard widths.count == self.widths.count else {
            throw EPANNsError(
                .invalidConfiguration,
                "\(architecture) has \(self.widths.count) convolutions, but \(widths.count) widths are given.")
        }
        try changed.validate()
        return changed
    }
}

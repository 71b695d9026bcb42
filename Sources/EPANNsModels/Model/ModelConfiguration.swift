import EPANNsCore
import EPANNsGraph

/// A network's structure as plain numbers; with named weights it is a model.
///
/// The JSON form is an object with the key `architecture` beside the architecture's own numbers.
public enum ModelConfiguration: Hashable, Sendable {
    case cnn6(CNN6Configuration)
    case cnn10(CNN10Configuration)
    case cnn14(CNN14Configuration)
    case mobileNetV3(MobileNetV3Configuration)

    /// The architecture's name in files.
    public var architecture: String { kind.rawValue }

    /// How the waveform becomes the spectrogram.
    public var frontEnd: FrontEndConfiguration {
        switch self {
        case .cnn6(let configuration): configuration.frontEnd
        case .cnn10(let configuration): configuration.frontEnd
        case .cnn14(let configuration): configuration.frontEnd
        case .mobileNetV3(let configuration): configuration.frontEnd
        }
    }

    /// Number of classes.
    public var classCount: Int {
        get {
            switch self {
            case .cnn6(let configuration): configuration.classCount
            case .cnn10(let configuration): configuration.classCount
            case .cnn14(let configuration): configuration.classCount
            case .mobileNetV3(let configuration): configuration.classCount
            }
        }
        set {
            switch self {
            case .cnn6(var configuration):
                configuration.classCount = newValue
                self = .cnn6(configuration)
            case .cnn10(var configuration):
                configuration.classCount = newValue
                self = .cnn10(configuration)
            case .cnn14(var configuration):
                configuration.classCount = newValue
                self = .cnn14(configuration)
            case .mobileNetV3(var configuration):
                configuration.classCount = newValue
                self = .mobileNetV3(configuration)
            }
        }
    }

    /// What turns logits into scores.
    public var outputActivation: OutputActivation {
        get {
            switch self {
            case .cnn6(let configuration): configuration.outputActivation
            case .cnn10(let configuration): configuration.outputActivation
            case .cnn14(let configuration): configuration.outputActivation
            case .mobileNetV3(let configuration): configuration.outputActivation
            }
        }
        set {
            switch self {
            case .cnn6(var configuration):
                configuration.outputActivation = newValue
                self = .cnn6(configuration)
            case .cnn10(var configuration):
                configuration.outputActivation = newValue
                self = .cnn10(configuration)
            case .cnn14(var configuration):
                configuration.outputActivation = newValue
                self = .cnn14(configuration)
            case .mobileNetV3(var configuration):
                configuration.outputActivation = newValue
                self = .mobileNetV3(configuration)
            }
        }
    }

    /// The network's graph.
    ///
    /// - Throws: `EPANNsError` with code `invalidConfiguration` when a number makes no sense; a
    ///   configuration may come from a file.
    public func graph() throws -> ModelGraph {
        try validate()
        let graph =
            switch self {
            case .cnn6(let configuration): configuration.graph()
            case .cnn10(let configuration): configuration.graph()
            case .cnn14(let configuration): configuration.graph()
            case .mobileNetV3(let configuration): configuration.graph()
            }
        guard (try? graph.shapes(frameCount: 4096)) != nil else {
            throw EPANNsError(
                .invalidConfiguration,
                "\(frontEnd.melBands) mel bands are too few for \(architecture): its poolings leave nothing of them.")
        }
        return graph
    }

    /// Checks every number.
    ///
    /// - Throws: `EPANNsError` with code `invalidConfiguration`.
    public func validate() throws {
        try frontEnd.validate()
        let (widths, expected): ([Int], Int) =
            switch self {
            case .cnn6(let c): (c.widths + [c.embeddingWidth], 5)
            case .cnn10(let c): (c.widths + [c.embeddingWidth], 9)
            case .cnn14(let c): (c.widths + [c.embeddingWidth], 13)
            case .mobileNetV3(let c):
                (
                    [c.stemWidth, c.embeddingWidth, c.hiddenWidth]
                        + c.blocks.flatMap { [$0.expandedWidth, $0.outputWidth, $0.squeezeWidth ?? 1] },
                    3 + 3 * c.blocks.count
                )
            }
        guard widths.count == expected else {
            throw EPANNsError(
                .invalidConfiguration,
                "\(architecture) has \(expected - 1) convolution widths, but \(widths.count - 1) are given.")
        }
        // The cap keeps every product of sizes far from overflow; the widest published layer has 5760 channels.
        guard (widths + [classCount]).allSatisfy({ (1...65536).contains($0) }) else {
            throw EPANNsError(
                .invalidConfiguration, "Widths and class count of \(architecture) must lie in 1…65536: \(widths).")
        }
        if case .mobileNetV3(let c) = self {
            guard (1...64).contains(c.blocks.count),
                c.blocks.allSatisfy({
                    $0.kernel % 2 == 1 && (1...31).contains($0.kernel) && (1...4).contains($0.stride)
                })
            else {
                throw EPANNsError(.invalidConfiguration, "A block's kernel or stride makes no sense.")
            }
            let inputWidths = [c.stemWidth] + c.blocks.map(\.outputWidth)
            for (number, (block, inputWidth)) in zip(c.blocks, inputWidths).enumerated() {
                guard block.expands(from: inputWidth) || block.expandedWidth == inputWidth,
                    !block.addsInput(of: inputWidth) || block.stride == 1 && block.outputWidth == inputWidth
                else {
                    throw EPANNsError(
                        .invalidConfiguration,
                        "Block \(number + 1) of \(architecture) has widths that do not fit together: \(inputWidth) in, "
                            + "\(block.expandedWidth) inside, \(block.outputWidth) out.")
                }
            }
        }
    }
}

extension ModelConfiguration: Codable {
    private enum Kind: String, Codable { case cnn6, cnn10, cnn14, mobileNetV3 = "mobilenet-v3" }
    private enum CodingKeys: String, CodingKey { case architecture }

    private var kind: Kind {
        switch self {
        case .cnn6: .cnn6
        case .cnn10: .cnn10
        case .cnn14: .cnn14
        case .mobileNetV3: .mobileNetV3
        }
    }

    /// Reads the JSON form.
    public init(from decoder: any Decoder) throws {
        let container = try decoder.container(keyedBy: CodingKeys.self)
        switch try container.decode(Kind.self, forKey: .architecture) {
        case .cnn6: self = .cnn6(try CNN6Configuration(from: decoder))
        case .cnn10: self = .cnn10(try CNN10Configuration(from: decoder))
        case .cnn14: self = .cnn14(try CNN14Configuration(from: decoder))
        case .mobileNetV3: self = .mobileNetV3(try MobileNetV3Configuration(from: decoder))
        }
    }

    /// Writes the JSON form.
    public func encode(to encoder: any Encoder) throws {
        var container = encoder.container(keyedBy: CodingKeys.self)
        try container.encode(kind, forKey: .architecture)
        switch self {
        case .cnn6(let configuration): try configuration.encode(to: encoder)
        case .cnn10(let configuration): try configuration.encode(to: encoder)
        case .cnn14(let configuration): try configuration.encode(to: encoder)
        case .mobileNetV3(let configuration): try configuration.encode(to: encoder)
        }
    }
}

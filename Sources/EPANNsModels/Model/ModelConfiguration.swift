import EPANNsCore
import EPANNsGraph

/// A network's structure as plain numbers; with named weights it is a model.
///
/// One case an architecture, so that a reader who needs one can ask for it; what all have in common is forwarded to
/// ``base``. The JSON form is an object with the key `architecture` beside the architecture's own numbers.
public enum ModelConfiguration: Hashable, Sendable {
    case cnn(CNNConfiguration)
    case resNet(ResNetConfiguration)
    case mobileNetV1(MobileNetV1Configuration)
    case mobileNetV2(MobileNetV2Configuration)
    case erann(ERANNConfiguration)
    case wavegram(WavegramConfiguration)
    case ast(ASTConfiguration)
    case decisionLevel(DecisionLevelConfiguration)
    case mobileNetV3(MobileNetV3Configuration)

    /// Every architecture, in the order of SPEC §2's table.
    public static let architectures: [any Architecture.Type] = [
        CNNConfiguration.self,
        DecisionLevelConfiguration.self,
        ResNetConfiguration.self,
        MobileNetV1Configuration.self,
        MobileNetV2Configuration.self,
        ERANNConfiguration.self,
        WavegramConfiguration.self,
        ASTConfiguration.self,
        MobileNetV3Configuration.self,
    ]

    /// The architecture's own configuration.
    public var base: any Architecture {
        get {
            switch self {
            case .cnn(let configuration): configuration
            case .resNet(let configuration): configuration
            case .mobileNetV1(let configuration): configuration
            case .mobileNetV2(let configuration): configuration
            case .erann(let configuration): configuration
            case .wavegram(let configuration): configuration
            case .ast(let configuration): configuration
            case .decisionLevel(let configuration): configuration
            case .mobileNetV3(let configuration): configuration
            }
        }
        set { self = newValue.configuration }
    }

    /// The architecture's name in files.
    public var architecture: String { base.name }

    /// How the waveform becomes the spectrogram.
    public var frontEnd: FrontEndConfiguration {
        get { base.frontEnd }
        set { base.frontEnd = newValue }
    }

    /// Number of classes.
    public var classCount: Int {
        get { base.classCount }
        set { base.classCount = newValue }
    }

    /// What turns logits into scores.
    public var outputActivation: OutputActivation {
        get { base.outputActivation }
        set { base.outputActivation = newValue }
    }

    /// Output widths from the input on: of every convolution, or of every block.
    public var widths: [Int] { base.widths }

    /// The network's graph.
    ///
    /// - Throws: `EPANNsError` with code `invalidConfiguration` when a number is invalid; a configuration may come from a
    ///   file.
    public func graph() throws -> ModelGraph { try base.graph() }

    /// Checks every number.
    ///
    /// - Throws: `EPANNsError` with code `invalidConfiguration`.
    public func validate() throws { try base.validate() }
}

extension ModelConfiguration: Codable {
    private enum CodingKeys: String, CodingKey { case architecture }

    /// Reads the JSON form.
    public init(from decoder: any Decoder) throws {
        let container = try decoder.container(keyedBy: CodingKeys.self)
        let name = try container.decode(String.self, forKey: .architecture)
        guard let architecture = Self.architectures.first(where: { $0.names.contains(name) }) else {
            throw DecodingError.dataCorruptedError(
                forKey: .architecture, in: container, debugDescription: "There is no architecture “\(name)”.")
        }
        self = try architecture.init(from: decoder).configuration
    }

    /// Writes the JSON form.
    public func encode(to encoder: any Encoder) throws {
        var container = encoder.container(keyedBy: CodingKeys.self)
        try container.encode(architecture, forKey: .architecture)
        try base.encode(to: encoder)
    }
}

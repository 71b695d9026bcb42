import EPANNsCore
import EPANNsGraph

/// A family of networks: its numbers, and all that is known about it.
///
/// An architecture lives in one file: presets, recogniser, validation, graph, and what pruning makes of its numbers.
/// ``ModelConfiguration`` has one case for each and forwards everything else here. How one is added:
/// `Docs/AddAnArchitecture.md`.
public protocol Architecture: Codable, Hashable, Sendable {
    /// What a sentence calls the family, for example `EfficientAT mn`.
    static var title: String { get }
    /// Values of the key `architecture` in files, for example `cnn14`.
    static var names: [String] { get }
    /// The published networks.
    static var presets: [Preset] { get }

    /// The network of a name that users type, in lower case: a preset's, or one made by a rule such as `mnNN`.
    static func named(_ name: String) -> Self?

    /// The network whose state dict has these names and shapes; nil when it is another family's.
    ///
    /// What names and shapes do not tell (strides, activations, the hop) is the published networks'.
    ///
    /// - Throws: `EPANNsError` with code `checkpointMismatch` when it looks like this family but is damaged.
    static func recognise(_ shapes: StateDictShapes) throws -> Self?

    /// A published file's tensors in the graph's names, where they have others or more than the network uses; else nil.
    ///
    /// - Throws: `EPANNsError` with code `checkpointMismatch` when it is such a file but damaged.
    static func translated(_ tensors: [String: Tensor]) throws -> TranslatedCheckpoint?

    /// Value of the key `architecture` in files: one of ``names``.
    var name: String { get }
    /// The case that holds it.
    var configuration: ModelConfiguration { get }
    /// How the waveform becomes the spectrogram.
    var frontEnd: FrontEndConfiguration { get set }
    /// Number of classes.
    var classCount: Int { get set }
    /// What turns logits into scores.
    var outputActivation: OutputActivation { get set }
    /// What the network hears; the spectrogram, where it does not say otherwise.
    var inputs: [ModelGraph.Input] { get }

    /// Output widths from the input on, as they are shown: of every convolution, or of every block.
    var widths: [Int] { get }
    /// Every number of channels, for the check of its range.
    var everyWidth: [Int] { get }

    /// Takes other widths, one for each of ``widths``.
    ///
    /// - Throws: `EPANNsError` with code `invalidConfiguration` when their number is wrong, or the architecture is not a
    ///   chain of convolutions.
    mutating func replaceWidths(_ widths: [Int]) throws

    /// Takes the numbers of channels that pruning left, by the layers' names.
    mutating func take(_ channels: inout ChannelCounts)

    /// Checks what is special about the architecture; ranges of widths and the front end are checked for all.
    ///
    /// - Throws: `EPANNsError` with code `invalidConfiguration`.
    func check() throws

    /// Adds the layers to a graph that has ``inputs`` only; called with numbers that were checked.
    func addLayers(to builder: inout GraphBuilder)
}

/// A published network.
public struct Preset: Sendable {
    /// The name that users type, for example `cnn14-16k`.
    public let name: String
    /// The class of the reference code, which tells files of published weights apart; nil where none were published.
    public let referenceClass: String?
    /// Its numbers.
    public let configuration: ModelConfiguration

    /// Makes a preset.
    public init(_ name: String, referenceClass: String?, _ configuration: some Architecture) {
        self.name = name
        self.referenceClass = referenceClass
        self.configuration = configuration.configuration
    }
}

extension Architecture {
    /// The preset of that name.
    public static func preset(_ name: String) -> Self? {
        presets.first { $0.name == name }?.configuration.base as? Self
    }

    /// Published files have the graph's names.
    public static func translated(_ tensors: [String: Tensor]) throws -> TranslatedCheckpoint? { nil }

    /// The preset of that name.
    public static func named(_ name: String) -> Self? { preset(name) }

    /// A published width times `scale`, at least 1; 0, which no network takes, for what is not a number or far too large.
    static func scaled(_ width: Int, _ scale: Double) -> Int {
        let value = (Double(width) * scale).rounded()
        return value < 1e9 ? max(1, Int(value)) : 0
    }

    /// Refuses: most networks are not a chain of convolutions.
    ///
    /// - Throws: `EPANNsError` with code `invalidConfiguration`, always.
    public mutating func replaceWidths(_ widths: [Int]) throws {
        throw EPANNsError(
            .invalidConfiguration,
            "The widths of \(name) depend on one another and cannot be listed; lists of widths are for networks that are "
                + "a chain of convolutions, such as CNN14.")
    }

    /// The spectrogram.
    public var inputs: [ModelGraph.Input] { [.logMel] }

    /// Nothing is special.
    public func check() throws {}

    /// Checks every number.
    ///
    /// - Throws: `EPANNsError` with code `invalidConfiguration`.
    public func validate() throws {
        try frontEnd.validate()
        try check()
        // The cap keeps every product of sizes far from overflow; the widest published layer has 5760 channels.
        guard (everyWidth + [classCount]).allSatisfy({ (1...65536).contains($0) }) else {
            throw EPANNsError(
                .invalidConfiguration,
                "Widths and class count of \(name) must be between 1 and 65536: \(everyWidth), \(classCount) classes.")
        }
    }

    /// The network's graph.
    ///
    /// - Throws: `EPANNsError` with code `invalidConfiguration` when a number is invalid; a configuration may come from a
    ///   file.
    public func graph() throws -> ModelGraph {
        try validate()
        var builder = GraphBuilder(input: frontEnd, hearing: inputs)
        addLayers(to: &builder)
        let graph = builder.build()
        let frames: Int =
            switch frontEnd.recipe.frames {
            case .fixed(let count, _): count
            case .any, .perSecond: 4096
            }
        do {
            if inputs.contains(.waveform) {
                let samples = graph.fittingSampleCount(frontEnd.minimumSampleCount(frameCount: 4097))
                _ = try graph.shapes(graph.extent(sampleCount: samples))
            } else {
                _ = try graph.shapes(ClipExtent(frames: frames))
            }
        } catch let error as EPANNsError where error.code == .invalidAudio {
            throw EPANNsError(
                .invalidConfiguration,
                "\(frontEnd.melBands) mel bands are too few for \(name): its poolings leave nothing of them.")
        }
        return graph
    }
}

import EPANNsCore
import EPANNsGraph
import EPANNsModels

/// What a model is made of and what it costs: the numbers behind `epanns info`.
///
/// The JSON form is meant for snake-case keys (`JSONEncoder.KeyEncodingStrategy.convertToSnakeCase`).
/// Tests: `ModelReportTests`.
public struct ModelReport: Encodable, Hashable, Sendable {
    /// The file a model was read from.
    public struct File: Encodable, Hashable, Sendable {
        /// The path; empty for the model that is built in.
        public var path: String
        /// Size.
        public var byteCount: Int
        /// SHA-256, lower-case hexadecimal.
        public var sha256: String
        /// The container.
        public var container: CheckpointFormat
        /// For a converted model: the file the weights came from.
        public var provenance: Model.Provenance?
    }

    /// What one pruning removed; see `PruningRecord`.
    public struct Pruning: Encodable, Hashable, Sendable {
        /// How filters were ranked.
        public var criterion: String
        /// The one share of filters that went from each layer; nil when layers had their own.
        public var ratio: Double?
        /// Number of layers that lost filters.
        public var layerCount: Int
        /// Filters of these layers before.
        public var width: Int
        /// Filters of these layers that stayed.
        public var keptCount: Int
        /// SHA-256 of the file that was pruned.
        public var sourceSHA256: String?
        /// The program that did it.
        public var prunedBy: String

        init(_ record: PruningRecord) {
            criterion = record.criterion
            ratio = record.ratio
            layerCount = record.layers.count
            width = record.layers.reduce(0) { $0 + $1.width }
            keptCount = record.layers.reduce(0) { $0 + $1.kept.count }
            sourceSHA256 = record.sourceSHA256
            prunedBy = record.prunedBy
        }
    }

    /// The model's name, or the architecture's.
    public var name: String
    /// The architecture's name in files.
    public var architecture: String
    /// The network's structure as plain numbers.
    public var configuration: ModelConfiguration
    /// Number of classes.
    public var classCount: Int
    /// Whether the classes are AudioSet's 527, in their order; nil for an architecture, which has no names.
    public var hasAudioSetLabels: Bool?
    /// Filters of the convolutions in the graph's order, depthwise ones left out.
    ///
    /// Where pruning reaches within blocks, as in MobileNets, the configuration's widths do not tell.
    public var filterCounts: [Int]
    /// What pruning removed, the latest last; absent for models that were not pruned.
    public var pruning: [Pruning]?
    /// How the model was made, the latest step last; absent where nothing is known of it.
    public var history: [ModelStep]?
    /// Length of the embedding.
    public var embeddingWidth: Int
    /// Fewest samples the network can take.
    public var minimumSampleCount: Int
    /// The same in seconds.
    public var minimumSeconds: Double
    /// Length of the clip that is counted.
    public var durationSeconds: Double
    /// The file; nil for an architecture.
    public var file: File?
    /// True for the model that is built in, absent for others.
    public var builtIn: Bool?
    /// What a user should know of the model.
    public var notes: [ModelNote]
    /// Layers and totals.
    public var cost: CostReport
    /// Names of layers that do nothing in inference.
    public var identityLayers: Set<String>

    // Without `identityLayers`, which only a printed table needs.
    enum CodingKeys: String, CodingKey {
        case name, architecture, configuration, classCount, hasAudioSetLabels, filterCounts, pruning, history
        case embeddingWidth, minimumSampleCount, minimumSeconds, durationSeconds, file, builtIn, notes, cost
    }

    /// Longest spectrogram that is counted, a little more than an hour at PANNs' hop; keeps all products of sizes far
    /// from overflow.
    static let maximumFrameCount = 400_000

    /// Describes an architecture.
    ///
    /// - Parameters:
    ///   - name: What the report calls the architecture.
    ///   - configuration: The network's structure.
    ///   - durationSeconds: Length of the clip.
    /// - Throws: `EPANNsError` with code `invalidConfiguration` when the configuration is invalid, or
    ///   the clip is too short for the network or longer than an hour.
    public init(name: String, configuration: ModelConfiguration, durationSeconds: Double) throws {
        let graph = try configuration.graph()
        let rate = Double(graph.input.sampleRate)
        self.name = name
        self.configuration = configuration
        self.durationSeconds = durationSeconds
        architecture = configuration.architecture
        classCount = configuration.classCount
        filterCounts = graph.nodes.compactMap { node in
            if case .convolution(let settings) = node.operation, settings.groups == 1 { node.channels } else { nil }
        }
        embeddingWidth = graph.channels(of: .embedding)
        minimumSampleCount = graph.minimumSampleCount
        minimumSeconds = Double(minimumSampleCount) / rate
        notes = []
        identityLayers = Set(
            graph.nodes.filter { if case .dropout = $0.operation { true } else { false } }.map(\.name))
        guard durationSeconds > 0, durationSeconds <= 3600 else {
            throw EPANNsError(
                .invalidConfiguration, "A clip of \(durationSeconds) s cannot be counted; give up to 3600 s.")
        }
        let sampleCount = Int((durationSeconds * rate).rounded())
        guard sampleCount >= minimumSampleCount else {
            throw EPANNsError(
                .invalidConfiguration,
                "A clip of \(durationSeconds) s is too short for \(name), which needs \(minimumSeconds) s "
                    + "(\(minimumSampleCount) samples at \(graph.input.sampleRate) Hz).")
        }
        guard graph.input.frameCount(sampleCount: sampleCount) <= Self.maximumFrameCount else {
            throw EPANNsError(
                .invalidConfiguration,
                "A clip of \(durationSeconds) s has more than \(Self.maximumFrameCount) frames; count a shorter one.")
        }
        cost = try CostReport(graph, sampleCount: graph.fittingSampleCount(sampleCount))
    }

    /// Describes a model, all of whose file is read for the checksum.
    ///
    /// - Throws: As ``init(name:configuration:durationSeconds:)``.
    public init(_ model: Model, durationSeconds: Double) throws {
        try self.init(name: model.name, configuration: model.configuration, durationSeconds: durationSeconds)
        hasAudioSetLabels = model.labels == .audioSet
        notes = model.notes
        if !model.history.isEmpty { history = model.history }
        if !model.pruning.isEmpty { pruning = model.pruning.map(Pruning.init) }
        if model.isBuiltIn { builtIn = true }
        if let origin = model.origin {
            file = File(
                path: origin.path ?? "", byteCount: origin.byteCount, sha256: origin.sha256(),
                container: origin.format, provenance: model.provenance)
        }
    }
}

import EPANNsCore
import EPANNsGraph

/// A model as a value: configuration, named weights, labels, and where they came from.
public struct Model: Sendable {
    /// Where a model's weights came from.
    public struct Provenance: Codable, Hashable, Sendable {
        /// Name of the file that was converted, without its folder.
        public var sourceFile: String
        /// SHA-256 of that file, lower-case hexadecimal.
        public var sourceSHA256: String
        /// Its container.
        public var sourceFormat: CheckpointFormat
        /// The program that wrote the model.
        public var convertedBy: String
    }

    /// A short name: the metadata's, or the file's without its extension.
    public var name: String
    /// The network's structure.
    public var configuration: ModelConfiguration
    /// The tensors by state-dict key; ``replacing(weights:configuration:labels:)`` makes a model of others.
    public private(set) var weights: [String: Tensor]
    /// The classes.
    public var labels: LabelSet
    /// Where the weights came from, for a converted model.
    public var provenance: Provenance?
    /// What pruning removed, the latest last; kept in our own files.
    public var pruning: [PruningRecord] = []
    /// How the model was made, the latest step last; kept in our own files.
    public internal(set) var history: [ModelStep] = []
    /// From which score on a class counts as heard; nil where nobody found out.
    public var thresholds: ClassThresholds?
    /// What the weights were read from; nil for weights that were never read, or changed since.
    public internal(set) var origin: Origin?
    /// What ``replacing(weights:configuration:labels:)`` began with.
    private var parent: Parent?
    /// Whether ``history`` tells of it.
    var isParentRecorded = false
    /// What a user should know, for example that STFT kernels differ.
    public var notes: [ModelNote]

    /// Makes a model of parts.
    ///
    /// - Throws: `EPANNsError` with code `checkpointMismatch` when the tensors do not fit,
    ///   `invalidConfiguration` when the labels' number is another than the classes'.
    public init(
        name: String, configuration: ModelConfiguration, weights: [String: Tensor], labels: LabelSet? = nil
    ) throws {
        self.name = name
        self.configuration = configuration
        self.weights = weights
        let classes = configuration.classCount
        self.labels = labels ?? (classes == 527 ? .audioSet : .numbered(classes))
        notes = []
        try validate()
    }

    /// A name and where it was read from, as long as its bytes are there.
    struct Parent: Sendable {
        var name: String
        var origin: Origin?
    }

    /// What the next step of the history began with.
    var parentSource: Parent? { origin.map { Parent(name: name, origin: $0) } ?? parent }

    /// A model with other weights, made from this one.
    ///
    /// It keeps name, labels and history. Thresholds are gone, which were for the scores of the weights before, and so is
    /// ``origin``: no file holds the new model.
    ///
    /// - Parameters:
    ///   - weights: The tensors by state-dict key.
    ///   - configuration: The network's structure; nil for the same one.
    ///   - labels: The classes; nil for the same ones.
    /// - Throws: As ``validate()``.
    public func replacing(
        weights: [String: Tensor], configuration: ModelConfiguration? = nil, labels: LabelSet? = nil
    ) throws -> Model {
        var model = self
        model.parent = parentSource
        // What was read from a file begins a new step, whatever was noted of that file.
        if origin != nil { model.isParentRecorded = false }
        model.weights = weights
        if let configuration { model.configuration = configuration }
        if let labels { model.labels = labels }
        model.origin = nil
        model.thresholds = nil
        try model.validate()
        return model
    }

    /// Adds tensors that follow from the configuration, such as PANNs' STFT kernels; the network computes what it did.
    package mutating func add(derived tensors: [String: Tensor]) {
        weights.merge(tensors) { stored, _ in stored }
    }

    /// Checks that weights and labels fit the configuration.
    ///
    /// - Throws: `EPANNsError` with code `checkpointMismatch` or `invalidConfiguration`.
    public func validate() throws {
        try StateDictCheck.validate(
            weights, against: graph().parameterSpecs, architecture: configuration.architecture)
        guard labels.count == configuration.classCount else {
            throw EPANNsError(
                .invalidConfiguration,
                "\(labels.count.counted("label")) cannot name \(configuration.classCount.counted("class")) of a network."
            )
        }
        guard thresholds?.fit(labels.count) ?? true else {
            throw EPANNsError(
                .invalidConfiguration,
                "The thresholds do not fit \(labels.count.counted("class")), or are not finite numbers.")
        }
    }

    /// The network's graph.
    public func graph() throws -> ModelGraph { try configuration.graph() }

    /// The mel bank stored in the checkpoint, shape (bins, mels); SPEC §3.6 says to use it where there is one.
    public var melWeights: Tensor? { weights["logmel_extractor.melW"] }
}

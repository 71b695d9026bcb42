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
    /// The tensors by state-dict key.
    public var weights: [String: Tensor]
    /// The classes.
    public var labels: LabelSet
    /// Where the weights came from, for a converted model.
    public var provenance: Provenance?
    /// What pruning removed, the latest last; kept in our own files.
    public var pruning: [PruningRecord] = []
    /// From which score on a class counts as heard; nil where nobody found out.
    ///
    /// Whoever changes weights clears it.
    public var thresholds: ClassThresholds?
    /// The file that was read; its digest identifies the model.
    public var file: MappedFile?
    /// The bytes that were read, where they did not come from a file.
    ///
    /// Whoever changes weights clears it, as ``file``.
    public var storage: TensorStorage?
    /// The file's container.
    public var format: CheckpointFormat?
    /// What a user should know, for example that STFT kernels differ.
    public var notes: [String]

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

    /// SHA-256 of the file, lower-case hexadecimal; nil for a model that was never read from one.
    ///
    /// Reads all of the file.
    public func sha256() -> String? { file.map(FileDigest.sha256) ?? storage.map(FileDigest.sha256) }

    /// Checks that weights and labels fit the configuration.
    ///
    /// - Throws: `EPANNsError` with code `checkpointMismatch` or `invalidConfiguration`.
    public func validate() throws {
        try StateDictCheck.validate(
            weights, against: graph().parameterSpecs, architecture: configuration.architecture)
        guard labels.count == configuration.classCount else {
            throw EPANNsError(
                .invalidConfiguration,
                "\(labels.count.counted("label")) cannot name \(configuration.classCount) classes of a network.")
        }
        guard thresholds?.fit(labels.count) ?? true else {
            throw EPANNsError(
                .invalidConfiguration, "The thresholds do not fit the \(labels.count) classes, or are no numbers.")
        }
    }

    /// The network's graph.
    public func graph() throws -> ModelGraph { try configuration.graph() }

    /// The mel bank stored in the checkpoint, shape (bins, mels); SPEC §3.6 says to use it where there is one.
    public var melWeights: Tensor? { weights["logmel_extractor.melW"] }
}

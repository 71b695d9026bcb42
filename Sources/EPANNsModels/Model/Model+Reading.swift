import EPANNsCore
import EPANNsGraph
import Foundation

extension Model {
    /// Reads a model file: one of ours, or a published checkpoint whose architecture and widths are recognised.
    ///
    /// - Parameters:
    ///   - path: The file.
    ///   - architecture: A preset's name, for a checkpoint whose tensors are those of several networks: CNN14,
    ///     DecisionLevelMax and DecisionLevelAvg. Without it the published file's name tells, and ``notes`` say so. A file
    ///     of ours tells itself.
    /// - Throws: `EPANNsError` with code `fileFailure`, `unsupportedFormat`, `invalidCheckpoint`, or
    ///   `checkpointMismatch` listing every tensor that does not fit.
    public static func read(path: String, architecture: String? = nil) throws -> Model {
        let file = try MappedFile(path: path)
        let storage = file.storage
        let checkpoint = try Checkpoint.read(storage: storage, name: path)
        var model = try read(
            checkpoint, fileName: URL(fileURLWithPath: path).lastPathComponent,
            architecture: architecture)
        model.origin = Origin(file: file, storage: storage, format: checkpoint.format)
        return model
    }

    /// Reads a model from a file's bytes in memory, which are not copied.
    ///
    /// - Parameters:
    ///   - storage: A whole model file.
    ///   - name: What messages call it, and a checkpoint that has no name.
    ///   - architecture: As ``read(path:architecture:)`` has it.
    /// - Throws: As ``read(path:architecture:)``.
    public static func read(storage: TensorStorage, name: String, architecture: String? = nil) throws -> Model {
        let checkpoint = try Checkpoint.read(storage: storage, name: name)
        var model = try read(checkpoint, fileName: name, architecture: architecture)
        model.origin = Origin(file: nil, storage: storage, format: checkpoint.format)
        return model
    }

    /// Reads a model from a file's bytes in memory, which are copied.
    ///
    /// - Parameters:
    ///   - bytes: A whole model file.
    ///   - name: What messages call it, and a checkpoint that has no name.
    /// - Throws: As ``read(path:architecture:)``.
    public init(bytes: [UInt8], name: String = "model") throws {
        let storage = TensorStorage(byteCount: bytes.count) { destination in
            bytes.withUnsafeBytes { destination.copyMemory(from: $0) }
        }
        self = try Model.read(storage: storage, name: name)
    }

    private static func read(_ checkpoint: Checkpoint, fileName: String, architecture: String?) throws -> Model {
        var model: Model
        if checkpoint.metadata[MetadataKey.configuration] != nil {
            model = try selfDescribing(checkpoint)
            let own = model.configuration.architecture
            if let architecture, ModelConfiguration.named(architecture)?.architecture != own {
                throw EPANNsError(
                    .checkpointMismatch, "\(fileName.quoted) says that it is \(own), not \(architecture.printable).")
            }
        } else {
            var translation: TranslatedCheckpoint?
            for family in ModelConfiguration.architectures where translation == nil {
                translation = try family.translated(checkpoint.tensors)
            }
            let tensors = translation?.tensors ?? checkpoint.tensors
            let recognizer = ArchitectureRecognizer(tensors)
            var (configuration, note) = try recognizer.configuration(as: architecture, fileName: fileName)
            translation?.adapt(&configuration)
            model = try Model(
                name: URL(fileURLWithPath: fileName).deletingPathExtension().lastPathComponent,
                configuration: configuration, weights: tensors)
            if let note { model.notes.append(note) }
            if recognizer.assumesFrontEnd { model.notes.append(.assumedFrontEnd) }
        }
        try WeightCheck.check(model.weights, of: fileName)
        try model.checkFrontEnd()
        return model
    }

    private static func selfDescribing(_ checkpoint: Checkpoint) throws -> Model {
        let metadata = checkpoint.metadata
        // First of all: what follows may be laid out otherwise in another version.
        if let version = metadata[MetadataKey.version], version != metadataVersion {
            throw EPANNsError(
                .unsupportedFormat,
                "The model was written by a newer epanns (layout \(String(version.prefix(20)).quoted), this program reads "
                    + "\(metadataVersion)); update this program.")
        }
        let configuration = try MetadataText.decode(
            ModelConfiguration.self, MetadataKey.configuration, in: metadata, limit: MetadataLimits.configuration)
        guard let configuration else { throw EPANNsError(.invalidCheckpoint, "The model has no configuration.") }
        // Before memory is taken for whatever else the file tells of its classes.
        try configuration.validate()
        let classes = configuration.classCount
        var model = try Model(
            name: metadata[MetadataKey.name] ?? configuration.architecture, configuration: configuration,
            weights: checkpoint.tensors,
            labels: MetadataText.decode(
                LabelSet.self, MetadataKey.labels, in: metadata, limit: MetadataLimits.labels(classes)))
        model.provenance = try MetadataText.decode(
            Provenance.self, MetadataKey.provenance, in: metadata, limit: MetadataLimits.text)
        model.pruning =
            try MetadataText.decode(
                [PruningRecord].self, MetadataKey.pruning, in: metadata, limit: MetadataLimits.pruning) ?? []
        guard model.pruning.allSatisfy(\.isSound) else {
            throw EPANNsError(
                .invalidCheckpoint,
                "The model's metadata entry \(MetadataKey.pruning) is damaged: it keeps filters that do not exist.")
        }
        model.thresholds = try MetadataText.decode(
            ClassThresholds.self, MetadataKey.thresholds, in: metadata, limit: MetadataLimits.thresholds(classes))
        guard model.thresholds?.fit(model.labels.count) ?? true else {
            throw EPANNsError(
                .invalidCheckpoint,
                "The model's metadata entry \(MetadataKey.thresholds) is damaged: it does not fit "
                    + "\(model.labels.count.counted("class")). Calibrate the model again.")
        }
        model.history =
            try MetadataText.decode(
                [ModelStep].self, MetadataKey.history, in: metadata, limit: MetadataLimits.text)
            ?? model.stepsOfOldFiles
        return model
    }

    /// Compares a few rows of stored STFT kernels with the analytic ones that our FFT stands for; SPEC §3.6.
    private mutating func checkFrontEnd() throws {
        guard let stored = weights["spectrogram_extractor.stft.conv_real.weight"] else { return }
        let size = configuration.frontEnd.fftSize
        for bin in [0, 1, size / 4, size / 2] {
            let row = try Tensor(
                shape: [size], dataType: stored.dataType, strides: [stored.strides[2]],
                byteOffset: stored.byteOffset + bin * stored.strides[0] * stored.dataType.byteCount,
                storage: stored.storage
            ).floats
            for n in 0..<size {
                let window = 0.5 - 0.5 * cos(2 * Double.pi * Double(n) / Double(size))
                let expected = window * cos(2 * Double.pi * Double(bin * n % size) / Double(size))
                if abs(Double(row[n]) - expected) > 1e-5 {
                    notes.append(.otherTransformKernels)
                    return
                }
            }
        }
    }
}

/// Names of our entries in a safetensors file's metadata.
enum MetadataKey {
    static let format = "format"
    static let version = "epanns.version"
    static let name = "epanns.name"
    static let configuration = "epanns.configuration"
    static let labels = "epanns.labels"
    static let provenance = "epanns.provenance"
    static let parameters = "epanns.parameters"
    static let pruning = "epanns.pruning"
    static let thresholds = "epanns.thresholds"
    static let history = "epanns.history"
}

/// Most bytes of our metadata entries, far above what a real model needs, so that a small network cannot ask for
/// much memory with them.
enum MetadataLimits {
    /// A configuration; the longest of ours, of 64 blocks, has 12 KB.
    static let configuration = 1 << 20
    /// Texts about where a model comes from: a thousand steps.
    static let text = 1 << 20
    /// Records of pruning: 16 of all the filters of the widest network there may be.
    static let pruning = 1 << 25

    /// Labels; the longest name of AudioSet has 50 bytes.
    static func labels(_ classes: Int) -> Int { 4096 + 1024 * classes }

    /// One number a class.
    static func thresholds(_ classes: Int) -> Int { 4096 + 64 * classes }
}

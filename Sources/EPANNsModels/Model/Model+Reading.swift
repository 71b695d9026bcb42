import EPANNsCore
import EPANNsGraph
import Foundation

extension Model {
    /// Reads a model file: one of ours, or a published checkpoint whose architecture and widths are recognised.
    ///
    /// - Throws: `EPANNsError` with code `fileFailure`, `unsupportedFormat`, `invalidCheckpoint`, or
    ///   `checkpointMismatch` listing every tensor that does not fit.
    public static func read(path: String) throws -> Model {
        let checkpoint = try Checkpoint.read(path: path)
        var model = try read(checkpoint, fileName: URL(fileURLWithPath: path).lastPathComponent)
        model.file = checkpoint.mappedFile
        return model
    }

    /// Reads a model from a file's bytes in memory, which are not copied.
    ///
    /// - Parameters:
    ///   - storage: A whole model file.
    ///   - name: What messages call it, and a checkpoint that has no name.
    /// - Throws: As ``read(path:)``.
    public static func read(storage: TensorStorage, name: String) throws -> Model {
        var model = try read(Checkpoint.read(storage: storage, name: name), fileName: name)
        model.storage = storage
        return model
    }

    private static func read(_ checkpoint: Checkpoint, fileName: String) throws -> Model {
        var model: Model
        if let json = checkpoint.metadata[MetadataKey.configuration] {
            model = try selfDescribing(checkpoint, configuration: json)
        } else {
            if fileName.contains("DecisionLevelMax") || fileName.contains("DecisionLevelAvg") {
                // Its state dict is CNN14's, only the head computes something else.
                throw EPANNsError(
                    .unsupportedFormat,
                    "\(fileName) is a sound-event-detection variant of CNN14, which this version "
                        + "cannot run yet; rename the file if it is a plain CNN14.")
            }
            let recognizer = ArchitectureRecognizer(checkpoint.tensors)
            model = try Model(
                name: URL(fileURLWithPath: fileName).deletingPathExtension().lastPathComponent,
                configuration: recognizer.configuration(), weights: checkpoint.tensors)
            if recognizer.assumesFrontEnd { model.notes.append(assumedFrontEnd) }
        }
        model.format = checkpoint.format
        try model.checkFrontEnd()
        return model
    }

    private static func selfDescribing(_ checkpoint: Checkpoint, configuration json: String) throws -> Model {
        func decode<Value: Decodable>(_ type: Value.Type, _ text: String, _ key: String) throws -> Value {
            do {
                return try JSONDecoder().decode(type, from: Data(text.utf8))
            } catch {
                throw EPANNsError(
                    .invalidCheckpoint, "The model's metadata entry \(key) is damaged; convert the original again.",
                    cause: error)
            }
        }
        // First of all: what follows may be laid out otherwise in another version.
        if let version = checkpoint.metadata[MetadataKey.version], version != metadataVersion {
            throw EPANNsError(
                .unsupportedFormat,
                "The model was written by a newer epanns (layout \(version.prefix(20)), this program reads "
                    + "\(metadataVersion)); update this program.")
        }
        let configuration = try decode(ModelConfiguration.self, json, MetadataKey.configuration)
        let labels = try checkpoint.metadata[MetadataKey.labels].map {
            try decode(LabelSet.self, $0, MetadataKey.labels)
        }
        var model = try Model(
            name: checkpoint.metadata[MetadataKey.name] ?? configuration.architecture, configuration: configuration,
            weights: checkpoint.tensors, labels: labels)
        model.provenance = try checkpoint.metadata[MetadataKey.provenance].map {
            try decode(Provenance.self, $0, MetadataKey.provenance)
        }
        model.pruning =
            try checkpoint.metadata[MetadataKey.pruning].map {
                try decode([PruningRecord].self, $0, MetadataKey.pruning)
            } ?? []
        guard model.pruning.allSatisfy(\.isSound) else {
            throw EPANNsError(
                .invalidCheckpoint,
                "The model's metadata entry \(MetadataKey.pruning) is damaged: it keeps filters that do not exist.")
        }
        model.thresholds = try checkpoint.metadata[MetadataKey.thresholds].map {
            try decode(ClassThresholds.self, $0, MetadataKey.thresholds)
        }
        guard model.thresholds?.fit(model.labels.count) ?? true else {
            throw EPANNsError(
                .invalidCheckpoint,
                "The model's metadata entry \(MetadataKey.thresholds) is damaged: it does not fit the "
                    + "\(model.labels.count) classes. Calibrate the model again.")
        }
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
                    notes.append(
                        "The stored STFT kernels are not those of a periodic Hann window; an ordinary Fourier "
                            + "transform is used instead.")
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
}

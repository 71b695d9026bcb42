import EPANNsCore
import EPANNsGraph
import Foundation

extension Model {
    /// What the weights are stored as: bfloat16 where one of them is, else Float32.
    public var storedDataType: DataType {
        weights.values.contains { $0.dataType == .bfloat16 } ? .bfloat16 : .float32
    }

    /// Version of the metadata's layout.
    static let metadataVersion = "1"

    /// Writes the model as one self-describing safetensors file.
    ///
    /// The metadata holds configuration (with front end and output activation), labels, thresholds, how the model was
    /// made and what was pruned.
    /// STFT kernels are left out, since they follow from the configuration; the stored mel bank is kept. The file is
    /// written beside its final place and renamed.
    ///
    /// - Parameters:
    ///   - path: Where the file will lie.
    ///   - dataType: Element type of the weights, `float32` or `bfloat16`; statistics and biases are Float32.
    ///   - keepsTransformKernels: Whether the STFT kernels stay, which nothing here reads but PyTorch's classes do.
    /// - Throws: `EPANNsError` with code `fileFailure`, or `invalidConfiguration` for another element type.
    public func write(
        to path: String, dataType: DataType = .float32, keepsTransformKernels: Bool = false
    ) throws {
        guard dataType == .float32 || dataType == .bfloat16 else {
            throw EPANNsError(
                .invalidConfiguration, "Weights are written as float32 or bfloat16, not as \(dataType).")
        }
        guard thresholds?.fit(labels.count) ?? true else {
            throw EPANNsError(
                .invalidConfiguration,
                "The thresholds do not fit \(labels.count.counted("class")), or are not finite numbers.")
        }
        var tensors: [String: Tensor] = [:]
        for (key, tensor) in weights where keepsTransformKernels || !key.hasPrefix("spectrogram_extractor.") {
            let isMatrix = key.hasSuffix(".weight") && tensor.shape.count > 1
            tensors[key] = tensor.converted(to: isMatrix ? dataType : .float32)
        }
        try SafetensorsWriter.write(tensors, metadata: metadata(), to: path)
    }

    private func metadata() throws -> [String: String] {
        let encoder = JSONEncoder()
        encoder.outputFormatting = [.sortedKeys, .withoutEscapingSlashes]
        func json(_ value: some Encodable) throws -> String {
            String(decoding: try encoder.encode(value), as: UTF8.self)
        }
        let parameters = try graph().parameterCount
        var metadata = [
            MetadataKey.format: "epanns", MetadataKey.version: Self.metadataVersion, MetadataKey.name: name,
            MetadataKey.configuration: try json(configuration), MetadataKey.labels: try json(labels),
            MetadataKey.parameters: String(parameters),
        ]
        if let provenance { metadata[MetadataKey.provenance] = try json(provenance) }
        if let thresholds { metadata[MetadataKey.thresholds] = try json(thresholds) }
        if !pruning.isEmpty { metadata[MetadataKey.pruning] = try json(pruning) }
        if !history.isEmpty { metadata[MetadataKey.history] = try json(history) }
        return metadata
    }

    /// Notes the file that was read as the source of what will be written.
    ///
    /// - Parameters:
    ///   - program: The program that writes.
    ///   - digest: The file's SHA-256 where it is known already; otherwise all of the file is read.
    public mutating func recordProvenance(convertedBy program: String, digest: String? = nil) {
        guard provenance == nil, let file, let format, let digest = digest ?? sha256() else { return }
        provenance = Provenance(
            sourceFile: URL(fileURLWithPath: file.path).lastPathComponent, sourceSHA256: digest,
            sourceFormat: format, convertedBy: program)
    }
}

extension Tensor {
    /// The same numbers in another floating-point type; integers (counters) stay what they are.
    fileprivate func converted(to type: DataType) -> Tensor {
        guard [.float64, .float32, .float16, .bfloat16].contains(dataType), dataType != type else { return self }
        return type == .bfloat16 ? convertedToBFloat16() : Tensor(shape: shape, values: floats)
    }

    /// The elements rounded to the nearest bfloat16, ties to even.
    func convertedToBFloat16() -> Tensor {
        let values = floats
        let storage = TensorStorage(byteCount: values.count * 2) { bytes in
            for (index, value) in values.enumerated() {
                bytes.storeBytes(of: BFloat16.bits(value).littleEndian, toByteOffset: index * 2, as: UInt16.self)
            }
        }
        return Tensor(shape: shape, dataType: .bfloat16, contiguous: storage)
    }
}

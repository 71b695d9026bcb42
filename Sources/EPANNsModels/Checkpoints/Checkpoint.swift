import EPANNsCore
import EPANNsGraph

/// Named tensors read from a file, whatever its container.
///
/// Reading runs no code and trusts nothing in the file: it gives tensors or throws. Tensors are views into the
/// mapped file, which stays mapped as long as one of them lives.
///
/// Source: SPEC §3. Parity: `SafetensorsTests`, `PyTorchCheckpointTests`, `RealCheckpointTests`.
public struct Checkpoint: Sendable {
    /// The container the tensors came in.
    public var format: CheckpointFormat
    /// The tensors by state-dict key, such as `conv_block1.conv1.weight`; a common `module.` prefix is removed.
    public var tensors: [String: Tensor]
    /// The keys of ``tensors`` in the file's order; for safetensors, that of the data.
    public var order: [String]
    /// The safetensors metadata; for PyTorch files the numbers and texts beside the tensors, such as `iteration`.
    public var metadata: [String: String]
    /// Keys of entries that are neither tensors nor metadata and were left out, such as `sampler`.
    public var ignoredEntries: [String]
    /// The mapping behind the tensors; absent for bytes in memory.
    package var mappedFile: MappedFile?

    /// Makes a checkpoint in memory.
    public init(
        format: CheckpointFormat, tensors: [String: Tensor], order: [String], metadata: [String: String] = [:],
        ignoredEntries: [String] = [], mappedFile: MappedFile? = nil
    ) {
        self.format = format
        self.tensors = tensors
        self.order = order
        self.metadata = metadata
        self.ignoredEntries = ignoredEntries
        self.mappedFile = mappedFile
    }

    /// Reads a checkpoint file, recognising the container by its first bytes.
    ///
    /// - Throws: `EPANNsError` with code `fileFailure` when the file cannot be read, `unsupportedFormat` when it is
    ///   sound but of another kind (TorchScript, tar, compressed, a web page), `invalidCheckpoint` when it is damaged
    ///   or asks for code to be run.
    public static func read(path: String) throws -> Checkpoint {
        let file = try MappedFile(path: path)
        var checkpoint = try read(storage: file.storage, name: path)
        checkpoint.mappedFile = file
        return checkpoint
    }

    /// Reads a checkpoint from bytes in memory, which are copied.
    ///
    /// - Parameters:
    ///   - bytes: A whole checkpoint file.
    ///   - name: What messages call it.
    /// - Throws: `EPANNsError` like ``read(path:)``.
    public static func read(bytes: [UInt8], name: String) throws -> Checkpoint {
        let storage = TensorStorage(byteCount: bytes.count) { destination in
            bytes.withUnsafeBytes { destination.copyMemory(from: $0) }
        }
        return try read(storage: storage, name: name)
    }

    /// Reads a checkpoint from bytes in memory, without a copy.
    ///
    /// - Parameters:
    ///   - storage: A whole checkpoint file.
    ///   - name: What messages call it.
    /// - Throws: `EPANNsError` like ``read(path:)``.
    public static func read(storage: TensorStorage, name: String) throws -> Checkpoint {
        let source = CheckpointSource(storage: storage, name: name)
        // The readers work on raw pointers into the storage.
        return try withExtendedLifetime(storage) {
            switch try CheckpointSniffer.format(of: source) {
            case .safetensors: try SafetensorsReader.read(source)
            case .pyTorchZip: try PyTorchZipReader.read(source)
            case .pyTorchLegacy: try PyTorchLegacyReader.read(source)
            }
        }
    }
}

/// Collects the tensors of a checkpoint and checks what all containers have in common.
struct CheckpointBuilder {
    private let source: CheckpointSource
    private var checkpoint: Checkpoint
    private var logicalBytes = 0

    init(_ source: CheckpointSource, format: CheckpointFormat) {
        self.source = source
        checkpoint = Checkpoint(format: format, tensors: [:], order: [])
    }

    /// Adds a tensor; a key that is already there gets the new value, as in Python.
    mutating func add(_ key: String, _ tensor: Tensor) throws {
        // Cannot overflow: the tensor was checked, and a view of 2⁶⁰ elements is caught by the limit.
        let (bytes, overflow) = tensor.count.multipliedReportingOverflow(by: tensor.dataType.byteCount)
        let (sum, overflow2) = logicalBytes.addingReportingOverflow(bytes)
        guard !overflow, !overflow2, sum <= CheckpointLimits.logicalBytes(fileBytes: source.bytes.count) else {
            throw source.damaged("Its tensors, up to \(key.quoted), would take more memory than the file accounts for.")
        }
        logicalBytes = sum
        if checkpoint.tensors.updateValue(tensor, forKey: key) == nil { checkpoint.order.append(key) }
        guard checkpoint.order.count <= CheckpointLimits.tensors else {
            throw source.damaged("It holds more than \(CheckpointLimits.tensors) tensors.")
        }
    }

    mutating func setMetadata(_ key: String, _ value: String) { checkpoint.metadata[key] = value }

    mutating func ignore(_ key: String) { checkpoint.ignoredEntries.append(key) }

    /// The checkpoint, with a prefix removed that all keys share.
    mutating func finish(strippingPrefix prefix: String? = nil) throws -> Checkpoint {
        guard !checkpoint.order.isEmpty else {
            throw source.unsupported(
                "It holds no tensors. Save the weights with `torch.save(model.state_dict(), …)` or as safetensors.")
        }
        if let prefix, checkpoint.order.allSatisfy({ $0.hasPrefix(prefix) && $0 != prefix }) {
            checkpoint.order = checkpoint.order.map { String($0.dropFirst(prefix.count)) }
            var tensors: [String: Tensor] = [:]
            for (key, tensor) in checkpoint.tensors { tensors[String(key.dropFirst(prefix.count))] = tensor }
            checkpoint.tensors = tensors
        }
        return checkpoint
    }
}

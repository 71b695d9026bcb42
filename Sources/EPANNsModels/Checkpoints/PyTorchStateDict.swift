import EPANNsCore
import EPANNsGraph

/// Finds the state dict in what a PyTorch file held, and makes tensors of it.
///
/// Source: SPEC §3.1, §3.5.
struct PyTorchStateDict {
    /// Where training scripts put the state dict; PANNs writes `model`.
    static let nests = ["model", "state_dict"]

    let source: CheckpointSource
    let pickle: Pickle
    /// Finds a whole storage's bytes in the file and checks their number.
    let locate: (PickledStorage, _ byteCount: Int) throws -> Range<Int>
    private var storages: [Range<Int>: TensorStorage] = [:]

    init(
        _ source: CheckpointSource, _ pickle: Pickle,
        locate: @escaping (PickledStorage, _ byteCount: Int) throws -> Range<Int>
    ) {
        self.source = source
        self.pickle = pickle
        self.locate = locate
    }

    /// The checkpoint: tensors of the state dict; numbers and texts beside them as metadata; names of the rest.
    mutating func checkpoint(format: CheckpointFormat) throws -> Checkpoint {
        guard case .dictionary(let root) = pickle.root else {
            throw source.unsupported(
                "It holds no state dict. Save the weights with `torch.save(model.state_dict(), …)` or as safetensors.")
        }
        var builder = CheckpointBuilder(source, format: format)
        let nest = Self.nests.first { name in
            guard case .dictionary(let inner) = pickle.heap.value(of: name, in: root) else { return false }
            return pickle.heap.dictionaries[inner].contains { if case .tensor = $0.value { true } else { false } }
        }
        if let nest, case .dictionary(let inner) = pickle.heap.value(of: nest, in: root) {
            for (key, value) in pickle.heap.dictionaries[root] {
                guard let name = try self.name(key), name != nest else { continue }
                try note(name, value, in: &builder)
            }
            try addTensors(of: inner, to: &builder)
        } else {
            try addTensors(of: root, to: &builder)
        }
        return try builder.finish(strippingPrefix: "module.")
    }

    private mutating func addTensors(of dictionary: Int, to builder: inout CheckpointBuilder) throws {
        for (key, value) in pickle.heap.dictionaries[dictionary] {
            guard let name = try name(key) else { continue }
            guard case .tensor(let number) = value else {
                try note(name, value, in: &builder)
                continue
            }
            guard !name.isEmpty, name.utf8.count <= CheckpointLimits.nameBytes else {
                throw source.damaged("The tensor name \(name.quoted) is empty or too long.")
            }
            try builder.add(name, try tensor(name, pickle.heap.tensors[number]))
        }
    }

    /// A key's text; other keys (numbers, in optimiser states) have no name.
    private func name(_ key: PickleValue) throws -> String? { try pickle.heap.text(key) }

    private func note(_ name: String, _ value: PickleValue, in builder: inout CheckpointBuilder) throws {
        switch value {
        case .integer(let number): builder.setMetadata(name, String(number))
        case .float(let number): builder.setMetadata(name, String(number))
        case .bool(let flag): builder.setMetadata(name, String(flag))
        case .text(let range):
            // A text of another encoding is no reason to refuse the weights.
            guard let text = String(validating: source.bytes[range], as: UTF8.self) else { fallthrough }
            builder.setMetadata(name, text)
        default: builder.ignore(name)
        }
    }

    private mutating func tensor(_ name: String, _ pickled: PickledTensor) throws -> Tensor {
        let reference = pickle.heap.storages[pickled.storage]
        guard let dataType = reference.dataType else {
            throw source.unsupported(
                "Tensor \(name.quoted) has a storage without an element type. Save it again with a recent PyTorch.")
        }
        let size = dataType.byteCount
        let (byteCount, overflow) = reference.count.multipliedReportingOverflow(by: size)
        let (byteOffset, overflow2) = pickled.offset.multipliedReportingOverflow(by: size)
        guard !overflow, !overflow2 else { throw source.damaged("Tensor \(name.quoted) has an absurd size.") }
        var range = try locate(reference, byteCount)
        precondition(range.count == byteCount)
        if let view = reference.view {
            // Within the storage, as the unpickler has checked, so these products cannot overflow.
            range = range.lowerBound + view.lowerBound * size..<range.lowerBound + view.upperBound * size
        }
        let storage = storages[range] ?? source.slice(range)
        storages[range] = storage
        do {
            return try Tensor(
                shape: pickled.shape, dataType: dataType, strides: pickled.strides, byteOffset: byteOffset,
                storage: storage)
        } catch {
            throw EPANNsError(
                .invalidCheckpoint,
                "\(source.name.quoted): Tensor \(name.quoted) does not fit its storage. The file is damaged; download "
                    + "or save it again.", cause: error)
        }
    }
}

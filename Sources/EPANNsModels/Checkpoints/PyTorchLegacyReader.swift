import EPANNsCore
import EPANNsGraph

/// Reads what `torch.save` wrote before 1.6: four pickles, the list of storages, then their bytes.
///
/// Source: SPEC §3.2; the layout is the one that PyTorch still writes with
/// `_use_new_zipfile_serialization=False`. Parity: `PyTorchCheckpointTests`.
enum PyTorchLegacyReader {
    /// 0x1950a86a20f9469cfc6c, little-endian.
    private static let magic: [UInt8] = [0x6C, 0xFC, 0x9C, 0x46, 0xF9, 0x20, 0x6A, 0xA8, 0x50, 0x19]

    static func read(_ source: CheckpointSource) throws -> Checkpoint {
        var cursor = ByteCursor(source, 0..<source.bytes.count)
        guard case .bigInteger(let range) = try Unpickler.load(&cursor).root,
            source.bytes[range].elementsEqual(magic)
        else {
            throw source.unsupported(
                "It is a Python pickle, but not one that `torch.save` wrote. Save the weights with "
                    + "`torch.save(model.state_dict(), …)` or as safetensors.")
        }
        guard case .integer(1001) = try Unpickler.load(&cursor).root else {
            throw source.unsupported("It has an unknown version of PyTorch's format. Save it again.")
        }
        let system = try Unpickler.load(&cursor)
        guard case .dictionary(let facts) = system.root,
            case .bool(let isLittleEndian) = system.heap.value(of: "little_endian", in: facts)
        else { throw source.damaged("It does not say which byte order it has.") }
        guard isLittleEndian else {
            throw source.unsupported(
                "It was written on a big-endian machine, which is not supported. Convert it to safetensors there.")
        }
        let pickle = try Unpickler.load(&cursor)
        let places = try readStorages(&cursor, pickle)
        var stateDict = PyTorchStateDict(source, pickle) { storage, byteCount in
            guard let range = places[storage.key] else {
                throw source.damaged("Its storage \(storage.key.quoted) is missing.")
            }
            // The same storage with two element counts or types.
            guard range.count == byteCount else {
                throw source.damaged("Its storage \(storage.key.quoted) is described in two ways.")
            }
            return range
        }
        return try stateDict.checkpoint(format: .pyTorchLegacy)
    }

    /// Finds the storages' bytes: for each listed key an element count, then the elements.
    private static func readStorages(
        _ cursor: inout ByteCursor, _ pickle: Pickle
    ) throws -> [String: Range<Int>] {
        let source = cursor.source
        // Only the references know how wide the elements are.
        var references: [String: PickledStorage] = [:]
        for storage in pickle.heap.storages { references[storage.key] = storage }
        let list = try Unpickler.load(&cursor)
        guard case .list(let keys) = list.root else { throw source.damaged("Its list of storages is missing.") }
        var places: [String: Range<Int>] = [:]
        for value in list.heap.lists[keys] {
            guard let key = try list.heap.text(value), let reference = references[key] else {
                throw source.damaged("Its list of storages has one that no tensor uses.")
            }
            let count = try cursor.readSize()
            let size = reference.dataType?.byteCount ?? 1
            let (byteCount, overflow) = count.multipliedReportingOverflow(by: size)
            guard !overflow, count == reference.count else {
                throw source.damaged(
                    "Its storage \(key.quoted) has \(count) elements where \(reference.count) belong.")
            }
            guard places.updateValue(try cursor.take(byteCount), forKey: key) == nil else {
                throw source.damaged("Its list of storages has \(key.quoted) twice.")
            }
        }
        return places
    }
}

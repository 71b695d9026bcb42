import EPANNsCore
import EPANNsGraph

/// What the allowed functions do. SPEC §3.4.
extension Unpickler {
    /// Calls `callee`, which must be on the allow-list, with a tuple of arguments.
    mutating func call(_ callee: PickleValue, _ arguments: PickleValue) throws -> PickleValue {
        guard case .global(let global) = callee, case .tuple(let tuple) = arguments else {
            throw source.damaged("Its pickle calls what is not a function, or without arguments.")
        }
        let arguments = heap.lists[tuple]
        switch global {
        case .orderedDictionary: return .dictionary(try newDictionary(try pairs(arguments)))
        case .rebuildTensor, .rebuildTensorV2: return try tensor(arguments)
        case .rebuildParameter:
            guard let first = arguments.first, case .tensor = first else {
                throw source.damaged("A parameter in its pickle holds no tensor.")
            }
            return first
        case .size:
            guard let first = arguments.first else { return .tuple(tuple) }
            return first
        case .opaque: return .opaque
        case .storage, .untypedStorage: throw source.damaged("Its pickle makes a storage out of nothing.")
        }
    }

    /// Gives a state to an object, which nobody looks at: a state dict's module versions, a NumPy array's contents.
    func build(_ object: PickleValue, _ state: PickleValue) throws {
        switch object {
        case .dictionary, .opaque, .tensor: return
        default: throw source.damaged("Its pickle gives a state to an object that has none.")
        }
    }

    /// The storage behind a persistent id, `('storage', type, key, location, count)` and in legacy streams a sixth
    /// entry: none, or a view `(key, offset, count)`.
    mutating func persistentObject(_ id: PickleValue) throws -> PickleValue {
        guard case .tuple(let tuple) = id else { throw source.damaged("A persistent id in its pickle is not a tuple.") }
        let fields = heap.lists[tuple]
        guard fields.count == 5 || fields.count == 6, try heap.text(fields[0]) == "storage",
            case .global(let global) = fields[1], let key = try heap.text(fields[2]),
            case .integer(let count) = fields[4], count >= 0
        else { throw source.damaged("A persistent id in its pickle is not that of a storage.") }
        var storage = PickledStorage(key: key, dataType: nil, count: count, view: nil)
        switch global {
        case .storage(let dataType): storage.dataType = dataType
        case .untypedStorage: break
        default: throw source.damaged("The storage \(key.quoted) has no storage's type.")
        }
        if fields.count == 6 { storage.view = try view(fields[5], of: storage) }
        guard heap.storages.count < CheckpointLimits.tensors else {
            throw source.damaged("Its pickle holds more than \(CheckpointLimits.tensors) storages.")
        }
        heap.storages.append(storage)
        return .storage(heap.storages.count - 1)
    }

    private func view(_ value: PickleValue, of storage: PickledStorage) throws -> Range<Int>? {
        if case .none = value { return nil }
        guard case .tuple(let tuple) = value, heap.lists[tuple].count == 3,
            case .integer(let offset) = heap.lists[tuple][1], case .integer(let count) = heap.lists[tuple][2],
            offset >= 0, count >= 0, offset <= storage.count, count <= storage.count - offset
        else { throw source.damaged("A view of storage \(storage.key.quoted) does not fit it.") }
        return offset..<offset + count
    }

    /// `_rebuild_tensor(storage, offset, size, stride)`; version 2 has more arguments, for training only.
    private mutating func tensor(_ arguments: [PickleValue]) throws -> PickleValue {
        guard arguments.count >= 4, case .storage(let storage) = arguments[0],
            case .integer(let offset) = arguments[1],
            let shape = integers(arguments[2]), let strides = integers(arguments[3]), shape.count == strides.count
        else { throw source.damaged("A tensor in its pickle lacks storage, offset, size or stride.") }
        guard heap.tensors.count < CheckpointLimits.tensors else {
            throw source.damaged("Its pickle holds more than \(CheckpointLimits.tensors) tensors.")
        }
        heap.tensors.append(PickledTensor(storage: storage, offset: offset, shape: shape, strides: strides))
        return .tensor(heap.tensors.count - 1)
    }

    private func integers(_ value: PickleValue) -> [Int]? {
        let list: Int
        switch value {
        case .tuple(let number), .list(let number): list = number
        default: return nil
        }
        guard heap.lists[list].count <= CheckpointLimits.axes else { return nil }
        var result: [Int] = []
        for value in heap.lists[list] {
            guard case .integer(let integer) = value else { return nil }
            result.append(integer)
        }
        return result
    }

    /// The arguments of `OrderedDict`: none, or one list of pairs, as Python 2 wrote it.
    private func pairs(_ arguments: [PickleValue]) throws -> [(key: PickleValue, value: PickleValue)] {
        guard let first = arguments.first else { return [] }
        guard arguments.count == 1, case .list(let list) = first, heap.lists[list].count <= Limits.elements else {
            throw source.damaged("A dictionary in its pickle is made of no list of pairs.")
        }
        var result: [(key: PickleValue, value: PickleValue)] = []
        for element in heap.lists[list] {
            switch element {
            case .tuple(let pair) where heap.lists[pair].count == 2, .list(let pair) where heap.lists[pair].count == 2:
                result.append((heap.lists[pair][0], heap.lists[pair][1]))
            default: throw source.damaged("A dictionary in its pickle is made of no list of pairs.")
            }
        }
        return result
    }
}

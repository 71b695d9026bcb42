import EPANNsCore
import EPANNsGraph

/// One value of an unpickled object.
///
/// Containers are numbers into ``PickleHeap``, so a value is a few plain bytes: nesting of any depth is neither built
/// nor freed nor walked by recursion, and lists that contain themselves do no harm. Texts and byte strings stay
/// where they are in the file.
enum PickleValue {
    case none
    case bool(Bool)
    case integer(Int)
    /// An integer of more than 64 bits: where its little-endian bytes are.
    case bigInteger(Range<Int>)
    case float(Double)
    /// Where the UTF-8 bytes are; not yet validated.
    case text(Range<Int>)
    case bytes(Range<Int>)
    /// Number of a list in ``PickleHeap/lists``.
    case tuple(Int)
    case list(Int)
    /// Number of a dictionary in ``PickleHeap/dictionaries``.
    case dictionary(Int)
    /// A function or class of the allow-list, not yet called.
    case global(PickleGlobal)
    /// Number of a storage in ``PickleHeap/storages``.
    case storage(Int)
    /// Number of a tensor in ``PickleHeap/tensors``.
    case tensor(Int)
    /// Something allowed that nobody looks into: a NumPy array, a set, a device.
    case opaque
}

/// A storage that a pickle refers to by its persistent id.
struct PickledStorage {
    /// The storage's name in the file, as the bytes of the key.
    var key: String
    /// The element type; absent for untyped storages.
    var dataType: DataType?
    /// Number of elements of the whole storage.
    var count: Int
    /// The part of the storage that is meant, in elements; only in old legacy streams.
    var view: Range<Int>?
}

/// A tensor as a pickle describes it; nothing is checked against the storage yet.
struct PickledTensor {
    /// Number of a storage in ``PickleHeap/storages``.
    var storage: Int
    /// Position of the first element, in elements.
    var offset: Int
    var shape: [Int]
    var strides: [Int]
}

/// What an unpickled object is made of; all containers live here, side by side.
struct PickleHeap {
    let source: CheckpointSource
    var lists: [[PickleValue]] = []
    var dictionaries: [[(key: PickleValue, value: PickleValue)]] = []
    var storages: [PickledStorage] = []
    var tensors: [PickledTensor] = []

    /// A text value as a string; `nil` for other values.
    ///
    /// - Throws: `EPANNsError` with code `invalidCheckpoint` when it is not UTF-8.
    func text(_ value: PickleValue) throws -> String? {
        guard case .text(let range) = value else { return nil }
        guard let text = String(validating: source.bytes[range], as: UTF8.self) else {
            throw source.damaged("The text at byte \(range.lowerBound) is not UTF-8.")
        }
        return text
    }

    /// The value of a text key; the last one where a key comes twice, as in Python.
    func value(of key: String, in dictionary: Int) -> PickleValue? {
        dictionaries[dictionary].last { pair in
            guard case .text(let range) = pair.key else { return false }
            return source.bytes[range].elementsEqual(key.utf8)
        }?.value
    }
}

/// An unpickled object.
struct Pickle {
    var root: PickleValue
    var heap: PickleHeap
}

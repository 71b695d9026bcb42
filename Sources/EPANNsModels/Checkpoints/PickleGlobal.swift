import EPANNsCore
import EPANNsGraph

/// The functions and classes that a checkpoint may name.
///
/// Source: SPEC §3.4.
///
/// A name in a file is looked up in this list and nowhere else; what it stands for is done by
/// `Unpickler+Calls.swift`. No name ever reaches a dynamic lookup.
enum PickleGlobal {
    case orderedDictionary
    case rebuildTensor
    case rebuildTensorV2
    case rebuildParameter
    case storage(DataType)
    case untypedStorage
    case size
    /// Makes a value that nobody looks into, from whatever arguments.
    case opaque

    /// Finds a name in the list.
    static func find(module: String, name: String) -> PickleGlobal? {
        list["\(module) \(name)"]
    }

    /// Whether a refused name is one of PyTorch's own ways to store a tensor, of a kind we do not read.
    static func isUnsupportedTensor(module: String, name: String) -> Bool {
        ["torch", "torch._utils", "torch._tensor", "torch.storage"].contains(module)
            && (name.hasSuffix("Storage") || name.hasPrefix("_rebuild_"))
    }

    private static let list: [String: PickleGlobal] = [
        "collections OrderedDict": .orderedDictionary,
        "torch._utils _rebuild_tensor": .rebuildTensor,
        "torch._utils _rebuild_tensor_v2": .rebuildTensorV2,
        "torch._utils _rebuild_parameter": .rebuildParameter,
        "torch DoubleStorage": .storage(.float64),
        "torch FloatStorage": .storage(.float32),
        "torch HalfStorage": .storage(.float16),
        "torch BFloat16Storage": .storage(.bfloat16),
        "torch LongStorage": .storage(.int64),
        "torch IntStorage": .storage(.int32),
        "torch ShortStorage": .storage(.int16),
        "torch CharStorage": .storage(.int8),
        "torch ByteStorage": .storage(.uint8),
        "torch BoolStorage": .storage(.bool),
        "torch.storage UntypedStorage": .untypedStorage,
        "torch.storage TypedStorage": .untypedStorage,
        "torch Size": .size,
        "torch device": .opaque,
        // State of samplers in training checkpoints; skipped, but it must not make the file unreadable.
        "numpy ndarray": .opaque,
        "numpy dtype": .opaque,
        "numpy.core.multiarray _reconstruct": .opaque,
        "numpy.core.multiarray scalar": .opaque,
        "numpy._core.multiarray _reconstruct": .opaque,
        "numpy._core.multiarray scalar": .opaque,
        // Not in SPEC §3.4: what NumPy writes in pickle protocol 5.
        "numpy.core.numeric _frombuffer": .opaque,
        "numpy._core.numeric _frombuffer": .opaque,
        "_codecs encode": .opaque,
        "__builtin__ set": .opaque,
        "builtins set": .opaque,
    ]
}

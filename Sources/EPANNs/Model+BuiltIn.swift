import EPANNsCore
import EPANNsGraph
import EPANNsModels

#if BuiltInModel
internal import CBuiltInModel
#endif

extension Model {
    /// Name of the model that is built in.
    public static let builtInName = "epanns-mini"

    /// Whether a model was compiled in, as the package trait `BuiltInModel` says, which is on by default.
    public static var hasBuiltIn: Bool { !builtInBytes.isEmpty }

    /// The file's bytes; none without the trait.
    private static var builtInBytes: UnsafeRawBufferPointer {
        #if BuiltInModel
        UnsafeRawBufferPointer(start: epanns_built_in_model(), count: epanns_built_in_model_size())
        #else
        UnsafeRawBufferPointer(start: nil, count: 0)
        #endif
    }

    /// The model that is built in: a small E-PANNs of 527 AudioSet classes, trained by this project.
    ///
    /// A pruned CNN14, distilled from EfficientAT's mn04 on freely licensed audio; bfloat16 weights.
    /// `Experiments/built-in/README.md` says what it was trained on and how well it does. It is for a first try and for
    /// small devices: published weights know far more sounds.
    ///
    /// The weights lie in the program itself; nothing is read from disk, and nothing is copied.
    ///
    /// Tests: `BuiltInModelTests`.
    ///
    /// - Throws: `EPANNsError` with code `modelUnavailable` when the program was built without one.
    public static func builtIn() throws -> Model {
        guard hasBuiltIn else {
            throw EPANNsError(
                .modelUnavailable,
                "No model is named, and this program was built without one of its own (the package trait BuiltInModel).",
                remedy: .nameModel)
        }
        return try read(storage: builtInStorage, name: builtInName)
    }

    /// The built-in model's file, byte for byte: a safetensors file that `read(path:)` opens; empty without one.
    public static var builtInStorage: TensorStorage {
        // Part of the program, which outlives everything: nobody has to keep it.
        TensorStorage(bytes: builtInBytes, owner: builtInName)
    }

    /// Whether this is the model that is built in, and not one from a file.
    public var isBuiltIn: Bool {
        guard let origin, origin.file == nil, Self.hasBuiltIn else { return false }
        return origin.storage.bytes.baseAddress == Self.builtInStorage.bytes.baseAddress
    }
}

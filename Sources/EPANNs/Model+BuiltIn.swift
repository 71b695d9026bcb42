import CBuiltInModel
import EPANNsGraph
import EPANNsModels

extension Model {
    /// Name of the model that is built in.
    public static let builtInName = "epanns-mini"

    /// The model that is built in: a small E-PANNs of 527 AudioSet classes, trained by this project.
    ///
    /// CNN14 with a quarter of its last six convolutions' filters, distilled from EfficientAT's mn04 on freely licensed
    /// audio; bfloat16 weights. `Experiments/built-in/README.md` says what it was trained on and how well it does. It is
    /// for a first try and for small devices: published weights know far more sounds.
    ///
    /// The weights lie in the program itself; nothing is read from disk, and nothing is copied.
    ///
    /// Tests: `BuiltInModelTests`.
    ///
    /// - Throws: `EPANNsError` as ``Model/read(path:)``, which would be a defect of this package.
    public static func builtIn() throws -> Model {
        try read(storage: builtInStorage, name: builtInName)
    }

    /// The built-in model's file, byte for byte: a safetensors file that `read(path:)` opens.
    public static var builtInStorage: TensorStorage {
        // Part of the program, which outlives everything: nobody has to keep it.
        TensorStorage(
            bytes: UnsafeRawBufferPointer(start: epanns_built_in_model(), count: epanns_built_in_model_size()),
            owner: builtInName)
    }

    /// Whether this is the model that is built in, and not one from a file.
    public var isBuiltIn: Bool {
        guard let storage, file == nil else { return false }
        return storage.bytes.baseAddress == Self.builtInStorage.bytes.baseAddress
    }
}

import EPANNs
import EPANNsCore
import EPANNsHub
import Foundation

/// What a `--model` argument means.
enum ModelSource {
    case builtIn
    case file(path: String)

    /// Finds the model: a file, the built-in one's name, or the name of a downloaded one.
    ///
    /// - Parameter argument: What the user wrote; nil for the built-in model.
    /// - Throws: As `ModelCache.resolve`.
    init(_ argument: String?) throws {
        guard let argument else {
            self = .builtIn
            return
        }
        guard !argument.isEmpty else {
            throw EPANNsError(
                .modelUnavailable,
                "The model's name is empty: is a variable unset? Without the option the built-in model is used.")
        }
        // A file wins over a name, as with all others.
        let isBuiltIn =
            argument.lowercased().replacingOccurrences(of: "_", with: "-") == Model.builtInName
            && !Self.isRegularFile(argument)
        self = isBuiltIn ? .builtIn : .file(path: try ModelCache.standard().resolve(argument).path)
    }

    /// The built-in model; a build without the package trait `BuiltInModel` has none.
    private static func builtInModel(architecture: String? = nil) throws -> Model {
        if Model.hasBuiltIn {
            return try .read(storage: Model.builtInStorage, name: Model.builtInName, architecture: architecture)
        }
        throw EPANNsError(
            .modelUnavailable,
            "This build has no model of its own, so that one must be named. Start with \(ModelAdvice.text) Then: --model "
                + "\(ModelAdvice.name) (or EPANNS_MODEL=\(ModelAdvice.name)).")
    }

    /// Whether the path is that of a file, not of a folder.
    static func isRegularFile(_ path: String) -> Bool {
        var isFolder: ObjCBool = false
        return FileManager.default.fileExists(atPath: path, isDirectory: &isFolder) && !isFolder.boolValue
    }

    /// Reads the model.
    ///
    /// - Parameter architecture: What it is, as `--architecture` says.
    /// - Throws: `EPANNsError` as `Model.read(path:architecture:)`.
    func model(architecture: String? = nil) throws -> Model {
        switch self {
        case .builtIn: try Self.builtInModel(architecture: architecture)
        case .file(let path): try .read(path: path, architecture: architecture)
        }
    }

    /// The model's path: for what is to remember it in files, the built-in model is put beside the downloaded ones.
    ///
    /// - Throws: `EPANNsError` with code `fileFailure` when that cannot be written.
    func path() throws -> String {
        if case .file(let path) = self { return path }
        _ = try Self.builtInModel()
        let bytes = Model.builtInStorage
        // Other versions of this program may have other weights.
        let folder = try ModelCache.standard().directory
        let path = "\(folder)/\(Model.builtInName)-\(FileDigest.sha256(bytes).prefix(12)).safetensors"
        let size = try? FileManager.default.attributesOfItem(atPath: path)[.size] as? Int
        if size != bytes.bytes.count {
            do {
                try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: true)
            } catch {
                throw EPANNsError(.fileFailure, "The folder \(folder) cannot be made.", cause: error)
            }
            try AtomicFile.write(bytes.bytes, to: path)
        }
        return path
    }
}

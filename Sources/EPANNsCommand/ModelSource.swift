import EPANNs
import EPANNsHub
import Foundation

/// What a `--model` argument means.
enum ModelSource {
    case builtIn
    case file(path: String)

    /// Finds the model: a file, the built-in one's name, or the name of a downloaded one.
    ///
    /// - Parameter argument: What the user wrote; nil or empty for the built-in model.
    /// - Throws: As `ModelCache.resolve`.
    init(_ argument: String?) throws {
        guard let argument, !argument.isEmpty else {
            self = .builtIn
            return
        }
        // A file wins over a name, as with all others.
        let isBuiltIn =
            argument.lowercased().replacingOccurrences(of: "_", with: "-") == Model.builtInName
            && !FileManager.default.fileExists(atPath: argument)
        self = isBuiltIn ? .builtIn : .file(path: try ModelCache.standard().resolve(argument).path)
    }

    /// Reads the model.
    ///
    /// - Throws: `EPANNsError` as `Model.read(path:)`.
    func model() throws -> Model {
        switch self {
        case .builtIn: try .builtIn()
        case .file(let path): try .read(path: path)
        }
    }

    /// The model's path: for what is to remember it in files, the built-in model is put beside the downloaded ones.
    ///
    /// - Throws: `EPANNsError` with code `fileFailure` when that cannot be written.
    func path() throws -> String {
        if case .file(let path) = self { return path }
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

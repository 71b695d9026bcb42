import EPANNsCore
import Foundation

/// The file of one input in a folder of results.
public enum ResultFile {
    /// Its name in the folder.
    static func name(_ input: BatchInput, _ fileExtension: String) -> String {
        "\(input.relativePath).\(fileExtension)"
    }

    /// Refuses inputs whose files would overwrite each other.
    ///
    /// - Throws: `EPANNsError` with code `invalidConfiguration`.
    public static func checkNames(_ inputs: [BatchInput], folder: String, fileExtension: String) throws {
        var owners: [String: String] = [:]
        for input in inputs where input.failure == nil {
            if let other = owners.updateValue(input.path, forKey: input.relativePath) {
                throw EPANNsError(
                    .invalidConfiguration,
                    "\(other) and \(input.path) would both be written to \(folder)/\(name(input, fileExtension)); name "
                        + "the folder above them, or take different output folders.")
            }
        }
    }

    /// Writes an input's file, whole or not at all.
    ///
    /// - Throws: ``InputFailure`` where it is the input's name that cannot be written; `EPANNsError` with code `fileFailure`
    ///   where nothing can.
    static func write(_ data: Data, of input: BatchInput, folder: String, fileExtension: String) throws {
        let path = "\(folder)/\(name(input, fileExtension))"
        let isTooLong =
            path.utf8.count >= Int(PATH_MAX) || path.split(separator: "/").contains { $0.utf8.count > Int(NAME_MAX) }
        if isTooLong { throw InputFailure(SystemCall.failure("write", path, ENAMETOOLONG)) }
        if case .folder = FilePath.kind(Array(path.utf8)) {
            throw InputFailure(SystemCall.failure("write", path, EISDIR))
        }
        if let slash = path.utf8.lastIndex(of: UInt8(ascii: "/")) {
            do {
                try makeFolder(String(path[..<slash]))
            } catch let error as EPANNsError where error.code == .invalidConfiguration {
                throw InputFailure(error)
            }
        }
        try data.withUnsafeBytes { try AtomicFile.write($0, to: path) }
    }

    /// Makes a folder and those above it.
    ///
    /// - Throws: `EPANNsError` with code `invalidConfiguration` where something else has a folder's name, `fileFailure` where
    ///   it cannot be made.
    static func makeFolder(_ path: String) throws {
        switch FilePath.kind(Array(path.utf8)) {
        case .folder: return
        case .regular, .special, .missing(ENOTDIR):
            throw EPANNsError(.invalidConfiguration, "\(path.quoted) is not a folder; take another name.")
        case .missing:
            if let slash = path.utf8.lastIndex(of: UInt8(ascii: "/")), slash != path.startIndex {
                try makeFolder(String(path[..<slash]))
            }
            guard mkdir(path, 0o777) == 0 || errno == EEXIST else {
                throw SystemCall.failure("make the folder", path)
            }
        }
    }
}

/// A failure that concerns one input and not the others.
struct InputFailure: Error {
    var error: EPANNsError
    init(_ error: EPANNsError) { self.error = error }
}

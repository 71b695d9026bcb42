import EPANNs
import Foundation

/// Which file a path leads to, whatever it is called: links and detours give the same identity.
struct FileIdentity: Hashable {
    private let device: UInt64
    private let number: UInt64

    /// Nil when there is no file.
    init?(path: String) {
        var status = stat()
        guard stat(path, &status) == 0 else { return nil }
        device = UInt64(truncatingIfNeeded: status.st_dev)
        number = UInt64(truncatingIfNeeded: status.st_ino)
    }
}

/// What commands that write a model ask before minutes of work.
enum OutputFile {
    /// Refuses to write over the file that is read, or over another one without `--force`.
    ///
    /// - Throws: `EPANNsError` with code `invalidConfiguration` or `fileFailure`.
    static func check(_ output: String, against source: ModelSource, force: Bool) throws {
        guard let existing = FileIdentity(path: output) else { return }
        if case .file(let path) = source, existing == FileIdentity(path: path) {
            throw EPANNsError(
                .invalidConfiguration, "\(output) is the file that is read; give the result another name.")
        }
        guard force else {
            throw EPANNsError(
                .fileFailure, "\(output) exists already; replace it with --force, or choose another name.")
        }
    }
}

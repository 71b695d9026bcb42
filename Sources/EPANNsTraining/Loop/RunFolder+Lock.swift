import EPANNsCore
import Foundation
import Synchronization

extension RunFolder {
    /// The same folder, taken already: what is read of its run now is what a trainer finds that gets it.
    ///
    /// It is free again when the last copy is gone.
    ///
    /// - Throws: `EPANNsError` with code `fileFailure` when another training has it.
    package func locked() throws -> RunFolder {
        var folder = self
        folder.lock = try Lock(self)
        return folder
    }

    /// The folder while one training writes into it.
    ///
    /// Two that write the same files would leave a log of both and weights of either. What a killed run left half
    /// written is swept away. Tests: `RunFolderTests`.
    package final class Lock: Sendable {
        private let path: String
        private let isNew: Bool
        private let lock: Mutex<FolderLock?>

        /// Makes the folder where it is missing, and takes it.
        ///
        /// - Throws: `EPANNsError` with code `fileFailure` when another training has it.
        init(_ folder: RunFolder) throws {
            path = folder.path
            isNew = !FileManager.default.fileExists(atPath: folder.path)
            try folder.create()
            lock = Mutex(try FolderLock(folder: folder.path, owner: "Another training"))
            // Nobody else writes here; a moment for a model that is being put beside the run's.
            AtomicFile.sweep(folder: folder.path, olderThanSeconds: 5, isDeep: true)
        }

        deinit {
            lock.withLock { $0 = nil }
            // A run that cannot begin leaves nothing behind. What is not empty stays.
            if isNew { rmdir(path) }
        }
    }
}

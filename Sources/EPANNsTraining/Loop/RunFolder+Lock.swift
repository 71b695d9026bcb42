import EPANNsCore
import Foundation

extension RunFolder {
    /// The folder while one training writes into it.
    ///
    /// Two that write the same files would leave a log of both and weights of either. What a killed run left half
    /// written is swept away. Tests: `RunFolderTests`.
    final class Lock {
        private let path: String
        private let isNew: Bool
        private var lock: FolderLock?

        /// Makes the folder where it is missing, and takes it.
        ///
        /// - Throws: `EPANNsError` with code `fileFailure` when another training has it.
        init(_ folder: RunFolder) throws {
            path = folder.path
            isNew = !FileManager.default.fileExists(atPath: folder.path)
            try folder.create()
            lock = try FolderLock(folder: folder.path, owner: "Another training")
            // Nobody else writes here; a moment for a model that is being put beside the run's.
            AtomicFile.sweep(folder: folder.path, olderThanSeconds: 5)
        }

        deinit {
            lock = nil
            // A run that cannot begin leaves nothing behind. What is not empty stays.
            if isNew { rmdir(path) }
        }
    }
}

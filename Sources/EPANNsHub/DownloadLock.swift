import EPANNsCore
import Foundation

/// Keeps two downloads, of one process or of several, from writing the same file.
///
/// An advisory lock (`flock`) on a file of its own: the system lifts it when the process ends, however it ends.
/// Test: `PartFileTests`.
package final class DownloadLock {
    private var descriptor: Int32
    private let path: String

    /// Takes the lock, or fails at once when it is taken.
    ///
    /// - Throws: `EPANNsError` with code `fileFailure`.
    package init(path: String) throws {
        self.path = path
        while true {
            let descriptor = try check("open", path) { open(path, O_RDWR | O_CREAT | O_NOFOLLOW | O_CLOEXEC, 0o644) }
            guard flock(descriptor, LOCK_EX | LOCK_NB) == 0 else {
                let number = errno
                _ = close(descriptor)
                if number == EINTR { continue }
                guard number == EWOULDBLOCK else { throw fileError("lock", path, number: number) }
                throw EPANNsError(
                    .fileFailure,
                    "Another download of this model is under way (it holds the lock \(path)). Wait until it has "
                        + "ended, then try again.")
            }
            // The former owner removes the file before it unlocks: make sure that what was locked still has the name.
            if SystemCall.isOpen(descriptor, path) {
                self.descriptor = descriptor
                return
            }
            _ = close(descriptor)
        }
    }

    deinit { release() }

    /// Gives the lock back; once is enough.
    package func release() {
        guard descriptor >= 0 else { return }
        unlink(path)
        _ = close(descriptor)
        descriptor = -1
    }
}

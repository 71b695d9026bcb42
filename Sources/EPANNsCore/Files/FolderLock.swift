#if canImport(Glibc)
import Glibc
#elseif canImport(Musl)
import Musl
#else
import Darwin
#endif

/// Keeps two programs from writing the same folder.
///
/// An advisory lock (`flock`) on a hidden file in it: the system lifts it when the process ends, however it ends. Where the
/// file system knows no locks, nothing is kept from anybody. Test: `FolderLockTests`.
package final class FolderLock: Sendable {
    private let descriptor: Int32
    private let path: String

    /// Name of the file.
    package static let fileName = ".epanns.lock"

    /// Takes the lock, or fails at once when it is taken.
    ///
    /// - Parameters:
    ///   - folder: One that exists.
    ///   - owner: Who has the lock where it is taken, such as “Another training”.
    /// - Throws: `EPANNsError` with code `fileFailure`.
    package init(folder: String, owner: String) throws {
        let path = "\(folder)/\(Self.fileName)"
        self.path = path
        try SystemCall.checkPath(path)
        while true {
            let descriptor = SystemCall.retrying { open(path, O_RDWR | O_CREAT | O_NOFOLLOW | O_CLOEXEC, 0o644) }
            guard descriptor >= 0 else { throw SystemCall.failure("create", path) }
            if SystemCall.retrying({ flock(descriptor, LOCK_EX | LOCK_NB) }) != 0 {
                // Another number says that there are no locks here.
                guard errno == EWOULDBLOCK else {
                    self.descriptor = descriptor
                    return
                }
                _ = close(descriptor)
                throw EPANNsError(
                    .fileFailure,
                    "\(owner) is writing into \(folder.quoted) now. Wait until it has ended, or take another folder.")
            }
            // The former owner removes the file before it unlocks: what was locked must still have the name.
            if SystemCall.isOpen(descriptor, path) {
                self.descriptor = descriptor
                return
            }
            _ = close(descriptor)
        }
    }

    deinit {
        unlink(path)
        _ = close(descriptor)
    }
}

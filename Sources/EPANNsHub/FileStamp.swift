import Foundation

/// What tells, without reading it, that a file is still the one that was read before: any writing changes it.
///
/// The time of the last change is the system's own: unlike that of the contents, no program can set it back.
package struct FileStamp: Codable, Hashable, Sendable {
    /// The size in bytes.
    package var byteCount: Int
    /// The file's number in its file system.
    package var inode: UInt64
    /// When the contents were last written, in nanoseconds since 1970.
    package var modified: Int
    /// When the contents, owner, mode or name were last changed, in nanoseconds since 1970.
    package var changed: Int

    /// Looks at a file, symbolic links followed; `nil` where there is none.
    package init?(path: String) {
        var status = stat()
        guard stat(path, &status) == 0 else { return nil }
        #if canImport(Darwin)
        let (written, touched) = (status.st_mtimespec, status.st_ctimespec)
        #else
        let (written, touched) = (status.st_mtim, status.st_ctim)
        #endif
        func nanoseconds(_ time: timespec) -> Int { time.tv_sec &* 1_000_000_000 &+ time.tv_nsec }
        byteCount = Int(status.st_size)
        inode = UInt64(status.st_ino)
        modified = nanoseconds(written)
        changed = nanoseconds(touched)
    }
}

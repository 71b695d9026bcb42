#if canImport(Glibc)
import Glibc
#elseif canImport(Musl)
import Musl
#else
import Darwin
#endif

/// A file that appears whole or not at all.
///
/// Bytes go to a temporary file in the target's folder; ``commit()`` forces them to disk and renames the file over
/// the target in one step. Without a commit (an error, an early return) the temporary file is removed and the
/// target keeps what it had. Writes are not buffered: pass large pieces. A target that is a symbolic link is
/// replaced by a file.
///
/// Tests: `AtomicFileTests`.
public final class AtomicFile {
    /// The target's path.
    public let path: String
    private let temporaryPath: String
    private let folder: String
    private var descriptor: Int32

    /// Opens a temporary file beside `path`.
    ///
    /// - Throws: `EPANNsError` with code `fileFailure` when the folder is missing or not writable, or `path` is a
    ///   folder.
    public init(path: String) throws {
        try SystemCall.checkPath(path)
        var status = stat()
        if path.utf8.last == UInt8(ascii: "/") || (stat(path, &status) == 0 && status.st_mode & S_IFMT == S_IFDIR) {
            throw SystemCall.failure("write", path, EISDIR)
        }
        if let slash = path.utf8.lastIndex(of: UInt8(ascii: "/")) {
            folder = slash == path.startIndex ? "/" : String(path[..<slash])
        } else {
            folder = "."
        }
        self.path = path
        let name = "\(Self.prefix)\(String(UInt64.random(in: .min ... .max), radix: 16))\(Self.suffix)"
        let temporaryPath = folder == "/" ? "/\(name)" : "\(folder)/\(name)"
        self.temporaryPath = temporaryPath
        descriptor = SystemCall.retrying { open(temporaryPath, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0o666) }
        guard descriptor >= 0 else { throw SystemCall.failure("create a file beside", path) }
        // Lifted by the system when the process ends, however it ends: who sweeps leaves the living alone.
        _ = flock(descriptor, LOCK_EX | LOCK_NB)
    }

    deinit { discard() }

    private static let prefix = ".epanns-"
    private static let suffix = ".partial"

    /// Removes temporary files that writers have left in a folder: those whose process was killed.
    ///
    /// A living writer holds a lock on its file; one that is about to take it has made its file a moment ago. What cannot
    /// be read or removed stays.
    ///
    /// - Parameters:
    ///   - folder: The folder.
    ///   - olderThanSeconds: Younger ones may be about to be locked, and stay.
    ///   - isDeep: Whether the folders below it are swept, too, as far as they are on the same file system.
    package static func sweep(folder: String, olderThanSeconds: Int = 60, isDeep: Bool = false) {
        guard let directory = opendir(folder) else { return }
        defer { closedir(directory) }
        var own = stat()
        guard fstat(dirfd(directory), &own) == 0 else { return }
        while let entry = readdir(directory) {
            let name = withUnsafePointer(to: &entry.pointee.d_name) { start in
                start.withMemoryRebound(to: CChar.self, capacity: 1) { String(cString: $0) }
            }
            let isTemporary = name.hasPrefix(prefix) && name.hasSuffix(suffix)
            guard isTemporary || isDeep, name != ".", name != ".." else { continue }
            let path = "\(folder)/\(name)"
            var status = stat()
            guard lstat(path, &status) == 0 else { continue }
            if status.st_mode & S_IFMT == S_IFDIR, isDeep, status.st_dev == own.st_dev {
                sweep(folder: path, olderThanSeconds: olderThanSeconds, isDeep: true)
            } else if status.st_mode & S_IFMT == S_IFREG, isTemporary {
                sweep(file: path, status, olderThanSeconds)
            }
        }
    }

    private static func sweep(file path: String, _ status: stat, _ seconds: Int) {
        #if canImport(Darwin)
        let modified = status.st_mtimespec.tv_sec
        #else
        let modified = status.st_mtim.tv_sec
        #endif
        guard time(nil) - modified >= seconds else { return }
        let descriptor = open(path, O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK)
        guard descriptor >= 0 else { return }
        if flock(descriptor, LOCK_EX | LOCK_NB) == 0 { unlink(path) }
        _ = close(descriptor)
    }

    /// Appends bytes.
    ///
    /// - Throws: `EPANNsError` with code `fileFailure`, for instance when the disk is full.
    public func write(_ bytes: UnsafeRawBufferPointer) throws {
        precondition(descriptor >= 0, "write after commit or discard")
        try Self.writeAll(bytes, to: descriptor, path: path)
    }

    /// Appends text as UTF-8.
    ///
    /// - Throws: `EPANNsError` with code `fileFailure`, for instance when the disk is full.
    public func write(_ text: String) throws {
        var text = text
        try text.withUTF8 { try write(UnsafeRawBufferPointer($0)) }
    }

    /// Forces the bytes to disk and puts the file in the target's place.
    ///
    /// - Throws: `EPANNsError` with code `fileFailure`; the target then keeps what it had.
    public func commit() throws {
        precondition(descriptor >= 0, "commit after commit or discard")
        guard SystemCall.retrying({ fsync(descriptor) }) == 0 else {
            let error = SystemCall.failure("write", path)
            discard()
            throw error
        }
        // Some network file systems report a full disk only here. The descriptor is gone even after a failure.
        let closed = close(descriptor)
        descriptor = -1
        guard closed == 0, rename(temporaryPath, path) == 0 else {
            let error = SystemCall.failure("write", path)
            unlink(temporaryPath)
            throw error
        }
        // The rename itself must survive a power cut too; file systems without that notion refuse, harmlessly.
        let folderDescriptor = open(folder, O_RDONLY | O_CLOEXEC)
        if folderDescriptor >= 0 {
            _ = fsync(folderDescriptor)
            close(folderDescriptor)
        }
    }

    /// Removes the temporary file; does nothing after ``commit()``.
    public func discard() {
        guard descriptor >= 0 else { return }
        close(descriptor)
        descriptor = -1
        unlink(temporaryPath)
    }

    /// Writes a whole file in one call.
    ///
    /// - Throws: `EPANNsError` with code `fileFailure`; the target then keeps what it had.
    public static func write(_ bytes: UnsafeRawBufferPointer, to path: String) throws {
        let file = try AtomicFile(path: path)
        try file.write(bytes)
        try file.commit()
    }

    package static func writeAll(_ bytes: UnsafeRawBufferPointer, to descriptor: Int32, path: String) throws {
        var rest = bytes
        while !rest.isEmpty {
            // One call may write less than asked, and Linux never writes more than 2 GiB at once.
            #if canImport(Darwin)
            let written = SystemCall.retrying { Darwin.write(descriptor, rest.baseAddress, min(rest.count, 1 << 30)) }
            #elseif canImport(Musl)
            let written = SystemCall.retrying { Musl.write(descriptor, rest.baseAddress, min(rest.count, 1 << 30)) }
            #else
            let written = SystemCall.retrying { Glibc.write(descriptor, rest.baseAddress, min(rest.count, 1 << 30)) }
            #endif
            guard written > 0 else { throw SystemCall.failure("write", path, written == 0 ? ENOSPC : errno) }
            rest = UnsafeRawBufferPointer(rebasing: rest[written...])
        }
    }
}

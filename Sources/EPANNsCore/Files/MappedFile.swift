#if canImport(Glibc)
import Glibc
#elseif canImport(Musl)
import Musl
#else
import Darwin
#endif

/// A file mapped into memory, read-only and private; unmapped when the last owner goes.
///
/// Pages are read from disk when first touched, so opening a file of several hundred megabytes costs next to
/// nothing. The price: if another process truncates the file while it is mapped, touching a lost page ends this
/// process with SIGBUS. ``AtomicFile`` never does that, since it replaces files by renaming.
///
/// Tests: `MappedFileTests`.
public final class MappedFile: Sendable {
    // Immutable after initialisation and mapped read-only, so sharing it between threads is safe.
    private struct Region: @unchecked Sendable { let bytes: UnsafeRawBufferPointer }
    private let region: Region

    /// The path given to the initialiser.
    public let path: String

    /// The file's bytes; valid as long as this object lives.
    public var bytes: UnsafeRawBufferPointer { region.bytes }

    /// Maps a regular file; an empty file gives no bytes.
    ///
    /// - Throws: `EPANNsError` with code `fileFailure` when the path is not a readable regular file.
    public init(path: String) throws {
        try SystemCall.checkPath(path)
        // Non-blocking, because opening a named pipe would otherwise wait for its writer.
        let descriptor = SystemCall.retrying { open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK) }
        guard descriptor >= 0 else { throw SystemCall.failure("open", path) }
        defer { close(descriptor) }
        var status = stat()
        guard fstat(descriptor, &status) == 0 else { throw SystemCall.failure("examine", path) }
        guard status.st_mode & S_IFMT == S_IFREG else {
            throw EPANNsError(.fileFailure, "\(path.quoted) is not a regular file; give the path of a file.")
        }
        let count = Int(status.st_size)
        if count == 0 {
            region = Region(bytes: UnsafeRawBufferPointer(start: nil, count: 0))
        } else {
            guard let start = mmap(nil, count, PROT_READ, MAP_PRIVATE, descriptor, 0), start != MAP_FAILED else {
                throw SystemCall.failure("map", path)
            }
            region = Region(bytes: UnsafeRawBufferPointer(start: start, count: count))
        }
        self.path = path
    }

    deinit {
        guard let start = region.bytes.baseAddress else { return }
        munmap(UnsafeMutableRawPointer(mutating: start), region.bytes.count)
    }

    /// The whole file as tensor storage, which keeps this object alive.
    public var storage: TensorStorage {
        TensorStorage(bytes: bytes, owner: self) { [self] in adviseDontNeed($0) }
    }

    /// Tells the system that pages are not needed for now; they are read again when touched.
    ///
    /// For use after weights were copied elsewhere, so that they do not count twice as memory in use.
    ///
    /// - Parameter range: The bytes in question, of which whole pages are given back; nil for all.
    public func adviseDontNeed(_ range: Range<Int>? = nil) {
        guard let start = region.bytes.baseAddress else { return }
        let range = (range ?? 0..<region.bytes.count).clamped(to: 0..<region.bytes.count)
        let pageSize = Int(sysconf(Int32(_SC_PAGESIZE)))
        let first = (range.lowerBound + pageSize - 1) / pageSize * pageSize
        // The file's last page may be given back whole.
        let isEnd = range.upperBound == region.bytes.count
        let end = isEnd ? range.upperBound : range.upperBound / pageSize * pageSize
        guard end > first else { return }
        // A hint only: nothing is lost when the system refuses it.
        _ = madvise(UnsafeMutableRawPointer(mutating: start + first), end - first, MADV_DONTNEED)
    }
}

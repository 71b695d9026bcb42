import EPANNsCore
import Foundation

#if canImport(Glibc)
import Glibc
#elseif canImport(Musl)
import Musl
#endif

/// Bytes that a demuxer pulls; FFmpeg itself never opens anything.
protocol ByteStream: AnyObject {
    /// Total number of bytes, when known.
    var byteCount: Int64? { get }
    /// The position of the next byte.
    var position: Int64 { get }

    /// Reads up to `buffer.count` bytes; 0 at the end.
    ///
    /// - Throws: `EPANNsError` with code `fileFailure`.
    func read(into buffer: UnsafeMutableRawBufferPointer) throws -> Int

    /// Moves to a position; false when there is no such place.
    func seek(to position: Int64) -> Bool
}

extension ByteStream {
    /// Whether ``seek(to:)`` works: everything of known size can be sought.
    var isSeekable: Bool { byteCount != nil }
}

/// A whole file in memory.
final class MemoryByteStream: ByteStream {
    private let bytes: [UInt8]
    private var offset = 0

    init(_ bytes: [UInt8]) { self.bytes = bytes }

    var byteCount: Int64? { Int64(bytes.count) }
    var position: Int64 { Int64(offset) }

    func read(into buffer: UnsafeMutableRawBufferPointer) -> Int {
        let count = min(buffer.count, bytes.count - offset)
        bytes.withUnsafeBytes { buffer.copyMemory(from: UnsafeRawBufferPointer(rebasing: $0[offset..<offset + count])) }
        offset += count
        return count
    }

    func seek(to position: Int64) -> Bool {
        guard (0...Int64(bytes.count)).contains(position) else { return false }
        offset = Int(position)
        return true
    }
}

/// A file, a pipe, or standard input.
final class DescriptorByteStream: ByteStream {
    private let descriptor: Int32
    private let ownsDescriptor: Bool
    private let name: String
    private let size: Int64?
    private var offset: Int64 = 0

    /// Opens a path.
    ///
    /// - Throws: `EPANNsError` with code `fileFailure` when there is no such file, it is a directory, or it
    ///   may not be read.
    init(path: String) throws {
        guard !path.utf8.contains(0) else {
            throw EPANNsError(.fileFailure, "A path cannot contain a zero byte.")
        }
        descriptor = open(path, O_RDONLY | O_CLOEXEC)
        guard descriptor >= 0 else {
            throw Self.failure("Cannot open \(path)", "Check the path and the permissions.")
        }
        ownsDescriptor = true
        name = path
        do {
            size = try Self.regularFileSize(descriptor, name: path)
        } catch {
            close(descriptor)
            throw error
        }
    }

    /// Reads an open descriptor from where it stands without closing it.
    ///
    /// A file from its beginning, as the shell's `<` gives it, can be sought like one that was opened here; anything
    /// else is a pipe.
    init(descriptor: Int32, name: String) throws {
        self.descriptor = descriptor
        self.name = name
        ownsDescriptor = false
        let fileSize = try Self.regularFileSize(descriptor, name: name)
        size = lseek(descriptor, 0, SEEK_CUR) == 0 ? fileSize : nil
    }

    deinit {
        if ownsDescriptor { close(descriptor) }
    }

    var byteCount: Int64? { size }
    var position: Int64 { offset }

    func read(into buffer: UnsafeMutableRawBufferPointer) throws -> Int {
        while true {
            #if canImport(Darwin)
            let count = Darwin.read(descriptor, buffer.baseAddress, buffer.count)
            #elseif canImport(Musl)
            let count = Musl.read(descriptor, buffer.baseAddress, buffer.count)
            #else
            let count = Glibc.read(descriptor, buffer.baseAddress, buffer.count)
            #endif
            if count >= 0 {
                offset += Int64(count)
                return count
            }
            if errno == EINTR { continue }
            if errno == EAGAIN || errno == EWOULDBLOCK {
                // Someone made the pipe non-blocking; wait for it rather than spin.
                var request = pollfd(fd: descriptor, events: Int16(POLLIN), revents: 0)
                _ = poll(&request, 1, -1)
                continue
            }
            throw Self.failure("Cannot read \(name)", "The device or the connection may be gone.")
        }
    }

    func seek(to position: Int64) -> Bool {
        guard let size, (0...size).contains(position), lseek(descriptor, off_t(position), SEEK_SET) >= 0 else {
            return false
        }
        offset = position
        return true
    }

    /// The size of a regular file, nil for pipes and devices.
    private static func regularFileSize(_ descriptor: Int32, name: String) throws -> Int64? {
        var status = stat()
        guard fstat(descriptor, &status) == 0 else {
            throw failure("Cannot read \(name)", "Check that it is open.")
        }
        switch status.st_mode & S_IFMT {
        case S_IFDIR:
            throw EPANNsError(.fileFailure, "\(name) is a directory; name a file of audio.")
        case S_IFREG: return Int64(status.st_size)
        default: return nil
        }
    }

    private static func failure(_ what: String, _ hint: String) -> EPANNsError {
        let text = String(cString: strerror(errno))
        return EPANNsError(.fileFailure, "\(what): \(text). \(hint)")
    }
}

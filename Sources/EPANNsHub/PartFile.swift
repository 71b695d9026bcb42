import EPANNsCore
import Foundation

/// The file a download grows in, written from the start without gaps.
///
/// Test: `PartFileTests`.
package final class PartFile {
    /// Where it lies.
    package let path: String
    /// How many bytes it holds.
    package private(set) var byteCount: Int
    private var descriptor: Int32

    /// Opens the file at its end; makes it where there is none.
    ///
    /// Never follows a symbolic link.
    ///
    /// - Throws: `EPANNsError` with code `fileFailure`.
    package init(path: String) throws {
        self.path = path
        descriptor = try check("open", path) { open(path, O_RDWR | O_CREAT | O_NOFOLLOW | O_CLOEXEC, 0o644) }
        var status = stat()
        let descriptor = self.descriptor
        guard fstat(descriptor, &status) == 0 else {
            let error = fileError("examine", path)
            _ = Foundation.close(descriptor)
            throw error
        }
        byteCount = Int(status.st_size)
    }

    deinit { close() }

    /// Writes bytes at the end.
    ///
    /// - Throws: `EPANNsError` with code `fileFailure`, with a text of its own when the disk is full.
    package func append(_ bytes: UnsafeRawBufferPointer) throws {
        var rest = bytes
        while let start = rest.baseAddress, !rest.isEmpty {
            let written = try check("write to", path) { pwrite(descriptor, start, rest.count, off_t(byteCount)) }
            byteCount += written
            rest = UnsafeRawBufferPointer(rebasing: rest[written...])
        }
    }

    /// Throws everything away.
    package func clear() throws {
        try check("empty", path) { ftruncate(descriptor, 0) }
        byteCount = 0
    }

    /// Hands over the contents in order, a mebibyte at a time.
    package func forEachChunk(_ body: (UnsafeRawBufferPointer) throws -> Void) throws {
        try SystemCall.forEachChunk(of: descriptor, path: path, body)
    }

    /// Waits until the contents are on the disk.
    package func synchronize() throws {
        try check("finish writing", path) { fsync(descriptor) }
    }

    /// Closes the file; what was written stays.
    package func close() {
        guard descriptor >= 0 else { return }
        _ = Foundation.close(descriptor)
        descriptor = -1
    }
}

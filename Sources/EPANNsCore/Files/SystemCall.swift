#if canImport(Glibc)
import Glibc
#elseif canImport(Musl)
import Musl
#else
import Darwin
#endif

/// Turns failed system calls into `EPANNsError`s.
package enum SystemCall {
    /// An error with code `fileFailure` for the call that has just failed.
    package static func failure(_ action: String, _ path: String, _ number: Int32 = errno) -> EPANNsError {
        let reason = String(cString: strerror(number))
        return EPANNsError(.fileFailure, "Cannot \(action) \(path.quoted): \(reason). \(advice(number))")
    }

    /// Checks a path before it becomes a C string, which would end at the first NUL.
    package static func checkPath(_ path: String) throws {
        guard !path.isEmpty, !path.utf8.contains(0) else {
            throw EPANNsError(.fileFailure, "The path \(path.quoted) is empty or holds a NUL; give a file's path.")
        }
    }

    /// Repeats `call` while a signal interrupts it.
    package static func retrying<Result: SignedInteger>(_ call: () -> Result) -> Result {
        while true {
            let result = call()
            if result >= 0 || errno != EINTR { return result }
        }
    }

    /// Whether an open file still has the name: another may have removed or replaced it meanwhile.
    package static func isOpen(_ descriptor: Int32, _ path: String) -> Bool {
        var (opened, named) = (stat(), stat())
        return fstat(descriptor, &opened) == 0 && stat(path, &named) == 0 && opened.st_ino == named.st_ino
            && opened.st_dev == named.st_dev
    }

    /// Reads a whole file, a mebibyte at a time.
    ///
    /// - Throws: `EPANNsError` with code `fileFailure`; whatever `body` throws.
    package static func forEachChunk(
        ofFile path: String, _ body: (UnsafeRawBufferPointer) throws -> Void
    ) throws {
        try checkPath(path)
        // Non-blocking, because opening a named pipe would otherwise wait for its writer.
        let descriptor = retrying { open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK) }
        guard descriptor >= 0 else { throw failure("open", path) }
        defer { _ = close(descriptor) }
        try forEachChunk(of: descriptor, path: path, body)
    }

    /// Reads an open file from its start, a mebibyte at a time.
    ///
    /// - Throws: `EPANNsError` with code `fileFailure`; whatever `body` throws.
    package static func forEachChunk(
        of descriptor: Int32, path: String, _ body: (UnsafeRawBufferPointer) throws -> Void
    ) throws {
        let buffer = UnsafeMutableRawBufferPointer.allocate(byteCount: 1 << 20, alignment: 16)
        defer { buffer.deallocate() }
        var offset = 0
        while true {
            let count = retrying { pread(descriptor, buffer.baseAddress, buffer.count, off_t(offset)) }
            guard count >= 0 else { throw failure("read", path) }
            guard count > 0 else { return }
            try body(UnsafeRawBufferPointer(rebasing: buffer[..<count]))
            offset += count
        }
    }

    private static func advice(_ number: Int32) -> String {
        switch number {
        case ENOENT: "Check the path; the folder must exist."
        case EACCES, EPERM, EROFS: "Check the permissions, or choose another folder."
        case ENOSPC, EDQUOT: "The disk is full; free some space and try again."
        case EISDIR: "Give a file, not a folder."
        case EMFILE, ENFILE: "Too many files are open; close some or raise the limit."
        default: "Check the path and the disk."
        }
    }
}

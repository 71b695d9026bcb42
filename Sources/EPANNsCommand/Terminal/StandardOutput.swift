import EPANNs
import EPANNsCore
import Foundation

/// Where results go.
///
/// Everything is written here at once and unbuffered, so that a full disk is an error of the run: `print` would lose
/// the text silently, `FileHandle.write(_:)` would crash.
enum StandardOutput {
    /// Writes bytes.
    ///
    /// - Throws: `EPANNsError` with code `fileFailure`.
    static func write(_ data: Data) throws {
        guard !data.isEmpty else { return }
        // Names in results come from files of strangers, and a terminal takes escapes for commands.
        let data = isatty(STDOUT_FILENO) == 1 ? Data(String(decoding: data, as: UTF8.self).printableLines.utf8) : data
        do {
            try FileHandle.standardOutput.write(contentsOf: data)
        } catch {
            throw EPANNsError(.fileFailure, "Standard output cannot be written: \(reason(error)).")
        }
    }

    /// Writes text as UTF-8.
    ///
    /// - Throws: As ``write(_:)``.
    static func write(_ text: String) throws { try write(Data(text.utf8)) }

    /// Writes lines in one piece, each with its end.
    ///
    /// - Throws: As ``write(_:)``.
    static func writeLines(_ lines: some Sequence<String>) throws {
        try write(lines.map { $0 + "\n" }.joined())
    }

    private static func reason(_ error: any Error) -> String {
        let underlying = (error as NSError).userInfo[NSUnderlyingErrorKey] as? NSError ?? error as NSError
        guard underlying.domain == NSPOSIXErrorDomain else { return "\(error)" }
        switch Int32(underlying.code) {
        case ENOSPC, EDQUOT: return "the disk is full; free some space, or send the result elsewhere"
        case EBADF: return "it is closed; send it to a file or a pipe"
        case EPIPE: return "its reader has gone"
        default: return String(cString: strerror(Int32(underlying.code)))
        }
    }
}

import Foundation

/// Messages beside the result.
///
/// Where they cannot be written, nobody can be told: such failures are ignored, and the result still comes.
enum StandardError {
    /// Whether somebody watches.
    static var isTerminal: Bool { isatty(STDERR_FILENO) == 1 }

    /// Writes a line that begins with the program's name.
    static func write(_ message: String) { writeBare("epanns: \(message)\n") }

    /// Writes text as it is.
    static func writeBare(_ text: String) { try? FileHandle.standardError.write(contentsOf: Data(text.utf8)) }
}

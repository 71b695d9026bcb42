import EPANNsCore
import Foundation
import Synchronization

/// Messages beside the result.
///
/// Where they cannot be written, nobody can be told: such failures are ignored, and the result still comes.
enum StandardError {
    private static let silence = Atomic(false)

    /// Whether nothing is written, since the first of several processes speaks for all.
    static var isSilent: Bool {
        get { silence.load(ordering: .relaxed) }
        set { silence.store(newValue, ordering: .relaxed) }
    }

    /// Whether somebody watches.
    static var isTerminal: Bool { !isSilent && isatty(STDERR_FILENO) == 1 }

    /// Writes a line that begins with the program's name; control characters, which may come from a file, are escaped.
    static func write(_ message: String) {
        let lines = message.split(separator: "\n", omittingEmptySubsequences: false).map { String($0).printable }
        writeBare("epanns: \(lines.joined(separator: "\n"))\n")
    }

    /// Writes text as it is.
    static func writeBare(_ text: String) {
        guard !isSilent else { return }
        try? FileHandle.standardError.write(contentsOf: Data(text.utf8))
    }
}

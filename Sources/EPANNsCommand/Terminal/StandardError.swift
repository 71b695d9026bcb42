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

    /// Writes a line that begins with the program's name.
    static func write(_ message: String) { writeBare(line(message) + "\n") }

    /// The line as it is written: what a terminal could take for a command, in names from files of strangers, is escaped.
    static func line(_ message: String) -> String { "epanns: \(message.printableLines)" }

    /// Writes text as it is.
    static func writeBare(_ text: String) {
        guard !isSilent else { return }
        try? FileHandle.standardError.write(contentsOf: Data(text.utf8))
    }
}

extension String {
    /// The text with control characters escaped, but lines and tabs kept.
    var printableLines: String {
        var text = ""
        var word = String.UnicodeScalarView()
        for scalar in unicodeScalars {
            if scalar == "\n" || scalar == "\t" {
                text += String(word).printable
                text.unicodeScalars.append(scalar)
                word = String.UnicodeScalarView()
            } else {
                word.append(scalar)
            }
        }
        return text + String(word).printable
    }
}

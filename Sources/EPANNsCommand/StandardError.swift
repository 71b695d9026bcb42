import Foundation

/// Messages beside the result.
enum StandardError {
    /// Writes a line that begins with the program's name.
    static func write(_ message: String) {
        // What was printed before comes first when both go to the same place.
        fflush(nil)
        FileHandle.standardError.write(Data("epanns: \(message)\n".utf8))
    }
}

import EPANNsCore
import EPANNs
import Foundation

/// Folds as options name them, such as `1,2`.
enum FoldList {
    /// Reads numbers with commas between them.
    ///
    /// - Parameters:
    ///   - text: What the user wrote.
    ///   - option: The option's name, for the message.
    ///   - takesNone: Whether `none` means no fold.
    /// - Throws: `EPANNsError` with code `invalidConfiguration`.
    static func parse(_ text: String, option: String, takesNone: Bool = false) throws -> [Int] {
        if takesNone, text == "none" { return [] }
        let numbers = text.split(separator: ",").map { Int($0.trimmingCharacters(in: .whitespaces)) }
        guard !numbers.isEmpty, !numbers.contains(nil) else {
            throw EPANNsError(
                .invalidConfiguration,
                "\(option) takes numbers with commas between them, such as 1,2\(takesNone ? ", or none" : ""); not "
                    + "“\(text)”.")
        }
        return numbers.compactMap(\.self)
    }
}

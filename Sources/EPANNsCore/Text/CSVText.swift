/// Text as a field of an RFC 4180 table.
///
/// It looks at scalars, not at characters: a line end of two scalars, or a comma that carries an accent, is one
/// `Character` that equals neither. ``CSVReader`` reads it back. Tests: `CSVTextTests`.
package enum CSVText {
    /// The field, in quotes where it needs them.
    package static func field(_ text: String) -> String {
        let special: Set<Unicode.Scalar> = ["\"", ",", "\n", "\r"]
        let needsQuotes = text.unicodeScalars.contains(where: special.contains)
        // Blanks at the ends belong to the text only inside quotes.
        let blanks: Set<Unicode.Scalar> = [" ", "\t"]
        let ends = [text.unicodeScalars.first, text.unicodeScalars.last].compactMap(\.self)
        let hasBlankEnd = ends.contains(where: blanks.contains)
        return needsQuotes || hasBlankEnd ? quoted(text) : text
    }

    /// The field in quotes, whether it needs them or not.
    package static func quoted(_ text: String) -> String {
        var result = "\""
        for scalar in text.unicodeScalars {
            if scalar == "\"" { result.unicodeScalars.append("\"") }
            result.unicodeScalars.append(scalar)
        }
        // As scalars, too: the closing quote must not be swallowed by a combining character's cluster.
        result.unicodeScalars.append("\"")
        return result
    }

    /// A row without its line end.
    package static func row(_ fields: [String]) -> String { fields.map(field).joined(separator: ",") }
}

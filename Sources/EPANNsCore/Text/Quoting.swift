extension String {
    /// The text in quotation marks, shortened and with control characters escaped.
    ///
    /// Names from files go into messages, and messages to terminals and logs.
    package var quoted: String {
        var result = "“"
        for (count, scalar) in unicodeScalars.enumerated() {
            if count == 200 { return result + "…”" }
            result.append(contentsOf: scalar.isUnsafeToPrint ? scalar.escaped : String(Character(scalar)))
        }
        return result + "”"
    }

    /// The text with control characters escaped, as it can be shown on a terminal.
    package var printable: String {
        guard unicodeScalars.contains(where: \.isUnsafeToPrint) else { return self }
        var result = ""
        for scalar in unicodeScalars {
            result.append(contentsOf: scalar.isUnsafeToPrint ? scalar.escaped : String(Character(scalar)))
        }
        return result
    }
}

extension Collection<String> {
    /// The first few in quotation marks, and how many more there are.
    package var firstFewQuoted: String {
        let shown = prefix(5).map(\.quoted).joined(separator: ", ")
        return count > 5 ? "\(shown) and \(count - 5) more" : shown
    }
}

extension Unicode.Scalar {
    /// Whether a terminal or a log could take the scalar for a command, or not show it.
    var isUnsafeToPrint: Bool {
        switch properties.generalCategory {
        case .control, .format, .lineSeparator, .paragraphSeparator, .surrogate, .privateUse, .unassigned: true
        default: false
        }
    }

    /// The scalar's number as Swift writes it.
    var escaped: String { "\\u{\(String(value, radix: 16))}" }
}

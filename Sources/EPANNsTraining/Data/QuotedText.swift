extension String {
    /// The text in quotation marks, shortened, control characters escaped: names from files go into messages, and
    /// messages to terminals and logs.
    var inQuotes: String {
        var result = "“"
        for (count, scalar) in unicodeScalars.enumerated() {
            if count == 200 { return result + "…”" }
            switch scalar.properties.generalCategory {
            case .control, .format, .lineSeparator, .paragraphSeparator, .surrogate, .privateUse, .unassigned:
                result += "\\u{\(String(scalar.value, radix: 16))}"
            default: result.unicodeScalars.append(scalar)
            }
        }
        return result + "”"
    }
}

extension Collection<String> {
    /// The first few in quotation marks, and how many more there are.
    var firstFewInQuotes: String {
        let shown = prefix(5).map(\.inQuotes).joined(separator: ", ")
        return count > 5 ? "\(shown) and \(count - 5) more" : shown
    }
}

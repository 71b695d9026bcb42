/// Puts an answer's head together from its lines.
///
/// Test: `HeadReaderTests`.
package struct HeadReader {
    /// The most fields a head may have; servers send some twenty.
    package static let maximumFieldCount = 256

    private var status: Int?
    private var fields: [String: String] = [:]
    private var fieldCount = 0
    /// The whole head, once its last line has come; not that of hints which come before the answer.
    private(set) var answer: WebAnswer?

    package init() {}

    /// What is known of the answer once its head is whole.
    package var summary: (status: Int, fields: [String: String])? { answer.map { ($0.status, fields) } }

    /// Takes one line, its end included.
    ///
    /// - Returns: Whether the head is not too long.
    package mutating func take(_ line: String) -> Bool {
        // Lines after the head are those after a body that came in chunks.
        guard answer == nil else { return true }
        let text = line.trimmingSuffix { $0.isWhitespace }
        if text.hasPrefix("HTTP/") {
            let words = text.split(separator: " ", maxSplits: 2)
            status = words.count > 1 ? Int(words[1]) : nil
            fields = [:]
            return true
        }
        if text.isEmpty {
            if let status, status >= 200 { answer = WebAnswer(status: status, fields: fields) }
            return true
        }
        fieldCount += 1
        guard fieldCount <= Self.maximumFieldCount else { return false }
        guard let colon = text.firstIndex(of: ":") else { return true }
        let name = text[..<colon].lowercased()
        let value = String(text[text.index(after: colon)...].drop { $0 == " " || $0 == "\t" })
        // The first one counts, as it did for who has checked it before us; two lengths are refused.
        if let first = fields[name], name == "content-length", first != value {
            fields[name] = "\(first), \(value)"
        } else if fields[name] == nil {
            fields[name] = value
        }
        return true
    }
}

extension StringProtocol {
    /// Without the characters at the end for which the condition holds.
    fileprivate func trimmingSuffix(while condition: (Character) -> Bool) -> SubSequence {
        var end = endIndex
        while end > startIndex, condition(self[index(before: end)]) { end = index(before: end) }
        return self[..<end]
    }
}

/// Reads RFC 4180 CSV row by row, and says in which line something is wrong.
///
/// Taken besides: a UTF-8 byte order mark, CRLF or CR as line ends, empty lines, and blanks around fields, which AudioSet's
/// tables have before their quotes. Lines that start with `#` are skipped. Tests: `CSVReaderTests`.
package struct CSVReader {
    /// A row and the line in which it starts, counted from 1.
    package struct Row {
        package var line: Int
        package var fields: [String]
    }

    private let name: String
    private let bytes: UnsafeRawBufferPointer
    private var position = 0
    private var line = 1

    /// Reads bytes that outlive the reader; `name` is for messages.
    package init(_ bytes: UnsafeRawBufferPointer, name: String) {
        self.bytes = bytes
        self.name = name
        if bytes.starts(with: [0xEF, 0xBB, 0xBF]) { position = 3 }
    }

    /// Longest field; more means a quote that nobody closed.
    private static let longestField = 1 << 20

    /// The next row; nil at the end.
    ///
    /// - Throws: `EPANNsError` with code `invalidConfiguration` for quotes in the wrong place, text that is not UTF-8,
    ///   or NULs.
    package mutating func next() throws -> Row? {
        while position < bytes.count {
            if bytes[position] == UInt8(ascii: "#") {
                while position < bytes.count, !isLineEnd(bytes[position]) { position += 1 }
            }
            if position < bytes.count, isLineEnd(bytes[position]) {
                skipLineEnd()
                continue
            }
            if position == bytes.count { return nil }
            let row = try row()
            if row.fields != [""] { return row }
        }
        return nil
    }

    private mutating func row() throws -> Row {
        var row = Row(line: line, fields: [])
        while true {
            row.fields.append(try field())
            guard row.fields.count <= 1000 else { throw failure("has more than 1000 columns") }
            if position == bytes.count { return row }
            if bytes[position] != UInt8(ascii: ",") {
                skipLineEnd()
                return row
            }
            position += 1
        }
    }

    /// One field; leaves the position at the comma, the line end, or the end.
    private mutating func field() throws -> String {
        skipBlanks()
        guard position < bytes.count, bytes[position] == UInt8(ascii: "\"") else {
            var end = position
            while end < bytes.count, bytes[end] != UInt8(ascii: ","), !isLineEnd(bytes[end]) {
                guard bytes[end] != UInt8(ascii: "\"") else { throw failure("has a quote inside an unquoted field") }
                end += 1
            }
            let start = position
            position = end
            while end > start, isBlank(bytes[end - 1]) { end -= 1 }
            return try text(bytes[start..<end])
        }
        let first = line
        position += 1
        var content: [UInt8] = []
        while true {
            guard position < bytes.count, content.count <= Self.longestField else {
                line = first
                throw failure("opens a quote that is never closed")
            }
            let byte = bytes[position]
            position += 1
            if byte == UInt8(ascii: "\"") {
                guard position < bytes.count, bytes[position] == UInt8(ascii: "\"") else { break }
                position += 1
            } else if byte == UInt8(ascii: "\n") {
                line += 1
            }
            content.append(byte)
        }
        skipBlanks()
        guard position == bytes.count || bytes[position] == UInt8(ascii: ",") || isLineEnd(bytes[position]) else {
            throw failure("has text behind a closing quote")
        }
        return try content.withUnsafeBytes { try text($0[...]) }
    }

    private func text(_ bytes: Slice<UnsafeRawBufferPointer>) throws -> String {
        guard !bytes.contains(0), let text = String(validating: bytes, as: UTF8.self) else {
            throw failure("is not UTF-8 text; save the table as UTF-8")
        }
        return text
    }

    private func failure(_ what: String) -> EPANNsError {
        EPANNsError(.invalidConfiguration, "Line \(line) of \(name.quoted) \(what).")
    }

    private func isBlank(_ byte: UInt8) -> Bool { byte == UInt8(ascii: " ") || byte == UInt8(ascii: "\t") }
    private func isLineEnd(_ byte: UInt8) -> Bool { byte == UInt8(ascii: "\n") || byte == UInt8(ascii: "\r") }

    private mutating func skipBlanks() {
        while position < bytes.count, isBlank(bytes[position]) { position += 1 }
    }

    private mutating func skipLineEnd() {
        guard position < bytes.count else { return }
        let isReturn = bytes[position] == UInt8(ascii: "\r")
        position += 1
        if isReturn, position < bytes.count, bytes[position] == UInt8(ascii: "\n") { position += 1 }
        line += 1
    }
}

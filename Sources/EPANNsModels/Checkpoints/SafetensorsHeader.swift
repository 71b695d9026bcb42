import EPANNsCore
import EPANNsGraph

/// What the JSON header of a safetensors file says, syntax checked, numbers not yet.
struct SafetensorsHeader {
    /// One tensor's entry.
    struct Entry {
        var name: String
        var dataType: DataType
        var shape: [Int]
        /// Offsets of the first byte and of the byte after the last, from the start of the data section.
        var begin: Int
        var end: Int
    }

    var entries: [Entry] = []
    var metadata: [String: String] = [:]
}

/// Parses the JSON header of a safetensors file.
///
/// Written for this one grammar (an object of flat objects) rather than with a general JSON parser: nothing nests,
/// so nothing can be nested too deeply; numbers are non-negative integers; a key given twice is an error, which
/// general parsers do not report.
struct SafetensorsHeaderParser {
    private var cursor: ByteCursor
    private let source: CheckpointSource

    /// Parses the bytes of `range`.
    static func parse(_ source: CheckpointSource, _ range: Range<Int>) throws -> SafetensorsHeader {
        var parser = SafetensorsHeaderParser(cursor: ByteCursor(source, range), source: source)
        return try parser.header()
    }

    private init(cursor: ByteCursor, source: CheckpointSource) {
        self.cursor = cursor
        self.source = source
    }

    private mutating func header() throws -> SafetensorsHeader {
        var header = SafetensorsHeader()
        var names: Set<String> = []
        try object { parser, name in
            guard names.insert(name).inserted else {
                throw parser.source.damaged("Its header has the key \(name.quoted) twice.")
            }
            if name == "__metadata__" {
                header.metadata = try parser.stringMap()
            } else {
                header.entries.append(try parser.entry(name))
            }
            guard header.entries.count <= CheckpointLimits.tensors else {
                throw parser.source.damaged("Its header lists more than \(CheckpointLimits.tensors) tensors.")
            }
        }
        skipSpace()
        guard cursor.remaining == 0 else { throw unexpected("text after the end") }
        return header
    }

    private mutating func entry(_ name: String) throws -> SafetensorsHeader.Entry {
        guard !name.isEmpty, name.utf8.count <= CheckpointLimits.nameBytes else {
            throw source.damaged("The tensor name \(name.quoted) is empty or too long.")
        }
        var typeName: String?
        var shape: [Int]?
        var offsets: [Int]?
        try object { parser, field in
            switch field {
            case "dtype" where typeName == nil: typeName = try parser.string()
            case "shape" where shape == nil: shape = try parser.integers(limit: CheckpointLimits.axes)
            case "data_offsets" where offsets == nil: offsets = try parser.integers(limit: 2)
            default: throw parser.source.damaged("Tensor \(name.quoted) has an odd or repeated field \(field.quoted).")
            }
        }
        guard let typeName, let shape, let offsets, offsets.count == 2 else {
            throw source.damaged("Tensor \(name.quoted) lacks its dtype, shape or data_offsets.")
        }
        guard let dataType = DataType(rawValue: typeName) else {
            let known = DataType.allCases.map(\.rawValue).joined(separator: ", ")
            throw source.unsupported(
                "Tensor \(name.quoted) has the element type \(typeName.quoted), which is not supported. "
                    + "Convert it to one of \(known).")
        }
        return SafetensorsHeader.Entry(
            name: name, dataType: dataType, shape: shape, begin: offsets[0], end: offsets[1])
    }

    // MARK: Grammar

    private mutating func object(_ member: (inout Self, String) throws -> Void) throws {
        try expect("{")
        if try nextIs("}") { return }
        while true {
            let key = try string()
            try expect(":")
            try member(&self, key)
            if try nextIs("}") { return }
            try expect(",")
        }
    }

    private mutating func stringMap() throws -> [String: String] {
        var map: [String: String] = [:]
        try object { parser, key in
            guard map.updateValue(try parser.string(), forKey: key) == nil else {
                throw parser.source.damaged("Its metadata has the key \(key.quoted) twice.")
            }
        }
        return map
    }

    private mutating func integers(limit: Int) throws -> [Int] {
        var values: [Int] = []
        try expect("[")
        if try nextIs("]") { return values }
        while true {
            guard values.count < limit else { throw unexpected("more than \(limit) numbers") }
            values.append(try integer())
            if try nextIs("]") { return values }
            try expect(",")
        }
    }

    private mutating func integer() throws -> Int {
        skipSpace()
        var value = 0
        var digits = 0
        while let byte = peek(), (UInt8(ascii: "0")...UInt8(ascii: "9")).contains(byte) {
            let (product, overflow) = value.multipliedReportingOverflow(by: 10)
            let (sum, overflow2) = product.addingReportingOverflow(Int(byte - UInt8(ascii: "0")))
            guard !overflow, !overflow2, digits == 0 || value > 0 else { throw unexpected("a number out of range") }
            value = sum
            digits += 1
            try advance()
        }
        guard digits > 0 else { throw unexpected("no whole number") }
        return value
    }

    private mutating func string() throws -> String {
        try expect("\"")
        var text: [UInt8] = []
        while true {
            // Texts of megabytes, such as labels, are mostly plain and are taken by the piece.
            let start = cursor.position
            var end = start
            while end < cursor.end, Self.isPlain(cursor.bytes[end]) { end += 1 }
            text.append(contentsOf: UnsafeRawBufferPointer(rebasing: cursor.bytes[start..<end]))
            cursor.skip(end - start)
            switch try cursor.read(UInt8.self) {
            case UInt8(ascii: "\""):
                guard let string = String(validating: text, as: UTF8.self) else { throw unexpected("invalid UTF-8") }
                return string
            case UInt8(ascii: "\\"): text.append(contentsOf: String(try escape()).utf8)
            default: throw unexpected("a control character in a string")
            }
        }
    }

    /// Whether a byte of a string stands for itself.
    private static func isPlain(_ byte: UInt8) -> Bool {
        byte >= 0x20 && byte != UInt8(ascii: "\"") && byte != UInt8(ascii: "\\")
    }

    private mutating func escape() throws -> Unicode.Scalar {
        switch try cursor.read(UInt8.self) {
        case UInt8(ascii: "\""): return "\""
        case UInt8(ascii: "\\"): return "\\"
        case UInt8(ascii: "/"): return "/"
        case UInt8(ascii: "b"): return "\u{8}"
        case UInt8(ascii: "f"): return "\u{C}"
        case UInt8(ascii: "n"): return "\n"
        case UInt8(ascii: "r"): return "\r"
        case UInt8(ascii: "t"): return "\t"
        case UInt8(ascii: "u"):
            let first = try codeUnit()
            if let scalar = Unicode.Scalar(UInt32(first)) { return scalar }
            // A character outside the basic plane comes as two escapes, a surrogate pair.
            guard (0xD800..<0xDC00).contains(first), try cursor.read(UInt8.self) == UInt8(ascii: "\\"),
                try cursor.read(UInt8.self) == UInt8(ascii: "u")
            else { throw unexpected("half a surrogate pair") }
            let second = try codeUnit()
            guard (0xDC00..<0xE000).contains(second),
                let scalar = Unicode.Scalar(0x10000 + (UInt32(first) - 0xD800) << 10 + (UInt32(second) - 0xDC00))
            else { throw unexpected("half a surrogate pair") }
            return scalar
        default: throw unexpected("an unknown escape")
        }
    }

    private mutating func codeUnit() throws -> UInt16 {
        var value: UInt16 = 0
        for _ in 0..<4 {
            let character = Character(Unicode.Scalar(try cursor.read(UInt8.self)))
            guard character.isASCII, let digit = character.hexDigitValue else { throw unexpected("a bad escape") }
            value = value << 4 | UInt16(digit)
        }
        return value
    }

    // MARK: Characters

    private func peek() -> UInt8? { cursor.remaining > 0 ? cursor.bytes[cursor.position] : nil }

    private mutating func advance() throws { _ = try cursor.take(1) }

    private mutating func skipSpace() {
        while let byte = peek(), byte == 0x20 || byte == 0x0A || byte == 0x0D || byte == 0x09 {
            cursor.skip(1)
        }
    }

    private mutating func nextIs(_ scalar: Unicode.Scalar) throws -> Bool {
        skipSpace()
        guard peek() == UInt8(ascii: scalar) else { return false }
        try advance()
        return true
    }

    private mutating func expect(_ scalar: Unicode.Scalar) throws {
        guard try nextIs(scalar) else { throw unexpected("no “\(scalar)” where one belongs") }
    }

    private func unexpected(_ what: String) -> EPANNsError {
        source.damaged("Its header has \(what) at byte \(cursor.position).")
    }
}

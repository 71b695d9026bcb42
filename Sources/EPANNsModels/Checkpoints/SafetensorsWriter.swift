import EPANNsCore
import EPANNsGraph

/// Writes safetensors files.
///
/// The same tensors and metadata always give the same bytes: the header lists names in order of their UTF-8 bytes;
/// the data section starts at a multiple of 64 and holds the tensors of the widest elements first, so that every
/// tensor is aligned to its elements although the format allows no gaps.
///
/// Source: SPEC §3.7. Tests: `SafetensorsWriterTests`; the files are read back by Python's `safetensors` in
/// `Tools/reference/checkpoints.py`.
public enum SafetensorsWriter {
    /// Writes tensors to a file that appears whole or not at all.
    ///
    /// Strided tensors are written row-major. The checkpoint may be written over the file it was read from.
    ///
    /// - Parameters:
    ///   - tensors: The tensors by name.
    ///   - metadata: Texts for the header's `__metadata__`.
    ///   - path: Where to write; an existing file is replaced.
    /// - Throws: `EPANNsError` with code `fileFailure` when the file cannot be written, `invalidConfiguration` when
    ///   a name is empty or reserved or the header would be too large.
    public static func write(_ tensors: [String: Tensor], metadata: [String: String] = [:], to path: String) throws {
        let names = layout(tensors)
        let header = try self.header(tensors, names, metadata)
        let file = try AtomicFile(path: path)
        try header.withUnsafeBytes { try file.write($0) }
        for name in names {
            guard let tensor = tensors[name] else { continue }
            let size = tensor.count * tensor.dataType.byteCount
            if tensor.isContiguous {
                try withExtendedLifetime(tensor.storage) {
                    let bytes = tensor.storage.bytes[tensor.byteOffset..<tensor.byteOffset + size]
                    try file.write(UnsafeRawBufferPointer(rebasing: bytes))
                }
            } else {
                let copy = TensorStorage(byteCount: size) { tensor.copyContiguousBytes(to: $0) }
                try withExtendedLifetime(copy) { try file.write(copy.bytes) }
            }
        }
        try file.commit()
    }

    /// The names in the order of the data: widest elements first, then by name.
    private static func layout(_ tensors: [String: Tensor]) -> [String] {
        tensors.sorted { first, second in
            let sizes = (first.value.dataType.byteCount, second.value.dataType.byteCount)
            return sizes.0 != sizes.1 ? sizes.0 > sizes.1 : precedes(first.key, second.key)
        }.map(\.key)
    }

    private static func header(
        _ tensors: [String: Tensor], _ names: [String], _ metadata: [String: String]
    ) throws -> [UInt8] {
        var position = 0
        var entries: [(name: String, json: String)] = []
        for name in names {
            guard let tensor = tensors[name] else { continue }
            guard !name.isEmpty, name != "__metadata__", name.utf8.count <= CheckpointLimits.nameBytes else {
                throw EPANNsError(
                    .invalidConfiguration,
                    "A tensor cannot be saved as \(name.quoted); use a name of 1 to \(CheckpointLimits.nameBytes) "
                        + "bytes other than __metadata__.")
            }
            let (size, overflow) = tensor.count.multipliedReportingOverflow(by: tensor.dataType.byteCount)
            let (end, overflow2) = position.addingReportingOverflow(size)
            guard !overflow, !overflow2 else {
                throw EPANNsError(.invalidConfiguration, "Tensor \(name.quoted) is too large to be saved.")
            }
            let shape = tensor.shape.map(String.init).joined(separator: ",")
            entries.append(
                (
                    name,
                    "{\"dtype\":\"\(tensor.dataType.rawValue)\",\"shape\":[\(shape)],"
                        + "\"data_offsets\":[\(position),\(end)]}"
                ))
            position = end
        }
        entries.sort { precedes($0.name, $1.name) }
        var members = entries.map { "\(json($0.name)):\($0.json)" }
        if !metadata.isEmpty {
            let pairs = metadata.sorted { precedes($0.key, $1.key) }.map { "\(json($0.key)):\(json($0.value))" }
            members.insert("\"__metadata__\":{\(pairs.joined(separator: ","))}", at: 0)
        }
        var text = Array("{\(members.joined(separator: ","))}".utf8)
        // Spaces after the object are allowed by the format for this very purpose.
        while (8 + text.count) % 64 != 0 { text.append(0x20) }
        guard text.count <= SafetensorsReader.headerLimit else {
            throw EPANNsError(
                .invalidConfiguration,
                "The names and metadata take \(text.count) bytes; a safetensors header holds at most "
                    + "\(SafetensorsReader.headerLimit). Shorten the metadata.")
        }
        return withUnsafeBytes(of: UInt64(text.count).littleEndian, Array.init) + text
    }

    private static func precedes(_ first: String, _ second: String) -> Bool {
        first.utf8.lexicographicallyPrecedes(second.utf8)
    }

    private static func json(_ text: String) -> String {
        var result = "\""
        for scalar in text.unicodeScalars {
            switch scalar {
            case "\"": result += "\\\""
            case "\\": result += "\\\\"
            case "\u{8}": result += "\\b"
            case "\t": result += "\\t"
            case "\n": result += "\\n"
            case "\u{C}": result += "\\f"
            case "\r": result += "\\r"
            case "\u{0}"..<"\u{20}":
                let digits = String(scalar.value, radix: 16)
                result += "\\u" + String(repeating: "0", count: 4 - digits.count) + digits
            default: result.unicodeScalars.append(scalar)
            }
        }
        return result + "\""
    }
}

import Foundation

/// A Float32 array from the bytes of an `.npy` file, version 1, row-major.
package struct NumPyArray {
    package struct FormatError: Error {}
    package let shape: [Int]
    package let values: [Float]
    /// Where the data begins.
    package let dataOffset: Int

    package init(path: String) throws { try self.init(Data(contentsOf: URL(fileURLWithPath: path))) }

    package init(_ data: Data) throws {
        let bytes = [UInt8](data)
        guard bytes.count > 10, bytes.starts(with: [0x93] + Array("NUMPY".utf8) + [1, 0]) else { throw FormatError() }
        let end = 10 + Int(bytes[8]) + Int(bytes[9]) << 8
        guard end <= bytes.count, bytes[end - 1] == UInt8(ascii: "\n") else { throw FormatError() }
        let header = String(decoding: bytes[10..<end], as: UTF8.self)
        guard header.hasPrefix("{'descr': '<f4', 'fortran_order': False, 'shape': ("),
            let open = header.firstIndex(of: "("),
            let close = header.firstIndex(of: ")")
        else { throw FormatError() }
        let items = header[header.index(after: open)..<close]
        shape = items.split(separator: ",").compactMap { Int($0.trimmingCharacters(in: .whitespaces)) }
        // Python reads (3) as a number, not as a tuple.
        guard shape.count != 1 || items.hasSuffix(","), bytes.count == end + shape.reduce(4, *) else {
            throw FormatError()
        }
        values = stride(from: end, to: bytes.count, by: 4).map { start in
            Float(bitPattern: (0..<4).reduce(0) { $0 | UInt32(bytes[start + $1]) << (8 * UInt32($1)) })
        }
        dataOffset = end
    }
}

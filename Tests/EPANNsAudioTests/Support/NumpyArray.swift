import Foundation

/// A Float32 array in NumPy's `.npy` format, version 1, row-major; all that the fixtures need.
struct NumpyArray {
    struct FormatError: Error { let text: String }

    let shape: [Int]
    let values: [Float]

    init(path: String) throws {
        let data = [UInt8](try Data(contentsOf: URL(fileURLWithPath: path)))
        guard data.count > 10, data.starts(with: [0x93] + Array("NUMPY".utf8) + [1]) else {
            throw FormatError(text: "\(path) is not an .npy file of version 1")
        }
        let end = 10 + Int(data[8]) + Int(data[9]) << 8
        let header = String(decoding: data[10..<min(end, data.count)], as: UTF8.self)
        guard header.contains("'descr': '<f4'"), header.contains("'fortran_order': False"),
            let open = header.firstIndex(of: "("), let close = header.firstIndex(of: ")")
        else { throw FormatError(text: "\(path): \(header)") }
        let shape = header[header.index(after: open)..<close].split(separator: ",").compactMap {
            Int($0.trimmingCharacters(in: .whitespaces))
        }
        let count = shape.reduce(1, *)
        guard data.count == end + count * 4 else { throw FormatError(text: "\(path) has the wrong length") }
        self.shape = shape
        values = data.withUnsafeBytes { bytes in
            (0..<count).map { bytes.loadUnaligned(fromByteOffset: end + $0 * 4, as: Float.self) }
        }
    }
}

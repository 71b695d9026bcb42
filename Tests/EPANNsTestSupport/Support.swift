import EPANNsCore
import EPANNsGraph
import Foundation

/// A folder of its own for one test, removed afterwards.
package func withTemporaryFolder<Result>(_ body: (String) throws -> Result) throws -> Result {
    let folder = FileManager.default.temporaryDirectory.appendingPathComponent("epanns-\(UUID().uuidString)")
    try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
    defer { try? FileManager.default.removeItem(at: folder) }
    return try body(folder.path)
}

/// The error that `body` throws; nil when it throws none, or one of another kind.
package func failure(of body: () throws -> Void) -> EPANNsError? {
    do {
        try body()
        return nil
    } catch {
        return error as? EPANNsError
    }
}

/// Mono samples as a WAV file of 32-bit floats, so that nothing is rounded.
package func wave(_ samples: [Float], sampleRate: Int = 32000) -> Data {
    func little<Value: FixedWidthInteger>(_ value: Value) -> Data {
        withUnsafeBytes(of: value.littleEndian) { Data($0) }
    }
    let size = UInt32(samples.count * 4)
    var data = Data("RIFF".utf8) + little(size + 36) + Data("WAVEfmt ".utf8)
    data += little(UInt32(16)) + little(UInt16(3)) + little(UInt16(1))
    data += little(UInt32(sampleRate)) + little(UInt32(sampleRate * 4)) + little(UInt16(4)) + little(UInt16(32))
    data += Data("data".utf8) + little(size)
    for sample in samples { data += little(sample.bitPattern) }
    return data
}

/// Largest absolute difference; infinite for other counts.
package func worst(_ a: some Collection<Float>, _ b: some Collection<Float>) -> Float {
    a.count == b.count ? zip(a, b).reduce(0) { max($0, abs($1.0 - $1.1)) } : .infinity
}

/// A Float32 array from the bytes of an `.npy` file, version 1, row-major.
package struct NumPyArray {
    package struct FormatError: Error {}
    package let shape: [Int]
    package let values: [Float]
    /// Where the data begins.
    package let dataOffset: Int

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

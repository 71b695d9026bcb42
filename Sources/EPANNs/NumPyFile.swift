import EPANNsCore
import EPANNsGraph
import EPANNsModels

/// Writes Float32 arrays in NumPy's `.npy` format, version 1.0: what `numpy.load` reads.
///
/// Little-endian (`<f4`), C order; the data begins at a multiple of 64 bytes, so that it can be mapped.
/// Source: NumPy's documentation, `numpy.lib.format`. Tests: `NumPyFileTests`.
public enum NumPyFile {
    /// The bytes of a file.
    ///
    /// - Parameters:
    ///   - values: The elements, row-major.
    ///   - shape: Extent of each axis; their product is the number of elements.
    /// - Throws: `EPANNsError` with code `invalidConfiguration` when the shape does not fit the elements,
    ///   or has more axes than NumPy's 64.
    public static func bytes(_ values: [Float], shape: [Int]) throws -> [UInt8] {
        var product = 1
        var fits = shape.count <= 64 && shape.allSatisfy { $0 >= 0 }
        for extent in shape where fits {
            let (next, overflow) = product.multipliedReportingOverflow(by: extent)
            product = next
            fits = !overflow
        }
        guard fits, product == values.count else {
            throw EPANNsError(
                .invalidConfiguration, "An array of \(values.count.counted("element")) cannot have the shape \(shape).")
        }
        let header = header(shape)
        return [UInt8](unsafeUninitializedCapacity: header.count + values.count * 4) { buffer, initialized in
            for (index, byte) in header.enumerated() { buffer[index] = byte }
            let data = UnsafeMutableRawBufferPointer(rebasing: UnsafeMutableRawBufferPointer(buffer)[header.count...])
            for (index, value) in values.enumerated() {
                data.storeBytes(of: value.bitPattern.littleEndian, toByteOffset: index * 4, as: UInt32.self)
            }
            initialized = header.count + values.count * 4
        }
    }

    /// Writes a file that appears whole or not at all; an existing one is replaced.
    ///
    /// - Throws: `EPANNsError` as ``bytes(_:shape:)``, and with code `fileFailure` when the file cannot be
    ///   written.
    public static func write(_ values: [Float], shape: [Int], to path: String) throws {
        try bytes(values, shape: shape).withUnsafeBytes { try AtomicFile.write($0, to: path) }
    }

    private static func header(_ shape: [Int]) -> [UInt8] {
        // Python writes a tuple of one with a comma behind it.
        let tuple = shape.map(String.init).joined(separator: ", ") + (shape.count == 1 ? "," : "")
        var text = "{'descr': '<f4', 'fortran_order': False, 'shape': (\(tuple)), }"
        // Magic, version and length take ten bytes; the text ends in a newline.
        while (10 + text.utf8.count + 1) % 64 != 0 { text += " " }
        text += "\n"
        let count = text.utf8.count
        return [0x93] + Array("NUMPY".utf8) + [1, 0, UInt8(count & 0xFF), UInt8(count >> 8)] + Array(text.utf8)
    }
}

import EPANNsCore

/// Refuses weights that no training makes: numbers that are NaN or infinite, and variances below zero.
///
/// A network would not stumble over them: a ReLU swallows NaN, and the scores look like any others. Only the
/// exponents' bits are looked at. Tests: `WeightCheckTests`.
enum WeightCheck {
    /// Checks every tensor of a model.
    ///
    /// - Throws: `EPANNsError` with code `invalidCheckpoint` that names the tensor.
    static func check(_ weights: [String: Tensor], of fileName: String) throws {
        for (name, tensor) in weights.sorted(by: { $0.key < $1.key }) {
            let fault = isFinite(tensor) ? negativeVariance(name, tensor) : notFinite(tensor)
            if let fault {
                throw EPANNsError(
                    .invalidCheckpoint,
                    "\(fileName.quoted): Tensor \(name.quoted) holds \(fault). The weights are damaged; download or "
                        + "save the file again.")
            }
            // The pages of a large file need not stay until they are packed.
            if tensor.count >= 1 << 18 { tensor.releaseForNow() }
        }
    }

    private static func negativeVariance(_ name: String, _ tensor: Tensor) -> String? {
        guard name.hasSuffix("running_var"), let value = tensor.floats.first(where: { $0 < 0 }) else { return nil }
        return "a variance of \(value), which cannot be below zero"
    }

    private static func notFinite(_ tensor: Tensor) -> String {
        let values = tensor.doubles
        let (nan, count) = (values.count(where: \.isNaN), values.count { !$0.isFinite })
        let kind = nan == count ? "NaN" : nan == 0 ? "infinite" : "NaN or infinite"
        return "\(count.counted(of: values.count, "number")) that \(count.isOrAre) \(kind)"
    }

    /// Whether no element has all bits of its exponent set, which only NaN and the infinities have.
    static func isFinite(_ tensor: Tensor) -> Bool {
        switch tensor.dataType {
        case .float64: isFinite(tensor, exponent: 0x7FF0_0000_0000_0000)
        case .float32: isFinite(tensor, exponent: 0x7F80_0000_7F80_0000)
        case .float16: isFinite(tensor, exponent: 0x7C00_7C00_7C00_7C00)
        case .bfloat16: isFinite(tensor, exponent: 0x7F80_7F80_7F80_7F80)
        case .int64, .int32, .int16, .int8, .uint8, .bool: true
        }
    }

    /// Looks at eight bytes at once, be they one, two or four elements.
    ///
    /// The lowest bit of an exponent added to it reaches the sign's place where all its bits are set, and only there, so
    /// elements never disturb one another. The compiler makes vectors of the loop.
    private static func isFinite(_ tensor: Tensor, exponent: UInt64) -> Bool {
        guard tensor.isContiguous else { return tensor.doubles.allSatisfy(\.isFinite) }
        let size = tensor.dataType.byteCount
        return withExtendedLifetime(tensor.storage) {
            let bytes = UnsafeRawBufferPointer(
                rebasing: tensor.storage.bytes[tensor.byteOffset..<tensor.byteOffset + tensor.count * size])
            guard let start = bytes.baseAddress else { return true }
            let lowest = exponent & ~(exponent << 1)
            var sums: UInt64 = 0
            for index in 0..<bytes.count / 8 {
                sums |= (start.loadUnaligned(fromByteOffset: index * 8, as: UInt64.self) & exponent) &+ lowest
            }
            var rest: UInt64 = 0
            for byte in bytes.suffix(bytes.count % 8).reversed() { rest = rest << 8 | UInt64(byte) }
            sums |= (rest & exponent) &+ lowest
            let signs = lowest << UInt64(exponent.nonzeroBitCount / (8 / size))
            return sums & signs == 0
        }
    }
}

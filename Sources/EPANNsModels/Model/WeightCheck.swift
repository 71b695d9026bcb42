import EPANNsCore

/// Refuses weights that no training makes: numbers that are NaN or infinite, and variances below zero.
///
/// A network would not stumble over them: a ReLU swallows NaN, and the scores look like any others. Vectors look at the
/// exponents' bits alone, which takes about a tenth of the time of packing the weights. Tests: `WeightCheckTests`.
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
        return "\(count) of \(values.count) numbers that are \(kind)"
    }

    /// Whether no element has all bits of its exponent set, which only NaN and the infinities have.
    static func isFinite(_ tensor: Tensor) -> Bool {
        switch tensor.dataType {
        case .float64: isFinite(tensor, exponent: 0x7FF0_0000_0000_0000 as UInt64)
        case .float32: isFinite(tensor, exponent: 0x7F80_0000 as UInt32)
        case .float16: isFinite(tensor, exponent: 0x7C00 as UInt16)
        case .bfloat16: isFinite(tensor, exponent: 0x7F80 as UInt16)
        case .int64, .int32, .int16, .int8, .uint8, .bool: true
        }
    }

    @inline(__always)
    private static func isFinite<Bits: FixedWidthInteger & SIMDScalar>(_ tensor: Tensor, exponent: Bits) -> Bool {
        guard tensor.isContiguous else { return tensor.doubles.allSatisfy(\.isFinite) }
        let size = MemoryLayout<Bits>.size
        return withExtendedLifetime(tensor.storage) {
            let bytes = UnsafeRawBufferPointer(
                rebasing: tensor.storage.bytes[tensor.byteOffset..<tensor.byteOffset + tensor.count * size])
            let mask = SIMD16<Bits>(repeating: exponent)
            var found = SIMDMask<SIMD16<Bits>.MaskStorage>(repeating: false)
            var offset = 0
            let end = bytes.count - bytes.count % (16 * size)
            while offset < end {
                let bits = bytes.loadUnaligned(fromByteOffset: offset, as: SIMD16<Bits>.self)
                found .|= (bits & mask) .== mask
                offset += 16 * size
            }
            guard found == SIMDMask(repeating: false) else { return false }
            while offset < bytes.count {
                if bytes.loadUnaligned(fromByteOffset: offset, as: Bits.self) & exponent == exponent { return false }
                offset += size
            }
            return true
        }
    }
}

/// Natural logarithm of eight positive, normal Float32 at once; relative error at most 1e-6.
///
/// The log-mel of one clip needs some 64 000 logarithms; the C library's, one at a time, would cost as much as the
/// Fourier transforms.
///
/// `x = m·2^e` with `m` in √½..<√2, so that `ln x` loses no digits near 1 and `e·ln 2` is never cancelled;
/// `ln m = 2·artanh(s)`, `s = (m − 1)/(m + 1)`, as an odd polynomial of `s`. The coefficients are our own fit at
/// Chebyshev nodes, with a relative error of 2.7e-9 before rounding. Test: `VectorLogarithmTests`.
package enum VectorLogarithm {
    /// `ln x` for positive, normal, finite elements.
    @inline(__always)
    package static func naturalLogarithm(_ x: SIMD8<Float>) -> SIMD8<Float> {
        let rootHalf = SIMD8<UInt32>(repeating: 0x3F35_04F3)
        let shifted = unsafeBitCast(x, to: SIMD8<UInt32>.self) &- rootHalf
        let mantissa = unsafeBitCast(
            (shifted & SIMD8<UInt32>(repeating: 0x007F_FFFF)) &+ rootHalf, to: SIMD8<Float>.self)
        // The exponent as a float without a conversion: an integer added to the bits of 1.5·2²³ adds its value.
        let exponentBits = unsafeBitCast(shifted, to: SIMD8<Int32>.self) &>> SIMD8<Int32>(repeating: 23)
        let exponent =
            unsafeBitCast(exponentBits &+ SIMD8<Int32>(repeating: 0x4B40_0000), to: SIMD8<Float>.self)
            - SIMD8<Float>(repeating: 12_582_912)

        let s = (mantissa - 1) / (mantissa + 1)
        let z = s * s
        let polynomial = (z * 0.295_809_98 + 0.399_887_5) * z + 0.666_666_87
        let logarithm = s * z * polynomial + (s + s)
        // ln 2 in two parts; the first has so few digits that its product with the exponent is exact.
        return exponent * 0.693_359_375 + (exponent * -2.121_944_4e-4 + logarithm)
    }

    /// Replaces each of `count` elements by `scale·ln(max(x + bias, floor)) + offset`; at the floor and below, the
    /// result is exactly `floorValue`.
    ///
    /// Input that is not a number, which only an overflow can produce, counts as the greatest finite number.
    @inline(__always)
    package static func apply(
        to row: UnsafeMutablePointer<Float>, count: Int, bias: Float, floor: Float, floorValue: Float,
        scale: Float, offset: Float
    ) {
        var index = 0
        while index < count {
            let remaining = count - index
            var x = SIMD8<Float>(repeating: 1)
            if remaining >= 8 {
                x = UnsafeRawPointer(row + index).loadUnaligned(as: SIMD8<Float>.self)
            } else {
                for lane in 0..<remaining { x[lane] = row[index + lane] }
            }
            x += bias
            let isFloor = x .<= floor
            let isFinite = x .<= Float.greatestFiniteMagnitude
            x = SIMD8<Float>(repeating: .greatestFiniteMagnitude).replacing(with: x, where: isFinite)
            x = x.replacing(with: 1, where: isFloor)
            var result = naturalLogarithm(x) * scale + offset
            result = result.replacing(with: floorValue, where: isFloor)
            if remaining >= 8 {
                UnsafeMutableRawPointer(row + index).storeBytes(of: result, as: SIMD8<Float>.self)
            } else {
                for lane in 0..<remaining { row[index + lane] = result[lane] }
            }
            index += 8
        }
    }
}

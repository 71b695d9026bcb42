/// The upper half of a Float32's bits: eight bits of exponent, seven of fraction.
///
/// Rounding is to the nearest, ties to even, as PyTorch and oneDNN do it; what is not a number stays so. Tests:
/// `BFloat16Tests`.
package enum BFloat16 {
    /// The bits of the nearest bfloat16.
    @inlinable @inline(__always)
    package static func bits(_ value: Float) -> UInt16 {
        let bits = value.bitPattern
        // Adding to a NaN's bits could make it an infinity: its quiet bit is set instead.
        let rounded = value.isNaN ? bits | 0x40_0000 : bits &+ 0x7FFF &+ (bits >> 16 & 1)
        return UInt16(truncatingIfNeeded: rounded >> 16)
    }

    /// The number that bits stand for, exactly.
    @inlinable @inline(__always)
    package static func float(_ bits: UInt16) -> Float { Float(bitPattern: UInt32(bits) << 16) }

    /// The nearest number that a bfloat16 can hold.
    @inlinable @inline(__always)
    package static func rounded(_ value: Float) -> Float { float(bits(value)) }

    /// The bits of sixteen numbers' nearest bfloat16.
    @inlinable @inline(__always)
    package static func bits(_ values: SIMD16<Float>) -> SIMD16<UInt16> {
        let bits = unsafeBitCast(values, to: SIMD16<UInt32>.self)
        let rounded = (bits &+ 0x7FFF &+ (bits &>> 16 & 1)).replacing(with: bits | 0x40_0000, where: values .!= values)
        return SIMD16<UInt16>(truncatingIfNeeded: rounded &>> 16)
    }

    /// The numbers that sixteen bfloat16's bits stand for, exactly.
    @inlinable @inline(__always)
    package static func floats(_ bits: SIMD16<UInt16>) -> SIMD16<Float> {
        unsafeBitCast(SIMD16<UInt32>(truncatingIfNeeded: bits) &<< 16, to: SIMD16<Float>.self)
    }
}

import EPANNsCore
import Testing

@Suite struct BFloat16Tests {
    struct Case: Sendable {
        var value: Float
        var expected: UInt16
        init(_ value: Float, _ expected: UInt16) {
            self.value = value
            self.expected = expected
        }
    }

    /// Halfway cases go to the even neighbour, and what is not a number stays so, infinities too.
    @Test(arguments: [
        Case(1, 0x3F80), Case(-2, 0xC000), Case(0, 0), Case(-0.0, 0x8000), Case(1 + 0x1p-8, 0x3F80),
        Case(1 + 0x3p-8, 0x3F82), Case(1 + 0x1.8p-8, 0x3F81), Case(.infinity, 0x7F80), Case(-.infinity, 0xFF80),
        Case(.greatestFiniteMagnitude, 0x7F80), Case(Float(bitPattern: 0x7F80_0001), 0x7FC0),
        Case(Float(bitPattern: 0xFFFF_FFFF), 0xFFFF), Case(0x1p-149, 0),
    ])
    func rounding(item: Case) {
        #expect(BFloat16.bits(item.value) == item.expected)
        #expect(BFloat16.bits(SIMD16(repeating: item.value)) == SIMD16(repeating: item.expected))
    }

    @Test func everyValueComesBackFromItself() {
        for bits in UInt16.min ... .max {
            let value = BFloat16.float(bits)
            #expect(BFloat16.floats(SIMD16(repeating: bits))[7].bitPattern == value.bitPattern)
            guard !value.isNaN else { continue }
            #expect(BFloat16.bits(value) == bits)
        }
    }
}

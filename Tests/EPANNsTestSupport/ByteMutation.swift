/// Damages a sound file in a way that depends on a number alone.
package struct ByteMutation {
    private static let numbers: [UInt64] = [
        0, 1, 2, 0x7F, 0x80, 0xFF, 0x7FFF, 0x8000, 0xFFFF, 0x7F80_0000, 0x7FC0_0000, 0x7FFF_FFFF, 0x8000_0000,
        0xFFFF_FFFF,
        1 << 32, 1 << 62, 1 << 63, .max,
    ]
    private var random: SplitMix64

    /// Starts the choices of input `number`.
    package init(number: Int) {
        random = SplitMix64(state: UInt64(truncatingIfNeeded: number) &* 0xD134_2543_DE82_EF95 &+ 1)
    }

    /// One of the files with one to six changes.
    package mutating func damaged(_ corpus: [[UInt8]]) -> [UInt8] {
        var bytes = corpus[Int.random(in: 0..<corpus.count, using: &random)]
        // Mostly one change, so that the rest still fits and the change is reached; half of them where headers are.
        for _ in 0..<(Bool.random(using: &random) ? 1 : Int.random(in: 1...6, using: &random)) {
            change(&bytes, in: Bool.random(using: &random) ? min(bytes.count, 2048) : bytes.count, corpus)
        }
        return bytes
    }

    private mutating func change(_ bytes: inout [UInt8], in range: Int, _ corpus: [[UInt8]]) {
        guard bytes.count > 16, range > 0 else { return }
        let position = Int.random(in: 0..<range, using: &random)
        let length = min(bytes.count - position, 1 << Int.random(in: 0...10, using: &random))
        switch Int.random(in: 0..<8, using: &random) {
        case 0, 1: bytes[position] ^= 1 << UInt8.random(in: 0..<8, using: &random)
        case 2: bytes[position] = UInt8.random(in: .min ... .max, using: &random)
        case 3:
            let value = Self.numbers[Int.random(in: 0..<Self.numbers.count, using: &random)]
            let isBig = Bool.random(using: &random)
            let width = min(bytes.count - position, 1 << Int.random(in: 0...3, using: &random))
            for index in 0..<width {
                let shift = UInt64(isBig ? width - 1 - index : index) * 8
                bytes[position + index] = UInt8(truncatingIfNeeded: value >> shift)
            }
        case 4: if Int.random(in: 0..<4, using: &random) == 0 { bytes.removeSubrange(position...) }
        case 5: bytes.removeSubrange(position..<position + length)
        case 6:
            bytes.insert(
                contentsOf: bytes[position..<position + length], at: Int.random(in: 0...bytes.count, using: &random))
        default:
            let other = corpus[Int.random(in: 0..<corpus.count, using: &random)]
            guard !other.isEmpty else { return }
            let from = Int.random(in: 0..<other.count, using: &random)
            let part = other[from..<min(other.count, from + length)]
            bytes.replaceSubrange(position..<min(bytes.count, position + part.count), with: part)
        }
    }
}

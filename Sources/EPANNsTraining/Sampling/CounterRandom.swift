/// Random numbers as a pure function of a seed and of where they are used.
///
/// A generator that is walked through (as ``NumPyRandom``) makes every draw depend on all draws before it. Here each
/// (seed, iteration, position, purpose) names a stream of its own, so neither the number of worker threads nor the
/// number of machines changes a draw, and a resumed run needs no saved state.
///
/// Philox4x32-10: Salmon et al., “Parallel random numbers: as easy as 1, 2, 3”, SC 2011. The key is the seed; the
/// counter's words are the block's number, the position, the iteration's low 32 bits, and the purpose above the
/// iteration's next 16 bits. One stream holds 2³⁴ words. Test: `CounterRandomTests`.
package struct CounterRandom: RandomNumberGenerator, Sendable, Hashable {
    /// What numbers are for, so that two uses at the same place never share them.
    package struct Purpose: RawRepresentable, Sendable, Hashable, Codable {
        /// The purpose's number.
        package var rawValue: UInt16

        /// Makes a purpose of one's own; numbers below 256 are this package's.
        package init(rawValue: UInt16) { self.rawValue = rawValue }

        /// Where a clip is cut out of a longer one.
        package static let crop = Purpose(rawValue: 1)
        /// Gain, shift and noise.
        package static let waveform = Purpose(rawValue: 2)
        /// SpecAugment's stripes.
        package static let specAugment = Purpose(rawValue: 3)
        /// Initial weights.
        package static let initialization = Purpose(rawValue: 4)
        /// The dropout layer of a number (0..<32768) in the graph's order.
        package static func dropout(_ layer: UInt16) -> Purpose { Purpose(rawValue: 0x8000 | layer) }
    }

    private let key: SIMD2<UInt32>
    private let base: SIMD4<UInt32>
    private var blockNumber: UInt32 = 0
    private var words = SIMD4<UInt32>()
    private var used = 4

    /// Names a stream.
    ///
    /// - Parameters:
    ///   - seed: The run's seed.
    ///   - iteration: Number of the training iteration, below 2⁴⁸.
    ///   - position: Position of the clip in the global batch, whatever machine holds it.
    ///   - purpose: What the numbers are for.
    package init(seed: UInt64, iteration: Int, position: Int = 0, purpose: Purpose) {
        precondition((0..<1 << 48).contains(iteration) && (0..<1 << 32).contains(position), "Stream out of range")
        key = SIMD2(UInt32(truncatingIfNeeded: seed), UInt32(truncatingIfNeeded: seed >> 32))
        base = SIMD4(
            0, UInt32(position), UInt32(truncatingIfNeeded: iteration),
            UInt32(purpose.rawValue) << 16 | UInt32(truncatingIfNeeded: iteration >> 32))
    }

    /// The bijection itself: one block of four words.
    ///
    /// - Parameters:
    ///   - counter: The block's counter, lowest word first.
    ///   - key: The key, lowest word first.
    /// - Returns: Four random words.
    package static func block(counter: SIMD4<UInt32>, key: SIMD2<UInt32>) -> SIMD4<UInt32> {
        var (counter, key) = (counter, key)
        for _ in 0..<10 {
            let first = UInt64(counter.x) * multiplier0
            let second = UInt64(counter.z) * multiplier1
            counter = SIMD4(
                UInt32(truncatingIfNeeded: second >> 32) ^ counter.y ^ key.x, UInt32(truncatingIfNeeded: second),
                UInt32(truncatingIfNeeded: first >> 32) ^ counter.w ^ key.y, UInt32(truncatingIfNeeded: first))
            key &+= SIMD2(weyl0, weyl1)
        }
        return counter
    }

    private static let multiplier0: UInt64 = 0xD251_1F53
    private static let multiplier1: UInt64 = 0xCD9E_8D57
    private static let weyl0: UInt32 = 0x9E37_79B9
    private static let weyl1: UInt32 = 0xBB67_AE85

    /// The stream's block of a number.
    func block(_ number: UInt32) -> SIMD4<UInt32> {
        Self.block(counter: SIMD4(number, base.y, base.z, base.w), key: key)
    }

    /// Constant words of the counters, and the key.
    var streamWords: (counter: SIMD4<UInt32>, key: SIMD2<UInt32>) { (base, key) }

    /// The stream's next word.
    package mutating func nextWord() -> UInt32 {
        if used == 4 {
            words = block(blockNumber)
            blockNumber &+= 1
            used = 0
        }
        defer { used += 1 }
        return words[used]
    }

    /// The stream's next two words, the first one below.
    package mutating func next() -> UInt64 {
        let low = nextWord()
        return UInt64(low) | UInt64(nextWord()) << 32
    }

    /// A uniform number in 0..<1 with 53 random bits.
    package mutating func uniform() -> Double { Double(next() >> 11) * 0x1p-53 }

    /// A uniform integer in `0..<bound`; `bound` is 1...2³².
    package mutating func integer(below bound: Int) -> Int {
        precondition((1...1 << 32).contains(bound), "No integer is below \(bound)")
        // Lemire's way: multiply, and reject the few low words that would favour some results.
        let bound = UInt64(bound)
        let threshold = (1 << 32) % bound
        while true {
            let product = UInt64(nextWord()) * bound
            if product & 0xFFFF_FFFF >= threshold { return Int(product >> 32) }
        }
    }
}

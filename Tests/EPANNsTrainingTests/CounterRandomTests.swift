import EPANNsTraining
import Testing

@Suite struct CounterRandomTests {
    /// Random123's published answers for philox4x32 with 10 rounds (its tests/kat_vectors).
    @Test func knownAnswers() {
        let cases: [(SIMD4<UInt32>, SIMD2<UInt32>, SIMD4<UInt32>)] = [
            (.zero, .zero, SIMD4(0x6627_E8D5, 0xE169_C58D, 0xBC57_AC4C, 0x9B00_DBD8)),
            (
                SIMD4(repeating: .max), SIMD2(repeating: .max),
                SIMD4(0x408F_276D, 0x41C8_3B0E, 0xA20B_C7C6, 0x6D54_51FD)
            ),
            (
                SIMD4(0x243F_6A88, 0x85A3_08D3, 0x1319_8A2E, 0x0370_7344), SIMD2(0xA409_3822, 0x299F_31D0),
                SIMD4(0xD16C_FE09, 0x94FD_CCEB, 0x5001_E420, 0x2412_6EA1)
            ),
        ]
        for (counter, key, expected) in cases {
            #expect(CounterRandom.block(counter: counter, key: key) == expected)
        }
    }

    /// The counter's layout is part of what a resumed run depends on.
    @Test func streamsAreAsDocumented() {
        let purpose = CounterRandom.Purpose.dropout(3)
        var random = CounterRandom(seed: 0x1122_3344_5566_7788, iteration: 0x9_8765_4321, position: 7, purpose: purpose)
        let words = (0..<8).map { _ in random.nextWord() }
        for block in 0..<2 {
            let expected = CounterRandom.block(
                counter: SIMD4(UInt32(block), 7, 0x8765_4321, 0x8003_0009), key: SIMD2(0x5566_7788, 0x1122_3344))
            #expect((0..<4).map { expected[$0] } == Array(words[4 * block..<4 * block + 4]))
        }
    }

    @Test(arguments: [0, 1, 2, 3, 4, 5, 31, 32, 33, 64, 101, 997])
    func fillsEqualDraws(count: Int) {
        for start in [0, 1, 3, 4, 30, 129] {
            var random = CounterRandom(seed: 99, iteration: 5, position: 2, purpose: .waveform)
            let filled = [UInt32](unsafeUninitializedCapacity: count) { buffer, initialized in
                random.fill(UnsafeMutableBufferPointer(rebasing: buffer[..<count]), from: start)
                initialized = count
            }
            let drawn = (0..<start + count).map { _ in random.nextWord() }
            #expect(filled == Array(drawn[start...]), "from \(start)")
        }
    }

    @Test func streamsDiffer() {
        var first: Set<UInt32> = []
        for seed in [1, 2] as [UInt64] {
            for iteration in 0..<3 {
                for position in 0..<3 {
                    for purpose in [CounterRandom.Purpose.crop, .waveform, .specAugment, .dropout(0), .dropout(1)] {
                        var random = CounterRandom(
                            seed: seed, iteration: iteration, position: position, purpose: purpose)
                        first.insert(random.nextWord())
                    }
                }
            }
        }
        #expect(first.count == 90)
    }

    @Test func distributionsHaveTheirRange() {
        var random = CounterRandom(seed: 3, iteration: 0, purpose: .crop)
        var counts = [Int](repeating: 0, count: 7)
        var sum = 0.0
        for _ in 0..<70_000 {
            counts[random.integer(below: 7)] += 1
            let value = random.uniform()
            #expect(value >= 0 && value < 1)
            sum += value
        }
        // Six standard deviations: of a count 93, of the mean 0.0011.
        #expect(counts.allSatisfy { abs($0 - 10_000) < 560 })
        #expect(abs(sum / 70_000 - 0.5) < 0.0066)
        #expect(random.integer(below: 1) == 0)
    }
}

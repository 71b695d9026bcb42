extension CounterRandom {
    /// Fills memory with the stream's words from a place on, whatever was drawn before.
    ///
    /// Word *i* of the stream is the same however it is got: by ``nextWord()`` from the start, or by any fill that
    /// covers it. So several threads may fill parts of one mask.
    ///
    /// - Parameters:
    ///   - output: Room for the words; may be uninitialised.
    ///   - start: Number of the first word, counted from the stream's start.
    package func fill(_ output: UnsafeMutableBufferPointer<UInt32>, from start: Int = 0) {
        precondition(start >= 0 && start <= (1 << 34) - output.count, "The stream has 2³⁴ words")
        guard let target = output.baseAddress else { return }
        var index = 0
        // Up to a block's boundary, and again for the last few words.
        func single(until end: Int) {
            while index < end {
                let position = start + index
                let words = block(UInt32(position >> 2))
                for lane in (position & 3)..<4 where index < end {
                    target[index] = words[lane]
                    index += 1
                }
            }
        }
        single(until: min(output.count, (4 - start & 3) & 3))
        let whole = index + (output.count - index) / Self.wordsAtOnce * Self.wordsAtOnce
        while index < whole {
            blocks(from: UInt32((start + index) >> 2), into: target + index)
            index += Self.wordsAtOnce
        }
        single(until: output.count)
    }

    private static let lanes = 8
    private static var wordsAtOnce: Int { 4 * lanes }

    /// Eight blocks side by side, one a lane.
    @inline(__always)
    private func blocks(from first: UInt32, into output: UnsafeMutablePointer<UInt32>) {
        typealias Word = SIMD8<UInt32>
        typealias Wide = SIMD8<UInt64>
        let (constant, seed) = streamWords
        var x = Word(repeating: first) &+ Word(0, 1, 2, 3, 4, 5, 6, 7)
        var y = Word(repeating: constant.y)
        var z = Word(repeating: constant.z)
        var w = Word(repeating: constant.w)
        var key = seed
        for _ in 0..<10 {
            let first = Wide(truncatingIfNeeded: x) &* Wide(repeating: 0xD251_1F53)
            let second = Wide(truncatingIfNeeded: z) &* Wide(repeating: 0xCD9E_8D57)
            x = Word(truncatingIfNeeded: second &>> 32) ^ y ^ Word(repeating: key.x)
            y = Word(truncatingIfNeeded: second)
            z = Word(truncatingIfNeeded: first &>> 32) ^ w ^ Word(repeating: key.y)
            w = Word(truncatingIfNeeded: first)
            key &+= SIMD2(0x9E37_79B9, 0xBB67_AE85)
        }
        for lane in 0..<Self.lanes {
            output[4 * lane] = x[lane]
            output[4 * lane + 1] = y[lane]
            output[4 * lane + 2] = z[lane]
            output[4 * lane + 3] = w[lane]
        }
    }
}

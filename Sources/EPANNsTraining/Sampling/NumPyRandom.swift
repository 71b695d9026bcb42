import Foundation

/// NumPy's `RandomState`, bit for bit: MT19937 seeded by an integer, and the legacy distributions.
///
/// PANNs' samplers and mixup draw from it (SPEC §1.7, §5.2), so runs can be compared clip by clip. Matsumoto and
/// Nishimura, “Mersenne Twister”, 1998; distributions as NumPy's `RandomState` documents them to be frozen (NEP 19).
/// Parity: `NumPyRandomTests`.
package struct NumPyRandom: RandomNumberGenerator, Sendable, Hashable {
    private var state: [UInt32]
    private var position: Int
    /// The second of a pair of normal numbers, not yet given.
    private var pendingNormal: Double?

    private static let size = 624

    /// Seeds the generator as `RandomState(seed)` does.
    package init(seed: UInt32 = 1234) {
        state = [seed]
        state.reserveCapacity(Self.size)
        for index in 1..<UInt32(Self.size) {
            let last = state[Int(index) - 1]
            state.append(1_812_433_253 &* (last ^ last >> 30) &+ index)
        }
        position = Self.size
    }

    /// The next 32 random bits.
    package mutating func nextWord() -> UInt32 {
        if position == Self.size { twist() }
        var word = state[position]
        position += 1
        word ^= word >> 11
        word ^= word << 7 & 0x9D2C_5680
        word ^= word << 15 & 0xEFC6_0000
        return word ^ word >> 18
    }

    /// The next 64 random bits, the first word above.
    package mutating func next() -> UInt64 {
        let high = UInt64(nextWord())
        return high << 32 | UInt64(nextWord())
    }

    private mutating func twist() {
        state.withUnsafeMutableBufferPointer { state in
            for index in 0..<Self.size {
                let joined = state[index] & 0x8000_0000 | state[(index + 1) % Self.size] & 0x7FFF_FFFF
                let mask: UInt32 = joined & 1 == 0 ? 0 : 0x9908_B0DF
                state[index] = state[(index + 397) % Self.size] ^ joined >> 1 ^ mask
            }
        }
        position = 0
    }
}

extension NumPyRandom {
    /// `random_sample()`: uniform in 0..<1 with 53 bits.
    package mutating func uniform() -> Double {
        let high = Double(nextWord() >> 5)
        return (high * 67_108_864 + Double(nextWord() >> 6)) / 9_007_199_254_740_992
    }

    /// A uniform integer in `0...maximum` by masking and rejection, as `shuffle` draws it.
    package mutating func integer(upTo maximum: Int) -> Int {
        precondition(maximum >= 0)
        guard maximum > 0 else { return 0 }
        let mask = UInt64.max >> UInt64(UInt64(maximum).leadingZeroBitCount)
        while true {
            let word = maximum <= Int(UInt32.max) ? UInt64(nextWord()) : next()
            if word & mask <= UInt64(maximum) { return Int(word & mask) }
        }
    }

    /// `shuffle(values)`, in place.
    package mutating func shuffle<Element>(_ values: inout [Element]) {
        guard values.count > 1 else { return }
        for index in (1..<values.count).reversed() {
            values.swapAt(index, integer(upTo: index))
        }
    }

    /// `permutation(count)`.
    package mutating func permutation(_ count: Int) -> [Int] {
        var values = Array(0..<count)
        shuffle(&values)
        return values
    }

    /// `standard_exponential()`.
    package mutating func exponential() -> Double { -log(1 - uniform()) }

    /// `standard_normal()`, by the polar method, which makes pairs.
    package mutating func normal() -> Double {
        if let pending = pendingNormal {
            pendingNormal = nil
            return pending
        }
        while true {
            let (x, y) = (2 * uniform() - 1, 2 * uniform() - 1)
            let square = x * x + y * y
            if square < 1, square != 0 {
                let factor = (-2 * log(square) / square).squareRoot()
                pendingNormal = factor * x
                return factor * y
            }
        }
    }

    /// `standard_gamma(shape)`; `shape` is positive.
    package mutating func gamma(shape: Double) -> Double {
        if shape == 1 { return exponential() }
        if shape < 1 {
            while true {
                let (u, v) = (uniform(), exponential())
                if u <= 1 - shape {
                    let x = pow(u, 1 / shape)
                    if x <= v { return x }
                } else {
                    let y = -log((1 - u) / shape)
                    let x = pow(1 - shape + shape * y, 1 / shape)
                    if x <= v + y { return x }
                }
            }
        }
        // Marsaglia and Tsang 2000.
        let b = shape - 1.0 / 3
        let c = 1 / (9 * b).squareRoot()
        while true {
            var (x, v) = (0.0, 0.0)
            repeat {
                x = normal()
                v = 1 + c * x
            } while v <= 0
            v = v * v * v
            let u = uniform()
            if u < 1 - 0.0331 * (x * x) * (x * x) { return b * v }
            if log(u) < 0.5 * x * x + b * (1 - v + log(v)) { return b * v }
        }
    }

    /// `beta(a, b)`.
    ///
    /// Both are positive. `beta(1, 1)` is uniform, but takes more than one draw.
    package mutating func beta(_ a: Double, _ b: Double) -> Double {
        precondition(a > 0 && b > 0, "A beta distribution has positive parameters")
        guard a <= 1, b <= 1 else {
            let first = gamma(shape: a)
            return first / (first + gamma(shape: b))
        }
        // Jöhnk 1964.
        while true {
            let (u, v) = (uniform(), uniform())
            let (x, y) = (pow(u, 1 / a), pow(v, 1 / b))
            guard x + y <= 1 else { continue }
            if x + y > 0 { return x / (x + y) }
            // Both underflowed: the same in logarithms.
            let (logX, logY) = (log(u) / a, log(v) / b)
            let largest = max(logX, logY)
            let (restX, restY) = (logX - largest, logY - largest)
            return exp(restX - log(exp(restX) + exp(restY)))
        }
    }
}

extension NumPyRandom: Codable {
    private enum CodingKeys: String, CodingKey { case state, position, pendingNormal }

    /// Reads a saved generator.
    ///
    /// - Throws: `DecodingError` when it is damaged.
    package init(from decoder: any Decoder) throws {
        let values = try decoder.container(keyedBy: CodingKeys.self)
        state = try values.decode([UInt32].self, forKey: .state)
        position = try values.decode(Int.self, forKey: .position)
        pendingNormal = try values.decodeIfPresent(Double.self, forKey: .pendingNormal)
        // All zeros would give zeros for ever.
        guard state.count == Self.size, (0...Self.size).contains(position), state.contains(where: { $0 != 0 }),
            pendingNormal?.isFinite ?? true
        else {
            throw DecodingError.dataCorruptedError(
                forKey: .state, in: values, debugDescription: "This is not a state of MT19937.")
        }
    }
}

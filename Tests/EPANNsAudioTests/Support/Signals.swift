import Foundation

/// The signals and the generator of SPEC §8.
enum Signals {
    /// One second: 0.5·sin(2π·440t) + 0.25·sin(2π·3000t).
    static func tones(sampleRate: Int) -> [Float] {
        (0..<sampleRate).map { n in
            let t = Double(n) / Double(sampleRate)
            return Float(0.5 * sin(2 * .pi * 440 * t) + 0.25 * sin(2 * .pi * 3000 * t))
        }
    }

    /// One second of noise of amplitude 0.1.
    static func noise(count: Int, seed: UInt32 = 12345) -> [Float] {
        var generator = LinearCongruential(state: seed)
        return (0..<count).map { _ in Float(0.1 * (Double(generator.next32()) / 0x1p32 * 2 - 1)) }
    }
}

/// `s ← 1664525·s + 1013904223 mod 2³²`.
struct LinearCongruential: RandomNumberGenerator {
    var state: UInt32

    mutating func next32() -> UInt32 {
        state = state &* 1_664_525 &+ 1_013_904_223
        return state
    }

    // The low bits of such a generator are poor; take the high ones of several steps.
    mutating func next() -> UInt64 {
        (0..<4).reduce(0) { value, _ in value << 16 | UInt64(next32() >> 16) }
    }
}

/// WAV files made in memory.
enum WAV {
    /// PCM or float samples as they are, under a header with any numbers.
    static func bytes(
        data: [UInt8], formatTag: UInt16, bits: UInt16, channels: UInt16, sampleRate: UInt32, dataSize: UInt32? = nil
    ) -> [UInt8] {
        let size = dataSize ?? UInt32(data.count)
        let frame = channels &* (bits / 8)
        return Array("RIFF".utf8) + little(size > .max - 36 ? .max : size + 36) + Array("WAVEfmt ".utf8)
            + little(UInt32(16))
            + little(formatTag) + little(channels) + little(sampleRate) + little(sampleRate &* UInt32(frame))
            + little(frame) + little(bits) + Array("data".utf8) + little(size) + data
    }

    /// 32-bit float samples, interleaved.
    static func floats(_ samples: [Float], channels: Int = 1, sampleRate: Int = 32000) -> [UInt8] {
        bytes(
            data: samples.flatMap { little($0.bitPattern) }, formatTag: 3, bits: 32, channels: UInt16(channels),
            sampleRate: UInt32(sampleRate))
    }

    /// 16-bit samples, interleaved.
    static func integers(_ samples: [Int16], channels: Int = 1, sampleRate: Int = 32000) -> [UInt8] {
        bytes(
            data: samples.flatMap { little(UInt16(bitPattern: $0)) }, formatTag: 1, bits: 16,
            channels: UInt16(channels), sampleRate: UInt32(sampleRate))
    }

    static func little<Value: FixedWidthInteger>(_ value: Value) -> [UInt8] {
        withUnsafeBytes(of: value.littleEndian) { Array($0) }
    }
}

/// The largest difference, and how two signals correlate.
func compare(_ a: some Collection<Float>, _ b: some Collection<Float>) -> (maximumError: Float, correlation: Double) {
    var (error, ab, aa, bb): (Float, Double, Double, Double) = (0, 0, 0, 0)
    for (x, y) in zip(a, b) {
        error = max(error, abs(x - y))
        ab += Double(x) * Double(y)
        aa += Double(x) * Double(x)
        bb += Double(y) * Double(y)
    }
    return (error, ab / (aa * bb).squareRoot())
}

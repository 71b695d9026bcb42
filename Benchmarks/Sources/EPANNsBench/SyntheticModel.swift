import EPANNs

/// A network with random weights, for timing only: its tags mean nothing.
enum SyntheticModel {
    /// Makes a named network.
    ///
    /// See `ModelGraph.randomWeights`; the first norm has the statistics of a spectrogram in dB.
    ///
    /// - Parameter seed: Equal seeds give equal weights.
    /// - Throws: `EPANNsError` with code `invalidConfiguration` for an unknown name.
    static func make(named name: String, seed: UInt64 = 2023) throws -> Model {
        guard let configuration = ModelConfiguration.named(name) else {
            throw EPANNsError(
                .invalidConfiguration,
                "There is no network \(name); known are \(ModelConfiguration.architectureNames.joined(separator: ", "))."
            )
        }
        let weights = try configuration.graph().randomWeights(seed: seed, inputNorm: "bn0")
        return try Model(name: name, configuration: configuration, weights: weights)
    }

    /// A made-up recording: noise with two gliding tones, samples in −1…1.
    static func waveform(sampleCount: Int, seed: UInt64 = 1) -> [Float] {
        var source = SeededGenerator(seed: seed)
        var samples = source.floats(sampleCount, in: -0.1...0.1)
        var phases: (Float, Float) = (0, 0)
        for index in samples.indices {
            let progress = Float(index) / Float(sampleCount)
            phases = (
                (phases.0 + 0.01 + 0.2 * progress).truncatingRemainder(dividingBy: 1),
                (phases.1 + 0.15 - 0.1 * progress).truncatingRemainder(dividingBy: 1)
            )
            // Triangles: tones with overtones, without a call of sin.
            samples[index] += 0.4 * (4 * abs(phases.0 - 0.5) - 1) + 0.2 * (4 * abs(phases.1 - 0.5) - 1)
        }
        return samples
    }
}

/// SplitMix64 (Steele, Lea, Flood 2014): small, seedable, the same on every machine.
struct SeededGenerator {
    private var state: UInt64

    init(seed: UInt64) { state = seed }

    private mutating func next() -> UInt64 {
        state &+= 0x9E37_79B9_7F4A_7C15
        var z = state
        z = (z ^ (z >> 30)) &* 0xBF58_476D_1CE4_E5B9
        z = (z ^ (z >> 27)) &* 0x94D0_49BB_1331_11EB
        return z ^ (z >> 31)
    }

    /// Numbers evenly spread over a range.
    mutating func floats(_ count: Int, in range: ClosedRange<Float>) -> [Float] {
        let width = range.upperBound - range.lowerBound
        return (0..<count).map { _ in range.lowerBound + width * Float(next() >> 40) * 0x1p-24 }
    }
}

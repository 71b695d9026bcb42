import EPANNsCore
import EPANNsData
import EPANNsGraph
import Foundation

/// Changes to a clip's waveform before the front end; all off by default but the random crop.
///
/// In this order: crop (by the loader), shift, noise, gain. None of it is part of PANNs' recipe.
/// Test: `WaveformAugmentationTests`.
public struct WaveformAugmentation: Sendable, Hashable, Codable {
    /// A shift in time.
    public struct Shift: Sendable, Hashable, Codable {
        /// The farthest shift either way, in seconds.
        public var maximumSeconds: Double
        /// Whether what leaves at one end comes in at the other; otherwise zeros come in.
        public var isCircular: Bool

        /// Makes a shift.
        public init(maximumSeconds: Double, isCircular: Bool = true) {
            self.maximumSeconds = maximumSeconds
            self.isCircular = isCircular
        }
    }

    /// Whether a clip that is longer than the window is cut at a random place; otherwise at its start.
    public var cropsRandomly: Bool
    /// The gain, uniform in these decibels; nil for none.
    public var gainDecibels: ClosedRange<Double>?
    /// The shift; nil for none.
    public var shift: Shift?
    /// White noise at a ratio of signal to noise that is uniform in these decibels; nil for none.
    ///
    /// A silent clip stays silent.
    public var noiseSNRDecibels: ClosedRange<Double>?

    private enum CodingKeys: String, CodingKey {
        case cropsRandomly, gainDecibels, shift
        case noiseSNRDecibels = "noiseSnrDecibels"
    }

    /// Makes a configuration.
    public init(
        cropsRandomly: Bool = true, gainDecibels: ClosedRange<Double>? = nil, shift: Shift? = nil,
        noiseSNRDecibels: ClosedRange<Double>? = nil
    ) {
        self.cropsRandomly = cropsRandomly
        self.gainDecibels = gainDecibels
        self.shift = shift
        self.noiseSNRDecibels = noiseSNRDecibels
    }

    /// Checks the numbers, which may come from a file.
    ///
    /// - Throws: `EPANNsError` with code `invalidConfiguration`.
    public func validate() throws {
        let ranges = [gainDecibels, noiseSNRDecibels].compactMap { $0 }
        let seconds = shift?.maximumSeconds ?? 0
        guard ranges.allSatisfy({ $0.lowerBound >= -200 && $0.upperBound <= 200 }), (0...86400).contains(seconds) else {
            throw EPANNsError(
                .invalidConfiguration,
                "Gain and signal-to-noise ratio lie within ±200 dB, a shift within a day; one of them does not.")
        }
    }

    /// Changes a clip in place.
    ///
    /// - Parameters:
    ///   - clip: Shape `(samples)`.
    ///   - sampleRate: In Hz.
    ///   - random: The clip's stream.
    package func apply(to clip: UnsafeMutableBufferPointer<Float>, sampleRate: Int, using random: inout CounterRandom) {
        guard !clip.isEmpty else { return }
        if let shift {
            let limit = min(Int(shift.maximumSeconds * Double(sampleRate)), clip.count)
            Self.shift(clip, by: random.integer(below: 2 * limit + 1) - limit, isCircular: shift.isCircular)
        }
        if let range = noiseSNRDecibels {
            let ratio = range.lowerBound + (range.upperBound - range.lowerBound) * random.uniform()
            var energy = 0.0
            for sample in clip { energy += Double(sample) * Double(sample) }
            let deviation = (energy / Double(clip.count)).squareRoot() * pow(10, -ratio / 20)
            if deviation > 0 { Self.addNoise(to: clip, deviation: deviation, using: &random) }
        }
        if let range = gainDecibels {
            let decibels = range.lowerBound + (range.upperBound - range.lowerBound) * random.uniform()
            let factor = Float(pow(10, decibels / 20))
            for index in clip.indices { clip[index] *= factor }
        }
    }

    /// Moves samples to later places, or earlier ones for a negative distance.
    static func shift(_ clip: UnsafeMutableBufferPointer<Float>, by distance: Int, isCircular: Bool) {
        guard distance != 0, !clip.isEmpty else { return }
        let original = Array(clip)
        for index in clip.indices {
            let source = index - distance
            if isCircular {
                clip[index] = original[((source % clip.count) + clip.count) % clip.count]
            } else {
                clip[index] = original.indices.contains(source) ? original[source] : 0
            }
        }
    }

    private static func addNoise(
        to clip: UnsafeMutableBufferPointer<Float>, deviation: Double, using random: inout CounterRandom
    ) {
        // Box and Muller: two normal numbers of two uniform ones, without rejection.
        for index in stride(from: 0, to: clip.count, by: 2) {
            let radius = (-2 * log(1 - random.uniform())).squareRoot() * deviation
            let angle = 2 * Double.pi * random.uniform()
            clip[index] += Float(radius * cos(angle))
            if index + 1 < clip.count { clip[index + 1] += Float(radius * sin(angle)) }
        }
    }
}

/// What one pass over a signal tells of it: level, offset, extremes, and how much of it lies at full scale.
///
/// Test: `AudioDoctorTests`.
struct SampleStatistics: Sendable {
    /// Magnitude from which on a sample is at full scale; a codec leaves clipped peaks a little off it.
    static let fullScale: Float = 0.98
    /// Where the stretch below full scale begins that it is compared with.
    static let nearFullScale: Float = 0.9
    /// Half a step of 16 bits, below which a sample is digital silence.
    static let silence: Float = 0x1p-16

    private(set) var count = 0
    private(set) var smallest = Float.infinity
    private(set) var largest = -Float.infinity
    /// Samples that are digital silence.
    private(set) var silentCount = 0
    /// Samples at full scale, and between ``nearFullScale`` and that.
    private(set) var fullCount = 0
    private(set) var nearCount = 0
    /// Samples at full scale in rows of three and more of the same value, and the number of those rows.
    private(set) var flatCount = 0
    private(set) var flatRows = 0
    private var sum = 0.0
    private var squares = 0.0
    private var last = Float.nan
    private var row = 0

    /// The mean.
    var mean: Double { count > 0 ? sum / Double(count) : 0 }
    /// The mean square about the mean; 0 where it is no more than the rounding of the squares.
    var variance: Double {
        guard count > 0 else { return 0 }
        let square = squares / Double(count)
        let variance = square - mean * mean
        return variance > 1e-6 * square ? variance : 0
    }
    /// Largest distance from the mean.
    var peak: Double { count > 0 ? max(Double(largest) - mean, mean - Double(smallest)) : 0 }
    /// Largest magnitude.
    var magnitude: Float { count > 0 ? max(abs(largest), abs(smallest)) : 0 }
    /// Whether all samples are the same.
    var isConstant: Bool { largest <= smallest }

    /// Takes the next samples.
    mutating func take(_ samples: UnsafeBufferPointer<Float>) {
        // Float sums of pieces this short are exact to 1e-6, and the pieces are added in Double.
        let piece = 512
        var start = 0
        while start < samples.count {
            let end = min(samples.count, start + piece)
            takePiece(UnsafeBufferPointer(rebasing: samples[start..<end]))
            start = end
        }
    }

    private mutating func takePiece(_ samples: UnsafeBufferPointer<Float>) {
        var low = SIMD8<Float>(repeating: .infinity)
        var high = SIMD8<Float>(repeating: -.infinity)
        var sums = SIMD8<Float>.zero
        var powers = SIMD8<Float>.zero
        var silent = SIMD8<Int32>.zero
        let threshold = SIMD8<Float>(repeating: Self.silence)
        let raw = UnsafeRawBufferPointer(samples)
        var index = 0
        while index + 8 <= samples.count {
            let values = raw.loadUnaligned(fromByteOffset: index * 4, as: SIMD8<Float>.self)
            // Not pointwiseMin, which the compiler calls lane by lane.
            low.replace(with: values, where: values .< low)
            high.replace(with: values, where: values .> high)
            sums += values
            powers += values * values
            silent.replace(with: silent &+ 1, where: (values .< threshold) .& (values .> -threshold))
            index += 8
        }
        var (lowest, highest) = (low.min(), high.max())
        var (total, power) = (Double(sums.sum()), Double(powers.sum()))
        silentCount += Int(silent.wrappedSum())
        while index < samples.count {
            let value = samples[index]
            lowest = min(lowest, value)
            highest = max(highest, value)
            total += Double(value)
            power += Double(value * value)
            if abs(value) < Self.silence { silentCount += 1 }
            index += 1
        }
        smallest = min(smallest, lowest)
        largest = max(largest, highest)
        sum += total
        squares += power
        count += samples.count
        // Few pieces come near full scale, and only those are looked at sample by sample.
        if highest >= Self.nearFullScale || lowest <= -Self.nearFullScale {
            countFullScale(samples)
        } else {
            row = 0
            last = .nan
        }
    }

    private mutating func countFullScale(_ samples: UnsafeBufferPointer<Float>) {
        for value in samples {
            let magnitude = abs(value)
            guard magnitude >= Self.nearFullScale else {
                row = 0
                last = value
                continue
            }
            if magnitude < Self.fullScale {
                nearCount += 1
                row = 0
            } else {
                fullCount += 1
                row = value == last ? row + 1 : 1
                // The third brings the two before it.
                if row == 3 {
                    flatRows += 1
                    flatCount += 3
                } else if row > 3 {
                    flatCount += 1
                }
            }
            last = value
        }
    }
}

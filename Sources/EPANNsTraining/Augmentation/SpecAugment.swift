import EPANNsCore
import EPANNsGraph

/// SpecAugment as PANNs have it: stripes of time and of mel that are set to zero behind `bn0` (SPEC §1.7).
///
/// torchlibrosa's `SpecAugmentation` (`DropStripes`): of each stripe the width is uniform in `0..<W`, may be zero, and
/// its start is uniform in `0..<total − width`. Drawn for every clip by itself. Test: `SpecAugmentTests`.
public struct SpecAugment: Sendable, Hashable, Codable {
    /// A stripe of time is narrower than this, in frames.
    public var timeWidth: Int
    /// Stripes of time in a clip.
    public var timeStripeCount: Int
    /// A stripe of mel is narrower than this, in bands.
    public var melWidth: Int
    /// Stripes of mel in a clip.
    public var melStripeCount: Int

    /// Makes a configuration; the defaults are PANNs' for 64 bands.
    public init(timeWidth: Int = 64, timeStripeCount: Int = 2, melWidth: Int = 8, melStripeCount: Int = 2) {
        self.timeWidth = timeWidth
        self.timeStripeCount = timeStripeCount
        self.melWidth = melWidth
        self.melStripeCount = melStripeCount
    }

    /// PANNs' numbers for a front end: mel stripes narrower than an eighth of the bands (4, 8, 16 for 32, 64, 128).
    public static func panns(melBands: Int) -> SpecAugment { SpecAugment(melWidth: max(1, melBands / 8)) }

    /// Checks the numbers, which may come from a file.
    ///
    /// - Throws: `EPANNsError` with code `invalidConfiguration`.
    public func validate() throws {
        guard (1...100_000).contains(timeWidth), (1...100_000).contains(melWidth),
            (0...1000).contains(timeStripeCount), (0...1000).contains(melStripeCount)
        else {
            throw EPANNsError(
                .invalidConfiguration,
                "SpecAugment with \(timeStripeCount.counted("time stripe")) below \(timeWidth.counted("frame")) and "
                    + "\(melStripeCount.counted("mel stripe")) below \(melWidth.counted("band")) is invalid; widths are at least 1."
            )
        }
    }

    /// Draws the stripes of one clip.
    ///
    /// The reference fails on a clip that is not longer than the widest stripe; here stripes are then narrower.
    ///
    /// - Parameters:
    ///   - frames: Frames of the clip, at least 1.
    ///   - mels: Mel bands, at least 1.
    ///   - random: The clip's stream.
    package func stripes(frames: Int, mels: Int, using random: inout CounterRandom) -> SpecAugmentStripes {
        func draw(_ total: Int, _ width: Int, _ count: Int) -> [Range<Int>] {
            (0..<count).map { _ in
                let length = random.integer(below: min(width, total))
                let start = random.integer(below: total - length)
                return start..<start + length
            }
        }
        let time = draw(frames, timeWidth, timeStripeCount)
        return SpecAugmentStripes(time: time, mel: draw(mels, melWidth, melStripeCount))
    }
}

/// The stripes of one clip; they may overlap or be empty.
package struct SpecAugmentStripes: Sendable, Hashable, Codable {
    /// Frames that are dropped in all bands.
    package var time: [Range<Int>]
    /// Bands that are dropped in all frames.
    package var mel: [Range<Int>]

    /// Makes stripes.
    package init(time: [Range<Int>], mel: [Range<Int>]) {
        self.time = time
        self.mel = mel
    }

    /// Sets the stripes to zero: in the features behind `bn0`, and in their gradient in the backward pass.
    ///
    /// - Parameters:
    ///   - clip: Shape `(frames, mels)`, row-major.
    ///   - mels: Number of mel bands.
    package func apply(to clip: UnsafeMutableBufferPointer<Float>, mels: Int) {
        precondition(mels > 0 && clip.count % mels == 0, "Not a clip of whole frames")
        let frames = clip.count / mels
        for range in time {
            precondition(range.lowerBound >= 0 && range.upperBound <= frames, "A stripe outside the clip")
            clip[range.lowerBound * mels..<range.upperBound * mels].update(repeating: 0)
        }
        for range in mel where !range.isEmpty {
            precondition(range.lowerBound >= 0 && range.upperBound <= mels, "A stripe outside the bands")
            for frame in 0..<frames { for band in range { clip[frame * mels + band] = 0 } }
        }
    }
}

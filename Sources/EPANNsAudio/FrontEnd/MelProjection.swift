/// The product of a power spectrum with a mel filter bank, over the non-zero weights only.
///
/// A triangle covers few bins: 866 weights of 513·64 are not zero. Each band keeps the run from its first to its
/// last non-zero weight, lengthened with zeros to a multiple of the vector width.
struct MelProjection: Sendable {
    static let lanes = 8

    let melBands: Int
    /// Floats that a power spectrum must have, so that lengthened runs stay inside.
    let spectrumCount: Int
    private let firstBins: [Int]
    private let vectorCounts: [Int]
    private let weights: AlignedFloats

    init(_ bank: MelFilterBank) {
        melBands = bank.melBands
        var firstBins: [Int] = []
        var vectorCounts: [Int] = []
        var packed: [Float] = []
        for band in 0..<bank.melBands {
            let column = (0..<bank.binCount).map { bank.weights[$0 * bank.melBands + band] }
            guard let first = column.firstIndex(where: { $0 != 0 }), let last = column.lastIndex(where: { $0 != 0 })
            else {
                firstBins.append(0)
                vectorCounts.append(0)
                continue
            }
            let vectors = (last - first + Self.lanes) / Self.lanes
            firstBins.append(first)
            vectorCounts.append(vectors)
            packed += column[first...last]
            packed += [Float](repeating: 0, count: vectors * Self.lanes - (last - first + 1))
        }
        self.firstBins = firstBins
        self.vectorCounts = vectorCounts
        weights = AlignedFloats(packed)
        spectrumCount = bank.binCount + Self.lanes
    }

    /// Writes `melBands` sums to `row`.
    @inline(__always)
    func project(_ power: UnsafePointer<Float>, into row: UnsafeMutablePointer<Float>) {
        var weight = UnsafeRawPointer(weights.pointer)
        firstBins.withUnsafeBufferPointer { firstBins in
            vectorCounts.withUnsafeBufferPointer { vectorCounts in
                for band in 0..<melBands {
                    var bin = UnsafeRawPointer(power + firstBins[band])
                    var sum = SIMD8<Float>(repeating: 0)
                    for _ in 0..<vectorCounts[band] {
                        sum +=
                            bin.loadUnaligned(as: SIMD8<Float>.self) * weight.loadUnaligned(as: SIMD8<Float>.self)
                        bin += Self.lanes * 4
                        weight += Self.lanes * 4
                    }
                    let four = sum.lowHalf + sum.highHalf
                    row[band] = (four[0] + four[2]) + (four[1] + four[3])
                }
            }
        }
    }
}

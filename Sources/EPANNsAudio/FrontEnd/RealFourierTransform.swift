import CFFmpeg
import EPANNsGraph

/// A forward real Fourier transform of a fixed length, not normalised: `X[k] = Σ x[n]·exp(−2πi·kn/N)`.
///
/// libavutil's `AV_TX_FLOAT_RDFT` with scale 1: `count` floats in, `count/2 + 1` complex numbers out as pairs of
/// floats (the imaginary parts of the first and last are zero, not packed into one another). Its arrays must be
/// aligned for the widest vectors, and a context holds scratch space, so one thread at a time.
/// Test: `RealFourierTransformTests`.
package final class RealFourierTransform: @unchecked Sendable {
    /// Length of the input.
    package let count: Int
    private let inputStorage: AlignedFloats
    private let outputStorage: AlignedFloats
    private var context: OpaquePointer?
    private var function: av_tx_fn?

    /// The input, `count` floats; the transform leaves it unchanged.
    package var input: UnsafeMutablePointer<Float> { inputStorage.pointer }
    /// The output, `count + 2` floats, real and imaginary parts by turns.
    package var output: UnsafeMutablePointer<Float> { outputStorage.pointer }

    /// Plans a transform.
    ///
    /// - Throws: ``EPANNsGraph/EPANNsError`` with code `backendFailure` when libavutil has none of this length.
    package init(count: Int) throws {
        self.count = count
        inputStorage = AlignedFloats(count: count)
        // Room beyond the end: vector loads of whole rows may read there.
        outputStorage = AlignedFloats(count: count + 32)
        var scale: Float = 1
        let status = av_tx_init(&context, &function, AV_TX_FLOAT_RDFT, 0, Int32(count), &scale, 0)
        try check(status, "av_tx_init")
        if function == nil {
            throw EPANNsError(.backendFailure, "libavutil offers no real Fourier transform of length \(count).")
        }
    }

    deinit { av_tx_uninit(&context) }

    /// Transforms ``input`` into ``output``.
    @inline(__always)
    package func execute() {
        epanns_transform(function, context, output, input)
    }
}

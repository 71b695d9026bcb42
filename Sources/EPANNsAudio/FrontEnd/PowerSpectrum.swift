internal import CFFmpeg
import EPANNsCore
import EPANNsGraph
import Foundation

/// The power spectrum of a real signal: `|X[k]|²`, `X[k] = Σ x[n]·exp(−2πi·kn/N)`, `k` in 0...N/2, not normalised.
///
/// The even samples become the real parts and the odd ones the imaginary parts of N/2 complex numbers; libavutil's
/// complex transform, which has vector code for every processor, takes those, and one pass separates the two
/// spectra, joins them and squares. Lengths that are not a power of two are left to ``ChirpSpectrum``. libavutil's own real transform (FFmpeg 5.1) does that pass in scalar code, as
/// long as the transform itself takes. Its arrays must be aligned for the widest vectors, and a context holds scratch
/// space, so one thread at a time. Test: `PowerSpectrumTests`.
package final class PowerSpectrum: @unchecked Sendable {
    /// Length of the input, even, at least 32.
    package let count: Int
    private let inputStorage: AlignedFloats
    private let complexStorage: AlignedFloats
    private let powerStorage: AlignedFloats
    /// `exp(−2πi·k/N)` for `k` in 1...N/4: real parts, then imaginary parts.
    private let twiddles: AlignedFloats
    /// What computes lengths that are not a power of two.
    private let chirp: ChirpSpectrum?
    private var context: OpaquePointer?
    private var function: av_tx_fn?

    /// The input, `count` floats, **halved** (a window does that without a rounding).
    package var halfInput: UnsafeMutablePointer<Float> { inputStorage.pointer }
    /// The output, `count/2 + 1` floats and a few zeros behind them, so that vectors may read across its end.
    package var power: UnsafeMutablePointer<Float> { powerStorage.pointer }

    /// Plans a transform.
    ///
    /// - Throws: `EPANNsError` with code `backendFailure` when libavutil has none of this length.
    package init(count: Int) throws {
        precondition(count >= 32 && count % 2 == 0, "The length is even")
        self.count = count
        let isPowerOfTwo = count & (count - 1) == 0
        chirp = isPowerOfTwo ? nil : try ChirpSpectrum(count: count)
        inputStorage = AlignedFloats(count: count)
        complexStorage = AlignedFloats(count: count)
        powerStorage = AlignedFloats(count: count / 2 + 1 + MelProjection.lanes)
        let angles = (1...count / 4).map { -2 * Double.pi * Double($0) / Double(count) }
        twiddles = AlignedFloats(angles.map { Float(cos($0)) } + angles.map { Float(sin($0)) })
        guard isPowerOfTwo else { return }
        var scale: Float = 1
        try check(av_tx_init(&context, &function, AV_TX_FLOAT_FFT, 0, Int32(count / 2), &scale, 0), "av_tx_init")
        if function == nil {
            throw EPANNsError(.backendFailure, "libavutil offers no Fourier transform of length \(count / 2).")
        }
    }

    deinit { av_tx_uninit(&context) }

    /// Transforms ``halfInput`` into ``power``.
    @inline(__always)
    package func execute() {
        if let chirp { return chirp.execute(inputStorage.pointer, into: powerStorage.pointer) }
        epanns_transform(function, context, complexStorage.pointer, inputStorage.pointer)
        let half = count / 2
        let z = complexStorage.pointer
        let power = powerStorage.pointer
        let cosines = UnsafeRawPointer(twiddles.pointer)
        let sines = UnsafeRawPointer(twiddles.pointer + half / 2)
        // The mean of a spectrum and its mirror image loses its factor ½ to the input's, except at the ends.
        let (first, last) = (2 * (z[0] + z[1]), 2 * (z[0] - z[1]))
        power[0] = first * first
        power[half] = last * last
        var bin = 1
        while bin < half / 2 {
            let a = UnsafeRawPointer(z + 2 * bin).loadUnaligned(as: SIMD16<Float>.self)
            let b = UnsafeRawPointer(z + 2 * (half - bin - 7)).loadUnaligned(as: SIMD16<Float>.self)
            let (aReal, aImaginary) = (a.evenHalf, a.oddHalf)
            let (bReal, bImaginary) = (Self.reversed(b.evenHalf), Self.reversed(b.oddHalf))
            let evenReal = aReal + bReal
            let evenImaginary = aImaginary - bImaginary
            let oddReal = aImaginary + bImaginary
            let oddImaginary = bReal - aReal
            let cosine = (cosines + 4 * (bin - 1)).loadUnaligned(as: SIMD8<Float>.self)
            let sine = (sines + 4 * (bin - 1)).loadUnaligned(as: SIMD8<Float>.self)
            let turnedReal = cosine * oddReal - sine * oddImaginary
            let turnedImaginary = cosine * oddImaginary + sine * oddReal
            let sumReal = evenReal + turnedReal
            let sumImaginary = evenImaginary + turnedImaginary
            let differenceReal = evenReal - turnedReal
            let differenceImaginary = evenImaginary - turnedImaginary
            UnsafeMutableRawPointer(power + bin).storeBytes(
                of: sumReal * sumReal + sumImaginary * sumImaginary, as: SIMD8<Float>.self)
            UnsafeMutableRawPointer(power + half - bin - 7).storeBytes(
                of: Self.reversed(differenceReal * differenceReal + differenceImaginary * differenceImaginary),
                as: SIMD8<Float>.self)
            bin += 8
        }
    }

    @inline(__always)
    private static func reversed(_ v: SIMD8<Float>) -> SIMD8<Float> {
        SIMD8(v[7], v[6], v[5], v[4], v[3], v[2], v[1], v[0])
    }
}

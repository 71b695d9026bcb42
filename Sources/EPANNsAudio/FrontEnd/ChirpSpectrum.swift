internal import CFFmpeg
import EPANNsCore
import Foundation

/// The power spectrum of a real signal of any length, by Bluestein's algorithm.
///
/// `nk = (n² + k² − (k − n)²) / 2` makes a transform of N points a convolution with a chirp, which two transforms of a
/// power of two compute. libavutil has a transform of every length, too, but those with a large prime factor (ERANNs' 1380
/// = 60 · 23) compute every product anew: 30 ms a frame instead of some 0.1. In Float64, so that the detour costs no
/// accuracy; a chirp's squares are reduced modulo 2N as integers. One thread at a time. Test: `PowerSpectrumTests`.
final class ChirpSpectrum: @unchecked Sendable {
    private let count: Int
    /// Length of the convolution, a power of two.
    private let length: Int
    /// `exp(−πi·n²/N)` for `n` in 0..<N, as pairs of real and imaginary part.
    private let chirp: [Double]
    /// The transform of the chirp's conjugate, divided by `length`.
    private let filter: AlignedDoubles
    private let input: AlignedDoubles
    private let output: AlignedDoubles
    private var forward: OpaquePointer?
    private var backward: OpaquePointer?
    private var forwardFunction: av_tx_fn?
    private var backwardFunction: av_tx_fn?

    init(count: Int) throws {
        self.count = count
        var length = 1
        while length < 2 * count - 1 { length *= 2 }
        self.length = length
        chirp = (0..<count).flatMap { n -> [Double] in
            let angle = -Double.pi * Double(n * n % (2 * count)) / Double(count)
            return [cos(angle), sin(angle)]
        }
        filter = AlignedDoubles(count: 2 * length)
        input = AlignedDoubles(count: 2 * length)
        output = AlignedDoubles(count: 2 * length)
        var scale = 1.0
        try check(
            av_tx_init(&forward, &forwardFunction, AV_TX_DOUBLE_FFT, 0, Int32(length), &scale, 0), "av_tx_init")
        try check(
            av_tx_init(&backward, &backwardFunction, AV_TX_DOUBLE_FFT, 1, Int32(length), &scale, 0), "av_tx_init")
        for n in 0..<count {
            // The convolution is circular: distances below zero lie at its end.
            for place in n == 0 ? [0] : [n, length - n] {
                input.pointer[2 * place] = chirp[2 * n] / Double(length)
                input.pointer[2 * place + 1] = -chirp[2 * n + 1] / Double(length)
            }
        }
        epanns_transform_double(forwardFunction, forward, filter.pointer, input.pointer)
    }

    deinit {
        av_tx_uninit(&forward)
        av_tx_uninit(&backward)
    }

    /// Transforms `samples`, which are **halved** as ``PowerSpectrum/halfInput`` is, into N/2 + 1 powers.
    func execute(_ samples: UnsafePointer<Float>, into power: UnsafeMutablePointer<Float>) {
        let (x, y, h) = (input.pointer, output.pointer, filter.pointer)
        for n in 0..<count {
            let value = 2 * Double(samples[n])
            x[2 * n] = value * chirp[2 * n]
            x[2 * n + 1] = value * chirp[2 * n + 1]
        }
        (x + 2 * count).update(repeating: 0, count: 2 * (length - count))
        epanns_transform_double(forwardFunction, forward, y, x)
        for k in 0..<length {
            let (real, imaginary) = (y[2 * k], y[2 * k + 1])
            x[2 * k] = real * h[2 * k] - imaginary * h[2 * k + 1]
            x[2 * k + 1] = real * h[2 * k + 1] + imaginary * h[2 * k]
        }
        epanns_transform_double(backwardFunction, backward, y, x)
        // The last chirp has modulus 1 and does not change the power.
        for k in 0...count / 2 { power[k] = Float(y[2 * k] * y[2 * k] + y[2 * k + 1] * y[2 * k + 1]) }
    }
}

/// Doubles that libavutil's vector code may read, zero at first.
private final class AlignedDoubles: @unchecked Sendable {
    let pointer: UnsafeMutablePointer<Double>

    init(count: Int) {
        let raw = UnsafeMutableRawPointer.allocate(byteCount: count * MemoryLayout<Double>.stride, alignment: 64)
        pointer = raw.initializeMemory(as: Double.self, repeating: 0, count: count)
    }

    deinit { UnsafeMutableRawPointer(pointer).deallocate() }
}

import EPANNsCore
import EPANNsModels

/// 16-bit samples as PANNs' packs have them (SPEC §1.6); not the usual 32768 convention.
///
/// Test: `WaveformQuantizationTests`.
package enum WaveformQuantization {
    /// The loudest sample that the reference accepts before clipping.
    package static let loudest: Float = 1.2

    /// `trunc(clip(x, ±1)·32767)`.
    package static func quantize(_ sample: Float) -> Int16 {
        Int16(max(-1, min(1, sample)) * 32767)
    }

    /// `q / 32767`.
    package static func sample(_ value: Int16) -> Float { Float(value) / 32767 }

    /// Takes every `step`-th value, beginning with the first, as PANNs' 16 and 8 kHz training does, without a filter.
    package static func samples(
        of values: UnsafePointer<Int16>, step: Int = 1, into output: UnsafeMutableBufferPointer<Float>
    ) {
        if step == 1 {
            for index in output.indices { output[index] = sample(values[index]) }
        } else {
            for index in output.indices { output[index] = sample(values[index * step]) }
        }
    }
}

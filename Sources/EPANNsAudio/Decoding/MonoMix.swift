import CFFmpeg
import EPANNsCore
import EPANNsGraph

/// The mean of a decoded frame's channels, in Float32.
///
/// A plain mean before any resampling, as librosa's `load(mono=True)` does it (SPEC §1.6): not swresample's
/// down-mix, which weighs centre and surround channels and leaves the low-frequency one out. Integers are scaled so
/// that their full scale is 1.
enum MonoMix {
    static func samples(of frame: UnsafePointer<AVFrame>) throws -> [Float] {
        let channels = Int(epanns_frame_channels(frame))
        let count = Int(frame.pointee.nb_samples)
        guard AudioLimits.channels.contains(channels), count >= 0, let planes = frame.pointee.extended_data else {
            throw EPANNsError(
                .invalidAudio,
                "The decoder gave a frame of \(count) samples and \(channels) channels, which makes no sense; "
                    + "the file is damaged.")
        }
        let format = AVSampleFormat(rawValue: frame.pointee.format)
        let isPlanar = av_sample_fmt_is_planar(format) != 0
        for plane in 0..<(isPlanar ? channels : 1) where planes[plane] == nil {
            throw EPANNsError(.invalidAudio, "The decoder gave a frame without samples; the file is damaged.")
        }
        func mix<Stored>(_ type: Stored.Type, _ convert: (Stored) -> Float) -> [Float] {
            Self.mix(planes, count, channels, isPlanar, convert)
        }
        switch format {
        case AV_SAMPLE_FMT_U8, AV_SAMPLE_FMT_U8P: return mix(UInt8.self) { (Float($0) - 128) * 0x1p-7 }
        case AV_SAMPLE_FMT_S16, AV_SAMPLE_FMT_S16P: return mix(Int16.self) { Float($0) * 0x1p-15 }
        case AV_SAMPLE_FMT_S32, AV_SAMPLE_FMT_S32P: return mix(Int32.self) { Float($0) * 0x1p-31 }
        case AV_SAMPLE_FMT_S64, AV_SAMPLE_FMT_S64P: return mix(Int64.self) { Float($0) * 0x1p-63 }
        case AV_SAMPLE_FMT_FLT, AV_SAMPLE_FMT_FLTP: return mix(Float.self) { $0 }
        case AV_SAMPLE_FMT_DBL, AV_SAMPLE_FMT_DBLP: return mix(Double.self) { Float($0) }
        default:
            throw EPANNsError(
                .unsupportedFormat,
                "The decoder gave samples in a format that is not known (\(frame.pointee.format)); "
                    + "convert the file to WAV or FLAC first.")
        }
    }

    @inline(__always)
    private static func mix<Stored>(
        _ planes: UnsafeMutablePointer<UnsafeMutablePointer<UInt8>?>, _ count: Int, _ channels: Int,
        _ isPlanar: Bool, _ convert: (Stored) -> Float
    ) -> [Float] {
        var result = [Float](repeating: 0, count: count)
        result.withUnsafeMutableBufferPointer { result in
            for channel in 0..<channels {
                guard let plane = planes[isPlanar ? channel : 0] else { continue }
                let stored = UnsafeRawPointer(plane).assumingMemoryBound(to: Stored.self)
                let (first, stride) = isPlanar ? (0, 1) : (channel, channels)
                for index in 0..<count { result[index] += convert(stored[first + index * stride]) }
            }
            if channels > 1 {
                let divisor = Float(channels)
                for index in 0..<count { result[index] /= divisor }
            }
        }
        return result
    }
}

internal import CFFmpeg
import EPANNsCore

/// The channels of a decoded frame, in Float32.
///
/// Integers are scaled so that their full scale is 1.
enum FrameSamples {
    static func block(of frame: UnsafePointer<AVFrame>, sampleRate: Int) throws -> ChannelBlock {
        let channels = Int(epanns_frame_channels(frame))
        let count = Int(frame.pointee.nb_samples)
        guard AudioLimits.channels.contains(channels), count >= 0, let planes = frame.pointee.extended_data else {
            throw EPANNsError(
                .invalidAudio,
                "The decoder gave a frame of \(count.counted("sample")) and \(channels.counted("channel")); the file is "
                    + "damaged.")
        }
        let format = AVSampleFormat(rawValue: frame.pointee.format)
        let isPlanar = av_sample_fmt_is_planar(format) != 0
        for plane in 0..<(isPlanar ? channels : 1) where planes[plane] == nil {
            throw EPANNsError(.invalidAudio, "The decoder gave a frame without samples; the file is damaged.")
        }
        func read<Stored>(_ type: Stored.Type, _ convert: (Stored) -> Float) -> ChannelBlock {
            ChannelBlock(
                decoded: Self.read(planes, count, channels, isPlanar, convert), channelCount: channels,
                sampleRate: sampleRate)
        }
        switch format {
        case AV_SAMPLE_FMT_U8, AV_SAMPLE_FMT_U8P: return read(UInt8.self) { (Float($0) - 128) * 0x1p-7 }
        case AV_SAMPLE_FMT_S16, AV_SAMPLE_FMT_S16P: return read(Int16.self) { Float($0) * 0x1p-15 }
        case AV_SAMPLE_FMT_S32, AV_SAMPLE_FMT_S32P: return read(Int32.self) { Float($0) * 0x1p-31 }
        case AV_SAMPLE_FMT_S64, AV_SAMPLE_FMT_S64P: return read(Int64.self) { Float($0) * 0x1p-63 }
        case AV_SAMPLE_FMT_FLT, AV_SAMPLE_FMT_FLTP: return read(Float.self) { $0 }
        case AV_SAMPLE_FMT_DBL, AV_SAMPLE_FMT_DBLP: return read(Double.self) { Float($0) }
        default:
            throw EPANNsError(
                .unsupportedFormat,
                "The decoder gave samples in a format that is not known (\(frame.pointee.format)); "
                    + "convert the file to WAV or FLAC first.")
        }
    }

    @inline(__always)
    private static func read<Stored>(
        _ planes: UnsafeMutablePointer<UnsafeMutablePointer<UInt8>?>, _ count: Int, _ channels: Int,
        _ isPlanar: Bool, _ convert: (Stored) -> Float
    ) -> [Float] {
        [Float](unsafeUninitializedCapacity: channels * count) { result, initialized in
            for channel in 0..<channels {
                guard let plane = planes[isPlanar ? channel : 0] else { return }
                let stored = UnsafeRawPointer(plane).assumingMemoryBound(to: Stored.self)
                let (first, stride) = isPlanar ? (0, 1) : (channel, channels)
                let start = channel * count
                for index in 0..<count { result[start + index] = convert(stored[first + index * stride]) }
                initialized = start + count
            }
        }
    }
}

import EPANNsCore

/// The format of bare PCM samples: sample type, rate and number of interleaved channels.
///
/// Written as `type:rate:channels`, for example `s16le:16000:1` or `f32le:48000:2`, in FFmpeg's words.
public struct RawPCMFormat: Sendable, Hashable, CustomStringConvertible {
    /// How one sample is stored.
    public enum SampleType: String, Sendable, Hashable, CaseIterable {
        /// Unsigned, 8 bits, 128 is zero.
        case u8
        /// Signed, 8 bits.
        case s8
        /// Signed, 16 bits, little-endian.
        case s16le
        /// Signed, 16 bits, big-endian.
        case s16be
        /// Signed, 24 bits in three bytes, little-endian.
        case s24le
        /// Signed, 24 bits in three bytes, big-endian.
        case s24be
        /// Signed, 32 bits, little-endian.
        case s32le
        /// Signed, 32 bits, big-endian.
        case s32be
        /// Floating point, 32 bits, little-endian.
        case f32le
        /// Floating point, 32 bits, big-endian.
        case f32be
        /// Floating point, 64 bits, little-endian.
        case f64le
        /// Floating point, 64 bits, big-endian.
        case f64be

        /// Bytes of one sample of one channel.
        public var byteCount: Int {
            switch self {
            case .u8, .s8: 1
            case .s16le, .s16be: 2
            case .s24le, .s24be: 3
            case .s32le, .s32be, .f32le, .f32be: 4
            case .f64le, .f64be: 8
            }
        }
    }

    /// How one sample is stored.
    public var sampleType: SampleType
    /// Frames a second.
    public var sampleRate: Int
    /// Interleaved channels.
    public var channels: Int

    /// Makes a format.
    ///
    /// - Throws: `EPANNsError` with code `invalidConfiguration` when a number is out of range.
    public init(sampleType: SampleType, sampleRate: Int, channels: Int) throws {
        guard AudioLimits.sampleRates.contains(sampleRate) else {
            throw EPANNsError(
                .invalidConfiguration,
                "A sample rate of \(sampleRate) Hz is invalid; give \(AudioLimits.sampleRates.lowerBound) to "
                    + "\(AudioLimits.sampleRates.upperBound).")
        }
        guard AudioLimits.channels.contains(channels) else {
            throw EPANNsError(
                .invalidConfiguration,
                "\(channels) channels are invalid; give 1 to \(AudioLimits.channels.upperBound).")
        }
        self.sampleType = sampleType
        self.sampleRate = sampleRate
        self.channels = channels
    }

    /// Parses `type:rate:channels`.
    ///
    /// - Throws: `EPANNsError` with code `invalidConfiguration` that says which part is wrong.
    public init(parsing text: String) throws {
        let parts = text.split(separator: ":", omittingEmptySubsequences: false)
        guard parts.count == 3 else {
            throw EPANNsError(
                .invalidConfiguration,
                "\"\(text)\" is not a raw sample format; write type:rate:channels, for example s16le:16000:1.")
        }
        guard let type = SampleType(rawValue: String(parts[0])) else {
            let known = SampleType.allCases.map(\.rawValue).joined(separator: ", ")
            throw EPANNsError(
                .invalidConfiguration, "\"\(parts[0])\" in \"\(text)\" is not a sample type; it is one of \(known).")
        }
        guard let rate = Int(parts[1]) else {
            throw EPANNsError(
                .invalidConfiguration,
                "\"\(parts[1])\" in \"\(text)\" is not a sample rate; give a whole number of Hz, for example 16000.")
        }
        guard let channels = Int(parts[2]) else {
            throw EPANNsError(
                .invalidConfiguration,
                "\"\(parts[2])\" in \"\(text)\" is not a number of channels; give a whole number, for example 1.")
        }
        try self.init(sampleType: type, sampleRate: rate, channels: channels)
    }

    /// The format as text that ``init(parsing:)`` reads back.
    public var description: String { "\(sampleType.rawValue):\(sampleRate):\(channels)" }
}

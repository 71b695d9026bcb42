import EPANNsCore

/// Turns bare interleaved samples into Float32, channel by channel.
final class RawPCMDecoder: ChannelSource {
    private(set) var info: AudioSourceInfo
    private let format: RawPCMFormat
    private let stream: any ByteStream
    /// Bytes of a frame (one sample of every channel) that has not come whole yet.
    private var remainder: [UInt8] = []
    private var buffer = [UInt8](repeating: 0, count: 65536)

    init(_ stream: any ByteStream, format: RawPCMFormat) {
        self.stream = stream
        self.format = format
        info = AudioSourceInfo(
            container: "raw", codec: format.sampleType.rawValue, sampleRate: format.sampleRate,
            channels: format.channels)
    }

    func next() throws -> ChannelBlock? {
        let frameSize = format.sampleType.byteCount * format.channels
        while true {
            let count = try buffer.withUnsafeMutableBytes { try stream.read(into: $0) }
            if count == 0 {
                if !remainder.isEmpty {
                    info.warnings.append("The input ends in the middle of a sample; its last bytes were left out.")
                    remainder = []
                }
                return nil
            }
            remainder += buffer[..<count]
            let frames = remainder.count / frameSize
            if frames == 0 { continue }
            let samples = remainder.withUnsafeBytes { read($0, frames: frames) }
            remainder.removeFirst(frames * frameSize)
            return ChannelBlock(decoded: samples, channelCount: format.channels, sampleRate: format.sampleRate)
        }
    }

    private func read(_ bytes: UnsafeRawBufferPointer, frames: Int) -> [Float] {
        switch format.sampleType {
        case .u8: read(bytes, frames, UInt8.self) { (Float($0) - 128) * 0x1p-7 }
        case .s8: read(bytes, frames, Int8.self) { Float($0) * 0x1p-7 }
        case .s16le: read(bytes, frames, Int16.self) { Float(Int16(littleEndian: $0)) * 0x1p-15 }
        case .s16be: read(bytes, frames, Int16.self) { Float(Int16(bigEndian: $0)) * 0x1p-15 }
        case .s24le: read(bytes, frames, Packed24.self) { Float($0.littleEndian) * 0x1p-31 }
        case .s24be: read(bytes, frames, Packed24.self) { Float($0.bigEndian) * 0x1p-31 }
        case .s32le: read(bytes, frames, Int32.self) { Float(Int32(littleEndian: $0)) * 0x1p-31 }
        case .s32be: read(bytes, frames, Int32.self) { Float(Int32(bigEndian: $0)) * 0x1p-31 }
        case .f32le: read(bytes, frames, UInt32.self) { Float(bitPattern: UInt32(littleEndian: $0)) }
        case .f32be: read(bytes, frames, UInt32.self) { Float(bitPattern: UInt32(bigEndian: $0)) }
        case .f64le: read(bytes, frames, UInt64.self) { Float(Double(bitPattern: UInt64(littleEndian: $0))) }
        case .f64be: read(bytes, frames, UInt64.self) { Float(Double(bitPattern: UInt64(bigEndian: $0))) }
        }
    }

    @inline(__always)
    private func read<Stored: BitwiseCopyable>(
        _ bytes: UnsafeRawBufferPointer, _ frames: Int, _ type: Stored.Type, _ convert: (Stored) -> Float
    ) -> [Float] {
        let channels = format.channels
        let size = format.sampleType.byteCount
        return [Float](unsafeUninitializedCapacity: channels * frames) { result, initialized in
            for channel in 0..<channels {
                for frame in 0..<frames {
                    result[channel * frames + frame] = convert(
                        bytes.loadUnaligned(fromByteOffset: (frame * channels + channel) * size, as: Stored.self))
                }
            }
            initialized = channels * frames
        }
    }
}

/// Three bytes of a 24-bit sample, given as 32 bits with the lowest byte zero.
private struct Packed24: BitwiseCopyable {
    var first: UInt8
    var second: UInt8
    var third: UInt8

    var littleEndian: Int32 {
        Int32(bitPattern: UInt32(third) << 24 | UInt32(second) << 16 | UInt32(first) << 8)
    }
    var bigEndian: Int32 {
        Int32(bitPattern: UInt32(first) << 24 | UInt32(second) << 16 | UInt32(third) << 8)
    }
}

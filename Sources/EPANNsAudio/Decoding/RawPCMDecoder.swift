import EPANNsCore
import EPANNsGraph

/// Turns bare interleaved samples into mono Float32.
final class RawPCMDecoder: MonoSource {
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

    func next() throws -> MonoBlock? {
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
            let samples = remainder.withUnsafeBytes { mix($0, frames: frames) }
            remainder.removeFirst(frames * frameSize)
            return MonoBlock(samples: samples, sampleRate: format.sampleRate)
        }
    }

    private func mix(_ bytes: UnsafeRawBufferPointer, frames: Int) -> [Float] {
        switch format.sampleType {
        case .u8: mix(bytes, frames, UInt8.self) { (Float($0) - 128) * 0x1p-7 }
        case .s8: mix(bytes, frames, Int8.self) { Float($0) * 0x1p-7 }
        case .s16le: mix(bytes, frames, Int16.self) { Float(Int16(littleEndian: $0)) * 0x1p-15 }
        case .s16be: mix(bytes, frames, Int16.self) { Float(Int16(bigEndian: $0)) * 0x1p-15 }
        case .s24le: mix(bytes, frames, Packed24.self) { Float($0.littleEndian) * 0x1p-31 }
        case .s24be: mix(bytes, frames, Packed24.self) { Float($0.bigEndian) * 0x1p-31 }
        case .s32le: mix(bytes, frames, Int32.self) { Float(Int32(littleEndian: $0)) * 0x1p-31 }
        case .s32be: mix(bytes, frames, Int32.self) { Float(Int32(bigEndian: $0)) * 0x1p-31 }
        case .f32le: mix(bytes, frames, UInt32.self) { Float(bitPattern: UInt32(littleEndian: $0)) }
        case .f32be: mix(bytes, frames, UInt32.self) { Float(bitPattern: UInt32(bigEndian: $0)) }
        case .f64le: mix(bytes, frames, UInt64.self) { Float(Double(bitPattern: UInt64(littleEndian: $0))) }
        case .f64be: mix(bytes, frames, UInt64.self) { Float(Double(bitPattern: UInt64(bigEndian: $0))) }
        }
    }

    @inline(__always)
    private func mix<Stored: BitwiseCopyable>(
        _ bytes: UnsafeRawBufferPointer, _ frames: Int, _ type: Stored.Type, _ convert: (Stored) -> Float
    ) -> [Float] {
        let channels = format.channels
        let size = format.sampleType.byteCount
        return (0..<frames).map { frame in
            var sum: Float = 0
            for channel in 0..<channels {
                sum += convert(
                    bytes.loadUnaligned(fromByteOffset: (frame * channels + channel) * size, as: Stored.self))
            }
            return channels == 1 ? sum : sum / Float(channels)
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

internal import CFFmpeg
import EPANNsCore
import Foundation

/// An `AVIOContext` that pulls from a ``ByteStream``.
final class DemuxerInput {
    private static let bufferSize: Int32 = 32768
    private static let endOfFile: Int32 = epanns_error_end_of_file()

    let stream: any ByteStream
    /// The error of the last read, which C code cannot carry.
    private(set) var readError: EPANNsError?
    private(set) var context: UnsafeMutablePointer<AVIOContext>?
    /// The first bytes of the stream.
    private(set) var head: [UInt8] = []
    /// How far reading has come, whatever was sought since.
    private(set) var furthest: Int64 = 0
    /// Whether the end of the bytes has been met.
    private(set) var hasMetEnd = false
    /// Whether reading was ended by ``allow(_:)``.
    private(set) var hasExceededLimit = false
    private var remaining: Int64 = 0

    init(_ stream: any ByteStream) throws {
        self.stream = stream
        guard let buffer = av_malloc(Int(Self.bufferSize)) else {
            throw EPANNsError(.backendFailure, "There is no memory left to read audio.")
        }
        // The context never outlives this object, which frees it, so the pointer back needs no ownership.
        let read: @convention(c) (UnsafeMutableRawPointer?, UnsafeMutablePointer<UInt8>?, Int32) -> Int32 = {
            opaque, buffer, count in
            guard let opaque, let buffer, count > 0 else { return DemuxerInput.endOfFile }
            return Unmanaged<DemuxerInput>.fromOpaque(opaque).takeUnretainedValue().read(buffer, count)
        }
        let seek: @convention(c) (UnsafeMutableRawPointer?, Int64, Int32) -> Int64 = { opaque, offset, whence in
            guard let opaque else { return -1 }
            return Unmanaged<DemuxerInput>.fromOpaque(opaque).takeUnretainedValue().seek(offset, whence)
        }
        context = epanns_avio_alloc_reader(
            buffer.assumingMemoryBound(to: UInt8.self), Self.bufferSize, Unmanaged.passUnretained(self).toOpaque(),
            read, stream.isSeekable ? seek : nil)
        if context == nil {
            av_free(buffer)
            throw EPANNsError(.backendFailure, "There is no memory left to read audio.")
        }
    }

    deinit { epanns_avio_free(&context) }

    /// Sets how many bytes may be read from now on; after them FFmpeg is told that the input ends.
    ///
    /// FFmpeg has no bound of its own: it reads on, and keeps what it has read, until it has made out a packet.
    func allow(_ byteCount: Int64) {
        remaining = byteCount
        guard hasExceededLimit else { return }
        // The end that was told was none.
        hasExceededLimit = false
        context?.pointee.eof_reached = 0
    }

    private func read(_ buffer: UnsafeMutablePointer<UInt8>, _ count: Int32) -> Int32 {
        guard remaining > 0 else {
            hasExceededLimit = true
            return Self.endOfFile
        }
        do {
            let got = try stream.read(into: UnsafeMutableRawBufferPointer(start: buffer, count: Int(count)))
            if got == 0 {
                hasMetEnd = true
                return Self.endOfFile
            }
            if furthest == 0 { head = Array(UnsafeBufferPointer(start: buffer, count: min(got, 12))) }
            furthest = max(furthest, stream.position)
            remaining -= Int64(got)
            return Int32(got)
        } catch {
            readError = error as? EPANNsError
            return epanns_error_input()
        }
    }

    private func seek(_ offset: Int64, _ whence: Int32) -> Int64 {
        let base: Int64
        switch whence & ~AVSEEK_FORCE {
        case AVSEEK_SIZE: return stream.byteCount ?? -1
        case SEEK_SET: base = 0
        case SEEK_CUR: base = stream.position
        case SEEK_END: base = stream.byteCount ?? -1
        default: return -1
        }
        let (target, overflow) = base.addingReportingOverflow(offset)
        guard base >= 0, !overflow, stream.seek(to: target) else { return -1 }
        return target
    }
}

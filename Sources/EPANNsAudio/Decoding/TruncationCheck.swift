/// Signs of a cut-off file that FFmpeg does not report: it plays what there is and is silent about the rest.
enum TruncationCheck {
    /// Whether a RIFF file promises more bytes than came.
    ///
    /// A program that writes to a pipe cannot know the size and writes 0 or about 2³¹ or 2³² − 1; nothing follows from
    /// those.
    static func isCutRIFF(_ input: DemuxerInput) -> Bool {
        guard input.hasMetEnd, input.head.count >= 8, Array(input.head[..<4]) == Array("RIFF".utf8) else {
            return false
        }
        let promised = input.head[4..<8].reversed().reduce(Int64(0)) { $0 << 8 | Int64($1) }
        guard promised > 0, promised < 0x7FFF_0000 else { return false }
        return input.furthest < promised + 8
    }

    /// Whether an Ogg file lacks the page that ends a stream.
    ///
    /// Unknown, hence false, when it cannot be sought.
    static func isCutOgg(_ stream: any ByteStream) -> Bool {
        // A page is at most 27 + 255 + 255·255 bytes.
        let longestPage: Int64 = 65307
        guard let size = stream.byteCount, stream.seek(to: max(0, size - longestPage)) else { return false }
        var tail = [UInt8](repeating: 0, count: Int(min(size, longestPage)))
        var filled = 0
        while filled < tail.count {
            let got = tail.withUnsafeMutableBytes {
                (try? stream.read(into: UnsafeMutableRawBufferPointer(rebasing: $0[filled...]))) ?? 0
            }
            if got == 0 { return false }
            filled += got
        }
        let capture = Array("OggS".utf8)
        var position = tail.count - 27
        while position >= 0 {
            if tail[position] == capture[0], Array(tail[position..<position + 4]) == capture, tail[position + 4] == 0 {
                return tail[position + 5] & 0x04 == 0 || !isWhole(page: tail[position...])
            }
            position -= 1
        }
        return true
    }

    private static func isWhole(page: ArraySlice<UInt8>) -> Bool {
        let segments = Int(page[page.startIndex + 26])
        guard page.count >= 27 + segments else { return false }
        let table = page.dropFirst(27).prefix(segments)
        return page.count >= 27 + segments + table.reduce(0) { $0 + Int($1) }
    }
}

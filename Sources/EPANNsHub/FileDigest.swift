import Crypto
import EPANNsGraph

/// The size and the digests of a file.
public struct FileDigest: Codable, Hashable, Sendable {
    /// The size in bytes.
    public let byteCount: Int
    /// MD5, 32 lower-case hexadecimal digits: what Zenodo publishes; good against damage, not against malice.
    public let md5: String
    /// SHA-256, 64 lower-case hexadecimal digits.
    public let sha256: String

    /// Reads a file and computes its digests.
    ///
    /// - Throws: `EPANNsError` with code `fileFailure`.
    public init(ofFile path: String) throws {
        var stream = StreamingDigest()
        try PartFile.forEachChunk(ofFile: path) { stream.update($0) }
        self = stream.finished
    }

    fileprivate init(byteCount: Int, md5: String, sha256: String) {
        self.byteCount = byteCount
        self.md5 = md5
        self.sha256 = sha256
    }

    /// The id git would give the file: SHA-1 over a header with the size, and the contents.
    ///
    /// - Throws: `EPANNsError` with code `fileFailure`.
    package static func gitBlobID(ofFile path: String, byteCount: Int) throws -> String {
        var hash = Insecure.SHA1()
        hash.update(data: Array("blob \(byteCount)\u{0}".utf8))
        try PartFile.forEachChunk(ofFile: path) { hash.update(bufferPointer: $0) }
        return hexadecimal(hash.finalize())
    }
}

/// Digests of bytes that come piece by piece.
struct StreamingDigest {
    private var md5 = Insecure.MD5()
    private var sha256 = SHA256()
    private var byteCount = 0

    mutating func update(_ bytes: UnsafeRawBufferPointer) {
        md5.update(bufferPointer: bytes)
        sha256.update(bufferPointer: bytes)
        byteCount += bytes.count
    }

    /// The digests of all bytes so far; more may follow.
    var finished: FileDigest {
        FileDigest(byteCount: byteCount, md5: hexadecimal(md5.finalize()), sha256: hexadecimal(sha256.finalize()))
    }
}

private func hexadecimal(_ bytes: some Sequence<UInt8>) -> String {
    let digits = Array("0123456789abcdef".utf8)
    return String(decoding: bytes.flatMap { [digits[Int($0 >> 4)], digits[Int($0 & 15)]] }, as: UTF8.self)
}

/// The size and the digests of a file.
///
/// Tests: `FileDigestTests`.
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
        try SystemCall.forEachChunk(ofFile: path) { stream.update($0) }
        self = stream.finished
    }

    fileprivate init(byteCount: Int, md5: String, sha256: String) {
        self.byteCount = byteCount
        self.md5 = md5
        self.sha256 = sha256
    }

    /// The SHA-256 checksum of a file: 64 digits.
    ///
    /// - Throws: `EPANNsError` with code `fileFailure` when the file cannot be read.
    public static func sha256(path: String) throws -> String {
        var digest = MessageDigest(.sha256)
        try SystemCall.forEachChunk(ofFile: path) { digest.update($0) }
        return digest.hexadecimal
    }

    /// The SHA-256 checksum of a mapped file: 64 digits.
    public static func sha256(_ file: MappedFile) -> String {
        var digest = MessageDigest(.sha256)
        // In pieces that are given back at once: a digest must not make the whole file resident.
        let pieceSize = 4 << 20
        withExtendedLifetime(file) {
            for start in stride(from: 0, to: file.bytes.count, by: pieceSize) {
                let range = start..<min(start + pieceSize, file.bytes.count)
                digest.update(UnsafeRawBufferPointer(rebasing: file.bytes[range]))
                file.adviseDontNeed(range)
            }
        }
        return digest.hexadecimal
    }

    /// The SHA-256 checksum of a file's bytes in memory: 64 digits.
    public static func sha256(_ storage: TensorStorage) -> String {
        withExtendedLifetime(storage) {
            var digest = MessageDigest(.sha256)
            digest.update(storage.bytes)
            return digest.hexadecimal
        }
    }

    /// The id git would give the file: SHA-1 over a header with the size, and the contents.
    ///
    /// - Throws: `EPANNsError` with code `fileFailure`.
    package static func gitBlobID(ofFile path: String, byteCount: Int) throws -> String {
        var digest = MessageDigest(.sha1)
        digest.update("blob \(byteCount)\u{0}")
        try SystemCall.forEachChunk(ofFile: path) { digest.update($0) }
        return digest.hexadecimal
    }
}

/// The digests of a file that comes piece by piece.
package struct StreamingDigest {
    private var md5 = MessageDigest(.md5)
    private var sha256 = MessageDigest(.sha256)
    private var byteCount = 0

    /// Begins with no bytes.
    package init() {}

    /// Takes more bytes.
    package mutating func update(_ bytes: UnsafeRawBufferPointer) {
        md5.update(bytes)
        sha256.update(bytes)
        byteCount += bytes.count
    }

    /// The digests of all bytes so far; more may follow.
    package var finished: FileDigest {
        FileDigest(byteCount: byteCount, md5: md5.hexadecimal, sha256: sha256.hexadecimal)
    }
}

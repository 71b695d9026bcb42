import Crypto
import EPANNsGraph

/// Checksums of whole files, as lower-case hexadecimal.
///
/// Tests: `FileDigestTests`.
public enum FileDigest {
    /// The SHA-256 checksum of a file: 64 digits.
    ///
    /// - Throws: `EPANNsError` with code `fileFailure` when the file cannot be read.
    public static func sha256(path: String) throws -> String {
        sha256(try MappedFile(path: path))
    }

    /// The SHA-256 checksum of a mapped file: 64 digits.
    public static func sha256(_ file: MappedFile) -> String {
        digest(file, SHA256())
    }

    /// The SHA-256 checksum of a file's bytes in memory: 64 digits.
    public static func sha256(_ storage: TensorStorage) -> String {
        withExtendedLifetime(storage) {
            var function = SHA256()
            function.update(bufferPointer: storage.bytes)
            return hexadecimal(function.finalize())
        }
    }

    /// The MD5 checksum of a file: 32 digits.
    ///
    /// MD5 finds damage, not malice; it is here because Zenodo publishes nothing better for the PANNs files.
    ///
    /// - Throws: `EPANNsError` with code `fileFailure` when the file cannot be read.
    public static func md5(path: String) throws -> String {
        md5(try MappedFile(path: path))
    }

    /// The MD5 checksum of a mapped file: 32 digits.
    public static func md5(_ file: MappedFile) -> String {
        digest(file, Insecure.MD5())
    }

    private static func digest<Function: HashFunction>(_ file: MappedFile, _ function: Function) -> String {
        var function = function
        // In pieces that are given back at once: a digest must not make the whole file resident.
        let pieceSize = 4 << 20
        withExtendedLifetime(file) {
            for start in stride(from: 0, to: file.bytes.count, by: pieceSize) {
                let range = start..<min(start + pieceSize, file.bytes.count)
                function.update(bufferPointer: UnsafeRawBufferPointer(rebasing: file.bytes[range]))
                file.adviseDontNeed(range)
            }
        }
        return hexadecimal(function.finalize())
    }

    private static func hexadecimal(_ digest: some Sequence<UInt8>) -> String {
        let digits = Array("0123456789abcdef".utf8)
        var text: [UInt8] = []
        for byte in digest {
            text.append(digits[Int(byte >> 4)])
            text.append(digits[Int(byte & 15)])
        }
        return String(decoding: text, as: UTF8.self)
    }
}

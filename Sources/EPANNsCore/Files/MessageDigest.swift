#if canImport(CryptoKit)
import CryptoKit
#else
internal import CLibCrypto
#endif

/// A digest of bytes that come piece by piece.
///
/// A value: a copy goes its own way. Tests: `MessageDigestTests`.
package struct MessageDigest {
    /// The function.
    ///
    /// MD5 and SHA-1 find damage, not malice.
    package enum Algorithm: CaseIterable, Sendable { case md5, sha1, sha256 }

    #if canImport(CryptoKit)
    private enum State {
        case md5(Insecure.MD5)
        case sha1(Insecure.SHA1)
        case sha256(SHA256)
    }
    #else
    private enum State {
        case md5(MD5_CTX)
        case sha1(SHA_CTX)
        case sha256(SHA256_CTX)
    }
    #endif
    private var state: State

    /// Begins with no bytes.
    package init(_ algorithm: Algorithm) {
        #if canImport(CryptoKit)
        switch algorithm {
        case .md5: state = .md5(Insecure.MD5())
        case .sha1: state = .sha1(Insecure.SHA1())
        case .sha256: state = .sha256(SHA256())
        }
        #else
        switch algorithm {
        case .md5:
            var context = MD5_CTX()
            MD5_Init(&context)
            state = .md5(context)
        case .sha1:
            var context = SHA_CTX()
            SHA1_Init(&context)
            state = .sha1(context)
        case .sha256:
            var context = SHA256_CTX()
            SHA256_Init(&context)
            state = .sha256(context)
        }
        #endif
    }

    /// Takes more bytes.
    package mutating func update(_ bytes: UnsafeRawBufferPointer) {
        switch state {
        #if canImport(CryptoKit)
        case .md5(var function):
            function.update(bufferPointer: bytes)
            state = .md5(function)
        case .sha1(var function):
            function.update(bufferPointer: bytes)
            state = .sha1(function)
        case .sha256(var function):
            function.update(bufferPointer: bytes)
            state = .sha256(function)
        #else
        case .md5(var context):
            MD5_Update(&context, bytes.baseAddress, bytes.count)
            state = .md5(context)
        case .sha1(var context):
            SHA1_Update(&context, bytes.baseAddress, bytes.count)
            state = .sha1(context)
        case .sha256(var context):
            SHA256_Update(&context, bytes.baseAddress, bytes.count)
            state = .sha256(context)
        #endif
        }
    }

    /// Takes a text's UTF-8.
    package mutating func update(_ text: String) {
        var text = text
        text.withUTF8 { update(UnsafeRawBufferPointer($0)) }
    }

    /// Takes a number's eight bytes, little-endian.
    package mutating func update(_ number: Int) {
        withUnsafeBytes(of: Int64(number).littleEndian) { update($0) }
    }

    /// The digest of all bytes so far; more may follow.
    package var value: [UInt8] {
        #if canImport(CryptoKit)
        switch state {
        case .md5(let function): return Array(function.finalize())
        case .sha1(let function): return Array(function.finalize())
        case .sha256(let function): return Array(function.finalize())
        }
        #else
        switch state {
        case .md5(var context):
            var bytes = [UInt8](repeating: 0, count: Int(MD5_DIGEST_LENGTH))
            MD5_Final(&bytes, &context)
            return bytes
        case .sha1(var context):
            var bytes = [UInt8](repeating: 0, count: Int(SHA_DIGEST_LENGTH))
            SHA1_Final(&bytes, &context)
            return bytes
        case .sha256(var context):
            var bytes = [UInt8](repeating: 0, count: Int(SHA256_DIGEST_LENGTH))
            SHA256_Final(&bytes, &context)
            return bytes
        }
        #endif
    }

    /// The digest of all bytes so far as lower-case hexadecimal digits.
    package var hexadecimal: String { value.hexadecimal }

    /// The digest of some bytes as lower-case hexadecimal digits.
    package static func hexadecimal(_ algorithm: Algorithm, of bytes: some Sequence<UInt8>) -> String {
        var digest = MessageDigest(algorithm)
        Array(bytes).withUnsafeBytes { digest.update($0) }
        return digest.hexadecimal
    }
}

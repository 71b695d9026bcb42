import EPANNsCore
import Testing

@Suite struct MessageDigestTests {
    /// The vectors of RFC 1321 and FIPS 180-2.
    @Test(arguments: [
        (MessageDigest.Algorithm.md5, "900150983cd24fb0d6963f7d28e17f72", "d41d8cd98f00b204e9800998ecf8427e"),
        (.sha1, "a9993e364706816aba3e25717850c26c9cd0d89d", "da39a3ee5e6b4b0d3255bfef95601890afd80709"),
        (
            .sha256, "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad",
            "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"
        ),
    ])
    func standards(algorithm: MessageDigest.Algorithm, ofABC: String, ofNothing: String) {
        var digest = MessageDigest(algorithm)
        #expect(digest.hexadecimal == ofNothing)
        digest.update("a")
        let copy = digest
        digest.update("bc")
        #expect(digest.hexadecimal == ofABC)
        // Asking changes nothing, and a copy goes its own way.
        #expect(digest.hexadecimal == ofABC)
        #expect(copy.hexadecimal == MessageDigest.hexadecimal(algorithm, of: "a".utf8))
    }

    @Test func numbersAreEightBytesLittleEndian() {
        var digest = MessageDigest(.sha256)
        digest.update(258)
        #expect(digest.hexadecimal == MessageDigest.hexadecimal(.sha256, of: [2, 1, 0, 0, 0, 0, 0, 0]))
    }
}

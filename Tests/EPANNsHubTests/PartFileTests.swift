import EPANNsCore
import EPANNsHub
import Foundation
import Testing

@Suite("Part files, locks and headers")
struct PartFileTests {
    @Test(
        "A full disk says so, and what to do",
        .enabled(if: FileManager.default.fileExists(atPath: "/dev/full"), "needs /dev/full"))
    func fullDisk() throws {
        let file = try PartFile(path: "/dev/full")
        let error = #expect(throws: EPANNsError.self) {
            try [UInt8](repeating: 0, count: 10).withUnsafeBytes { try file.append($0) }
        }
        #expect(error?.code == .fileFailure)
        #expect(error?.message.contains("disk is full") == true && error?.message.contains("EPANNS_CACHE") == true)
        #expect(error?.cause as? SystemError == SystemError(number: ENOSPC))
    }

    @Test("A symbolic link in place of the part is not followed")
    func symbolicLink() throws {
        let fixture = try HubFixture()
        let target = fixture.cache.directory + "/target"
        try Data([1]).write(to: URL(filePath: target))
        try FileManager.default.createSymbolicLink(
            atPath: fixture.cache.directory + "/x.part", withDestinationPath: target)
        #expect(throws: EPANNsError.self) { try PartFile(path: fixture.cache.directory + "/x.part") }
    }

    @Test("Appending, reading back over a chunk's border, clearing")
    func contents() throws {
        let fixture = try HubFixture()
        let path = fixture.cache.directory + "/x.part"
        let bytes = HubFixture.bytes(count: (1 << 20) + 17, seed: 5)
        try bytes.withUnsafeBytes { try PartFile(path: path).append($0) }
        let file = try PartFile(path: path)
        #expect(file.byteCount == bytes.count)
        try [UInt8]([7]).withUnsafeBytes { try file.append($0) }
        var read: [UInt8] = []
        try file.forEachChunk { read.append(contentsOf: $0) }
        #expect(read == bytes + [7])
        try file.clear()
        #expect(file.byteCount == 0)
        #expect(try fixture.contents(path).isEmpty)
    }

    @Test("A lock is held until it is released, and leaves no file")
    func lock() throws {
        let fixture = try HubFixture()
        let path = fixture.cache.directory + "/x.lock"
        let first = try DownloadLock(path: path)
        #expect(throws: EPANNsError.self) { try DownloadLock(path: path) }
        first.release()
        try DownloadLock(path: path).release()
        #expect(try fixture.files().isEmpty)
    }

    @Test(
        "Content-Range",
        arguments: [
            ("bytes 5-9/10", true), ("bytes 5-10/10", false), ("bytes 9-5/10", false), ("bytes */10", false),
            ("bytes 5-9/*", false), ("5-9/10", false), ("bytes -5-9/10", false),
            ("bytes 5-9/99999999999999999999", false),
            ("", false),
        ])
    func contentRange(text: String, isGood: Bool) {
        #expect((ContentRange(text) != nil) == isGood)
    }

    @Test("Digests against published test vectors (RFC 1321, FIPS 180-2, git's empty blob)")
    func digests() throws {
        let fixture = try HubFixture()
        let path = fixture.cache.directory + "/abc"
        try Data("abc".utf8).write(to: URL(filePath: path))
        let digest = try FileDigest(ofFile: path)
        #expect(digest.md5 == "900150983cd24fb0d6963f7d28e17f72")
        #expect(digest.sha256 == "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad")
        #expect(digest.byteCount == 3)
        try Data().write(to: URL(filePath: path))
        #expect(try FileDigest.gitBlobID(ofFile: path, byteCount: 0) == "e69de29bb2d1d6434b8b29ae775ad8c2e48c5391")
    }
}

import EPANNsCore
import EPANNsTestSupport
import Foundation
import Testing

@Suite struct AtomicFileTests {
    private func files(_ folder: URL) throws -> [String] {
        try FileManager.default.contentsOfDirectory(atPath: folder.path).sorted()
    }

    @Test func theTargetChangesOnlyAtTheCommit() throws {
        try withTemporaryFolder { name in
            let folder = URL(fileURLWithPath: name)
            let path = folder.appendingPathComponent("a.txt").path
            try "old".write(toFile: path, atomically: false, encoding: .utf8)
            let file = try AtomicFile(path: path)
            try file.write("new ")
            try file.write("text")
            #expect(try String(contentsOfFile: path, encoding: .utf8) == "old")
            try file.commit()
            #expect(try String(contentsOfFile: path, encoding: .utf8) == "new text")
            #expect(try files(folder) == ["a.txt"])
        }
    }

    @Test func withoutACommitNothingIsLeft() throws {
        try withTemporaryFolder { name in
            let folder = URL(fileURLWithPath: name)
            let path = folder.appendingPathComponent("a.txt").path
            func abandon() throws {
                let file = try AtomicFile(path: path)
                try file.write("half")
                #expect(try files(folder).count == 1)
            }
            try abandon()
            #expect(try files(folder).isEmpty)
            let file = try AtomicFile(path: path)
            file.discard()
            file.discard()
            #expect(try files(folder).isEmpty)
        }
    }

    @Test func missingFoldersAndFoldersAsTargetsAreErrors() throws {
        try withTemporaryFolder { name in
            let folder = URL(fileURLWithPath: name)
            for path in [folder.path, folder.path + "/", folder.path + "/missing/a", "", "a\0b"] {
                #expect(failure { _ = try AtomicFile(path: path) }?.code == .fileFailure, "\(path)")
            }
            let left = try files(folder)
            #expect(left.isEmpty)
        }
    }

    @Test(arguments: [false, true]) func aSweepGoesDeepOnlyWhereItIsAsked(isDeep: Bool) throws {
        try withTemporaryFolder { folder in
            try FileManager.default.createDirectory(atPath: folder + "/deep", withIntermediateDirectories: true)
            let paths = ["/.epanns-1.partial", "/deep/.epanns-2.partial", "/other"].map { folder + $0 }
            for path in paths { try Data("x".utf8).write(to: URL(fileURLWithPath: path)) }
            AtomicFile.sweep(folder: folder, olderThanSeconds: 0, isDeep: isDeep)
            #expect(paths.map { FileManager.default.fileExists(atPath: $0) } == [false, !isDeep, true])
        }
    }

    #if os(Linux)
    @Test func aFullDiskIsAnErrorThatSaysSo() throws {
        let handle = try #require(FileHandle(forWritingAtPath: "/dev/full"))
        let error = failure {
            try [UInt8](repeating: 1, count: 100).withUnsafeBytes {
                try AtomicFile.writeAll($0, to: handle.fileDescriptor, path: "a")
            }
        }
        #expect(error?.code == .fileFailure)
        #expect(error?.message.contains("free some space") == true)
    }
    #endif
}

@Suite struct MappedFileTests {
    @Test func bytesAreThoseOfTheFile() throws {
        try withTemporaryFolder { name in
            let folder = URL(fileURLWithPath: name)
            let path = folder.appendingPathComponent("a").path
            try Data([1, 2, 3]).write(to: URL(fileURLWithPath: path))
            let file = try MappedFile(path: path)
            #expect(Array(file.bytes) == [1, 2, 3])
            file.adviseDontNeed()
            #expect(Array(file.bytes) == [1, 2, 3])
            try Data().write(to: URL(fileURLWithPath: path))
            let empty = try MappedFile(path: path)
            #expect(empty.bytes.isEmpty)
            empty.adviseDontNeed()
        }
    }

    @Test func whatIsNoRegularFileIsAnError() throws {
        try withTemporaryFolder { name in
            let folder = URL(fileURLWithPath: name)
            let pipe = folder.appendingPathComponent("pipe").path
            #expect(mkfifo(pipe, 0o600) == 0)
            for path in [folder.path, pipe, "/dev/null", folder.path + "/missing", "", "a\0b"] {
                #expect(failure { _ = try MappedFile(path: path) }?.code == .fileFailure, "\(path)")
            }
        }
    }
}

@Suite struct FileDigestTests {
    // The published test vectors of FIPS 180-2 and RFC 1321.
    @Test func checksumsAreThoseOfTheStandards() throws {
        try withTemporaryFolder { name in
            let folder = URL(fileURLWithPath: name)
            let path = folder.appendingPathComponent("a").path
            try "abc".write(toFile: path, atomically: false, encoding: .utf8)
            #expect(
                try FileDigest.sha256(path: path)
                    == "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad")
            #expect(try FileDigest(ofFile: path).md5 == "900150983cd24fb0d6963f7d28e17f72")
            try Data().write(to: URL(fileURLWithPath: path))
            #expect(
                try FileDigest.sha256(path: path)
                    == "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855")
            #expect(try FileDigest(ofFile: path).md5 == "d41d8cd98f00b204e9800998ecf8427e")
            #expect(failure { _ = try FileDigest.sha256(path: path + "x") }?.code == .fileFailure)
        }
    }
}

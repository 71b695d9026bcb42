import EPANNsCore
import EPANNsTestSupport
import Foundation
import Testing

/// A lock on a folder, and what dead writers have left in it.
@Suite struct FolderLockTests {
    @Test func oneHasALockAtATime() throws {
        try withTemporaryFolder { folder in
            var first: FolderLock? = try FolderLock(folder: folder, owner: "Another test")
            withExtendedLifetime(first) {
                let error = failure { _ = try FolderLock(folder: folder, owner: "Another test") }
                #expect(error?.code == .fileFailure)
                #expect(error?.message.hasPrefix("Another test is writing into") == true)
            }
            first = nil
            #expect(try FileManager.default.contentsOfDirectory(atPath: folder).isEmpty)
            _ = try FolderLock(folder: folder, owner: "Another test")
        }
    }

    /// A link with the lock's name must not make a file somewhere else.
    @Test func aLinkIsNotFollowed() throws {
        try withTemporaryFolder { folder in
            try FileManager.default.createSymbolicLink(
                atPath: folder + "/" + FolderLock.fileName, withDestinationPath: folder + "/elsewhere")
            #expect(failure { _ = try FolderLock(folder: folder, owner: "x") }?.code == .fileFailure)
            #expect(!FileManager.default.fileExists(atPath: folder + "/elsewhere"))
        }
    }

    @Test func whatDeadWritersLeftIsSweptAndTheLivingAreLeftAlone() throws {
        try withTemporaryFolder { folder in
            try FileManager.default.createDirectory(atPath: folder + "/deep", withIntermediateDirectories: true)
            let living = try AtomicFile(path: folder + "/deep/result.txt")
            try living.write("half")
            let others = ["/.epanns-1.partial", "/deep/.epanns-2.partial", "/.epanns-3.txt", "/x.partial"]
            for name in others { try Data("x".utf8).write(to: URL(fileURLWithPath: folder + name)) }
            AtomicFile.sweep(folder: folder, isDeep: true)
            // What is young may be about to be locked.
            #expect(others.allSatisfy { FileManager.default.fileExists(atPath: folder + $0) })
            AtomicFile.sweep(folder: folder, olderThanSeconds: 0, isDeep: true)
            #expect(others.map { FileManager.default.fileExists(atPath: folder + $0) } == [false, false, true, true])
            try living.write(" and whole")
            try living.commit()
            #expect(try String(contentsOfFile: folder + "/deep/result.txt", encoding: .utf8) == "half and whole")
        }
    }
}

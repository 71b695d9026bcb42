import EPANNs
import EPANNsTestSupport
import Foundation
import Testing

/// What names lead to: nothing is lost in silence, and nothing waits for ever.
@Suite struct InputSearchTests {
    private func write(_ path: String) throws { try Data("x".utf8).write(to: URL(fileURLWithPath: path)) }

    private func make(_ folder: String) throws {
        try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: true)
    }

    private func link(_ path: String, to target: String) throws {
        try FileManager.default.createSymbolicLink(atPath: path, withDestinationPath: target)
    }

    private func found(_ search: InputSearch, below folder: String) -> [String] {
        search.inputs.filter { $0.failure == nil }.map { String($0.path.dropFirst(folder.utf8.count + 1)) }
    }

    @Test func linksToFoldersAreFollowedAndCyclesNoticed() throws {
        try withTemporaryFolder { folder in
            try make(folder + "/in/sub")
            try make(folder + "/nas")
            try write(folder + "/nas/a.wav")
            try write(folder + "/in/sub/b.wav")
            try link(folder + "/in/nas", to: folder + "/nas")
            try link(folder + "/in/sub/up", to: "..")
            try link(folder + "/in/sub/self", to: ".")
            try link(folder + "/lnk", to: "in")
            let search = InputSearch([folder + "/in"])
            #expect(found(search, below: folder) == ["in/nas/a.wav", "in/sub/b.wav"])
            #expect(search.ignored.seen == 2 && search.inputs.count == 2)
            // The link itself, however it is written.
            for name in ["/lnk", "/lnk/", "/lnk/."] {
                #expect(InputSearch([folder + name]).inputs.count == 2, "\(name)")
            }
        }
    }

    @Test func namedPipesHiddenFilesAndOthersAreCounted() throws {
        try withTemporaryFolder { folder in
            for name in ["a.wav", "B.FLAC", ".hidden.wav", "notes.txt", "README"] { try write(folder + "/" + name) }
            #expect(mkfifo(folder + "/pipe.wav", 0o600) == 0)
            try link(folder + "/zero.wav", to: "/dev/zero")
            let search = InputSearch([folder])
            #expect(found(search, below: folder) == ["B.FLAC", "a.wav"])
            var expected = InputSearch.Ignored()
            (expected.hidden, expected.others, expected.special) = (1, 2, 2)
            #expect(search.ignored == expected)
            // Named one by one, a pipe is what the user wants.
            #expect(InputSearch([folder + "/pipe.wav"]).inputs[0].failure == nil)
        }
    }

    @Test func linksThatLeadNowhereAreNamed() throws {
        try withTemporaryFolder { folder in
            try write(folder + "/a.wav")
            try link(folder + "/gone.wav", to: folder + "/nothing")
            try link(folder + "/gone", to: folder + "/nothing")
            let search = InputSearch([folder])
            #expect(search.inputs.map { $0.failure == nil } == [true, false])
            #expect(search.inputs[1].failure?.message == "The link \(folder)/gone.wav leads nowhere.")
            #expect(search.ignored.others == 1)
        }
    }

    @Test(.enabled(if: getuid() != 0, "root may read everything")) func lockedFoldersAreNamed() throws {
        try withTemporaryFolder { folder in
            try make(folder + "/locked")
            try write(folder + "/a.wav")
            chmod(folder + "/locked", 0)
            defer { chmod(folder + "/locked", 0o700) }
            let search = InputSearch([folder])
            #expect(search.inputs.count == 2 && search.inputs[1].failure?.message.contains("locked") == true)
        }
    }

    /// Old archives have names in Latin-1: no text, but files all the same.
    @Test func namesThatAreNotTextAreFoundAndNamedWithoutLoss() throws {
        try withTemporaryFolder { folder in
            let name = Array("\(folder)/bad".utf8) + [0xFF, 0xE9] + Array("é.wav".utf8)
            let descriptor = open((name + [0]).map { CChar(bitPattern: $0) }, O_WRONLY | O_CREAT, 0o600)
            try #require(descriptor >= 0)
            let file = FileHandle(fileDescriptor: descriptor, closeOnDealloc: true)
            try file.write(contentsOf: Data(wave(TinyModel.samples())))
            try file.close()
            for search in [InputSearch([Array(folder.utf8)]), InputSearch([name])] {
                #expect(search.inputs.count == 1)
                let input = search.inputs[0]
                #expect(input.failure == nil && input.bytes == name)
                #expect(input.path == folder + "/bad\\xFF\\xE9é.wav")
            }
            let results = Recorded()
            let run = BatchRun(
                InputSearch([name]).inputs, writer: JSONWriter(.embeddings), destination: .document(results.add))
            let summary = try run.run(AudioTaggerTests.tagger())
            #expect(summary.failureCount == 0 && summary.inputCount == 1)
            let objects = try #require(JSONSerialization.jsonObject(with: results.data) as? [[String: Any]])
            #expect(objects[0]["file"] as? String == folder + "/bad\\xFF\\xE9é.wav")
            #expect(objects[0]["file_bytes"] as? String == name.map { String(format: "%02x", $0) }.joined())
        }
    }

    /// A name that spells the escape of another one is another file.
    @Test func namesThatLookTheSameAreTwoFiles() throws {
        try withTemporaryFolder { folder in
            try write(folder + "/\\xFF.wav")
            let name = Array("\(folder)/".utf8) + [0xFF] + Array(".wav".utf8)
            let descriptor = open((name + [0]).map { CChar(bitPattern: $0) }, O_WRONLY | O_CREAT, 0o600)
            try #require(descriptor >= 0)
            close(descriptor)
            let inputs = InputSearch([folder]).inputs
            #expect(inputs.count == 2 && inputs[0].path == inputs[1].path)
            #expect(Set(inputs.map(\.bytes)) == [nil, name])
        }
    }

    @Test func patternsMatchBelowAnyFolder() throws {
        try withTemporaryFolder { folder in
            try make(folder + "/x/y/z")
            for name in ["a.wav", "x/b.wav", "x/y/z/c.wav", "x/y/z/d.flac"] { try write(folder + "/" + name) }
            let all = InputSearch([folder + "/**/*.wav"])
            #expect(found(all, below: folder) == ["a.wav", "x/b.wav", "x/y/z/c.wav"])
            #expect(found(InputSearch([folder + "/x/**/z/*.*"]), below: folder) == ["x/y/z/c.wav", "x/y/z/d.flac"])
            #expect(found(InputSearch([folder + "/*.wav"]), below: folder) == ["a.wav"])
            #expect(InputSearch([folder + "/*.mp3"]).inputs[0].failure?.message.contains("No file matches") == true)
        }
    }

    @Test func whatLeadsNowhereIsAnInputThatFailed() throws {
        try withTemporaryFolder { folder in
            let search = InputSearch([folder + "/missing.wav", folder, "", "-", "-"])
            #expect(
                search.inputs.map { $0.failure?.code } == ["fileFailure", "fileFailure", "invalidConfiguration", nil])
            #expect(search.inputs[0].failure?.message == "There is no file or folder \(folder)/missing.wav.")
            #expect(search.inputs[1].failure?.message.contains("holds no audio") == true)
        }
    }
}

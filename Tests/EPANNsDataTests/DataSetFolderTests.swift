import EPANNsCore
import EPANNsData
import EPANNsModels
import EPANNsTestSupport
import Foundation
import Testing

/// Folders of recordings, one for each class.
@Suite struct DataSetFolderTests {
    /// Empty files: nothing of a recording is read before it is packed.
    private func make(_ paths: [String], in folder: String) throws {
        for path in paths {
            let full = folder + "/" + path
            let parent = String(full[..<(full.lastIndex(of: "/") ?? full.endIndex)])
            try FileManager.default.createDirectory(atPath: parent, withIntermediateDirectories: true)
            try Data().write(to: URL(fileURLWithPath: full))
        }
    }

    @Test func `folders are classes`() throws {
        try withTemporaryFolder { folder in
            try make(
                ["yes/b.wav", "yes/a.flac", "no/sub/c.MP3", "no/notes.txt", "yes/.hidden.wav", ".git/x.wav"], in: folder
            )
            for path in [folder, folder + "/"] {
                let data = try DataSet.read(path)
                #expect(data.labels.labels.map(\.name) == ["no", "yes"])
                #expect(data.isSingleLabel && data.folds.isEmpty)
                #expect(data.clips.map(\.name) == ["no/sub/c.MP3", "yes/a.flac", "yes/b.wav"])
                #expect(data.clips.map(\.classes) == [[0], [1], [1]])
                #expect(data.clips[0].source == .file(folder + "/no/sub/c.MP3"))
                #expect(data.notes.isEmpty)
            }
        }
    }

    @Test func `what is of none of the classes`() throws {
        try withTemporaryFolder { folder in
            try make(
                ["bell/a.wav", "_none/street.wav", "_none/x/wind.wav", "loose.wav", "empty/readme.txt"], in: folder)
            let data = try DataSet.read(folder)
            #expect(data.labels.labels.map(\.name) == ["bell"])
            #expect(!data.isSingleLabel)
            #expect(data.clips.map(\.classes) == [[], [], [0]])
            for words in ["2 clips are of none", "as it belongs to no class: 1 recording in", "left out: “empty”"] {
                #expect(data.notes.contains { $0.contains(words) }, "\(words)")
            }
        }
    }

    @Test func `a class list is kept to`() throws {
        try withTemporaryFolder { folder in
            try make(["Dog/a.wav", "meow/b.wav"], in: folder)
            var options = DataSet.Options()
            options.labels = LabelSet([.init(name: "cat"), .init(name: "dog")])
            let error = failure { _ = try DataSet.read(folder, options: options) }
            #expect(error?.message.contains("not in the class list: “meow”") == true)
            options.ignoresUnknownClasses = true
            let data = try DataSet.read(folder, options: options)
            #expect(data.clips.map(\.name) == ["Dog/a.wav"] && data.clips[0].classes == [1])
            options.ignoresClasses = true
            #expect(try DataSet.read(folder, options: options).clips.map(\.classes) == [[], []])
        }
    }

    @Test func `folders without classes are explained`() throws {
        try withTemporaryFolder { folder in
            try make(["a.wav", "b.wav"], in: folder)
            let error = failure { _ = try DataSet.read(folder) }
            #expect(error?.code == .invalidConfiguration)
            #expect(error?.message.contains("one for each class") == true)
            #expect(error?.message.contains("2 recordings") == true)
            #expect(failure { _ = try DataSet.read(folder, audio: folder) }?.code == .invalidConfiguration)
            // Links that lead back are not followed, however deep a recording lies.
            let deep = "class/1/2/3/4/5/6/7/8/9/b.wav"
            try make(["class/a.wav", deep], in: folder)
            for (name, target) in [("again", "/class"), ("up", ""), ("1/2/down", "/class/1")] {
                try FileManager.default.createSymbolicLink(
                    atPath: folder + "/class/" + name, withDestinationPath: folder + target)
            }
            #expect(try DataSet.read(folder).clips.map(\.name).sorted() == [deep, "class/a.wav"])
        }
    }

    @Test func `an empty category is none of them`() throws {
        try withTemporaryFolder { folder in
            try make(["a.wav", "b.wav", "c.wav"], in: folder)
            try write("filename,category\na.wav,dog\nb.wav,\nc.wav,cat\n", to: folder + "/t.csv")
            let data = try DataSet.read(folder + "/t.csv")
            #expect(data.labels.labels.map(\.name) == ["cat", "dog"])
            #expect(!data.isSingleLabel && data.clips.map(\.classes) == [[1], [], [0]])
            #expect(data.notes.contains { $0.contains("1 clip is of none") })
            // A number that is missing is a gap, and so is a whole column.
            try write("filename,target\na.wav,0\nb.wav,\n", to: folder + "/t.csv")
            #expect(failure { _ = try DataSet.read(folder + "/t.csv") }?.message.contains("has no class") == true)
            try write("filename,category\na.wav,\n", to: folder + "/t.csv")
            #expect(failure { _ = try DataSet.read(folder + "/t.csv") }?.message.contains("No clip") == true)
        }
    }
}

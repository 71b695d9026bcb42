import EPANNsCore
import EPANNsData
import EPANNsModels
import EPANNsTestSupport
import Foundation
import Testing

@Suite struct DataSetTableTests {
    private func read(
        _ table: String, files: [String], audio: String? = nil,
        _ change: (inout DataSet.Options, String) -> Void = { _, _ in }
    ) throws -> DataSet {
        try withTemporaryFolder { folder in
            for file in files {
                let path = URL(fileURLWithPath: folder + "/" + file)
                try FileManager.default.createDirectory(
                    at: path.deletingLastPathComponent(), withIntermediateDirectories: true)
                try Data().write(to: path)
            }
            try write(table, to: folder + "/t.csv")
            var options = DataSet.Options()
            change(&options, folder)
            return try DataSet.read(folder + "/t.csv", audio: audio.map { folder + "/" + $0 }, options: options)
        }
    }

    @Test func ownClassListsGiveTheOrder() throws {
        let labels = LabelSet(["y", "x", "w"].map { LabelSet.Label(name: $0) })
        let dataSet = try read("filename,category\na.wav,x\nb.wav,Y\n", files: ["a.wav", "b.wav"]) { options, _ in
            options.labels = labels
        }
        #expect(dataSet.labels == labels && dataSet.clips.map(\.classes) == [[1], [0]])
        let error = failure {
            _ = try read("filename,category\na.wav,v\n", files: ["a.wav"]) { options, _ in options.labels = labels }
        }
        #expect(error?.message.contains("“v”") == true)
        let rest = try read("filename,category\na.wav,v\nb.wav,x\n", files: ["a.wav", "b.wav"]) { options, _ in
            options.labels = labels
            options.ignoresUnknownClasses = true
        }
        #expect(rest.clips.map(\.name) == ["b.wav"] && rest.notes.contains { $0.contains("“v”") })
    }

    @Test(arguments: ["filename,fold\na.wav,1\nb.wav,2\n", "filename,fold,category\na.wav,1,v\nb.wav,2,\n"])
    func teachersNeedNoClasses(table: String) throws {
        let dataSet = try read(table, files: ["a.wav", "b.wav"]) { options, _ in
            options.labels = .audioSet
            options.ignoresClasses = true
        }
        #expect(dataSet.classCount == 527 && dataSet.clips.map(\.fold) == [1, 2])
        #expect(dataSet.clips.flatMap(\.classes).isEmpty)
        // With classes of interest a table needs a column of them; an empty cell says that it is none.
        let ordinary = Result { try read(table, files: ["a.wav", "b.wav"]) }
        #expect((try? ordinary.get().clips.map(\.classes)) == (table.contains("category") ? [[0], []] : nil))
    }

    @Test func targetsWithoutNames() throws {
        let dataSet = try read("filename,target\na.wav,2\nb.wav,0\n", files: ["a.wav", "b.wav"])
        #expect(dataSet.classCount == 3 && dataSet.clips.map(\.classes) == [[2], [0]] && dataSet.isSingleLabel)
        let error = failure {
            _ = try read("filename,target\na.wav,2\n", files: ["a.wav"]) { options, _ in options.labels = .numbered(2) }
        }
        #expect(error?.message.contains("the class list ends at 1") == true)
    }

    /// MIDs and names of AudioSet, whose names hold commas themselves.
    @Test(arguments: [
        ("/m/09x0r;/m/05zppz", [0, 1]), ("\"/m/09x0r,/m/05zppz\"", [0, 1]), ("Speech", [0]),
        ("\"speech, Music\"", [0, 137]),
        ("\"Waves, surf\"", [295]), ("\"Speech, Waves, surf,Ocean\"", [0, 294, 295]),
        ("\"Waves, surf; Speech\"", [0, 295]),
        ("", []),
    ])
    func multiLabelCells(cell: String, expected: [Int]) throws {
        let dataSet = try read("filename,labels\na.wav,\(cell)\nb.wav,Speech\n", files: ["a.wav", "b.wav"])
        #expect(dataSet.labels == .audioSet && !dataSet.isSingleLabel)
        #expect(
            dataSet.clips[0].classes == expected,
            "\(dataSet.clips[0].classes.map { dataSet.labels.labels[$0].name })")
    }

    @Test func multiLabelNamesOfOnesOwn() throws {
        let dataSet = try read(
            "filename,labels\na.wav,tap drip;mains hum\nb.wav,mains hum\n", files: ["a.wav", "b.wav"])
        #expect(dataSet.labels.labels.map(\.name) == ["mains hum", "tap drip"])
        #expect(dataSet.clips.map(\.classes) == [[0, 1], [0]])
    }

    @Test func columnNamesCanBeSaid() throws {
        let dataSet = try read("what,which\nx,a.wav\n", files: ["a.wav"]) { options, _ in
            options.columns.filename = ["which"]
            options.columns.category = ["WHAT"]
        }
        #expect(dataSet.clips.map(\.name) == ["a.wav"])
    }

    @Test func missingRecordingsAreNamed() throws {
        let table = "filename,category\na.wav,x\nb.wav,x\nc.wav,y\n"
        let error = failure { _ = try read(table, files: ["a.wav"]) }
        #expect(error?.code == .fileFailure)
        #expect(error?.message.contains("2 of 3") == true && error?.message.contains("“b.wav”, “c.wav”") == true)
        let skipped = try read(table, files: ["a.wav"]) { options, _ in options.missingFiles = .skip }
        #expect(skipped.clips.map(\.name) == ["a.wav"] && skipped.notes.contains { $0.contains("“c.wav”") })
        // All of them missing is a wrong folder, whatever was asked for.
        #expect(failure { _ = try read(table, files: []) { options, _ in options.missingFiles = .skip } } != nil)
        #expect(failure { _ = try read(table, files: ["a.wav"]) { o, _ in o.missingFiles = .silence } } != nil)
        let silent = try read("filename,labels\na.wav,x\nb.wav,y\n", files: ["a.wav"]) { options, _ in
            options.missingFiles = .silence
        }
        #expect(silent.clips.map(\.source).last == .missing && silent.clips.map(\.classes) == [[0], []])
    }
}

@Suite struct AudioFoldersTests {
    /// Where the reader finds a recording, below the test's folder; its error's message otherwise.
    private func find(_ name: String, files: [String], audio: [String] = ["audio"], fold: String = "3") throws -> String
    {
        try withTemporaryFolder { folder in
            for file in files + ["audio/keep.wav"] {
                let path = URL(fileURLWithPath: folder + "/" + file)
                try FileManager.default.createDirectory(
                    at: path.deletingLastPathComponent(), withIntermediateDirectories: true)
                try Data().write(to: path)
            }
            let name = name.replacingOccurrences(of: "<folder>", with: folder)
            try write("filename,fold,category\n\(name),\(fold),x\n", to: folder + "/t.csv")
            var options = DataSet.Options()
            options.audioFolders = audio.dropFirst().map { folder + "/" + $0 }
            do {
                let dataSet = try DataSet.read(
                    folder + "/t.csv", audio: folder + "/" + audio[0] + "/", options: options)
                guard case .file(let path) = dataSet.clips[0].source else { return "no file" }
                return String(path.dropFirst(folder.count + 1))
            } catch let error as EPANNsError {
                return error.message
            }
        }
    }

    @Test(arguments: [
        ("a.wav", "audio/a.wav"), ("sub/a.wav", "audio/sub/a.wav"), ("./sub/../a.wav", "audio/a.wav"),
        ("a", "audio/a.flac"), ("a.mp3", "audio/a.flac"), ("b.wav", "audio/fold3/b.wav"), ("c.wav", "more/c.wav"),
        ("<folder>/audio/a.wav", "audio/a.wav"), ("<folder>/more/c.wav", "more/c.wav"),
    ])
    func found(name: String, expected: String) throws {
        var files = ["audio/a.txt", "audio/a.flac", "audio/sub/a.wav", "audio/fold3/b.wav", "more/c.wav"]
        if expected == "audio/a.wav" { files.append(expected) }
        #expect(try find(name, files: files, audio: ["audio", "more"]) == expected)
    }

    @Test(arguments: [
        "../secret.wav", "sub/../../secret.wav", "<folder>/secret.wav", "/etc/passwd", "<folder>/audio/../secret.wav",
    ])
    func nothingOutsideTheFolders(name: String) throws {
        let result = try find(name, files: ["secret.wav", "audio/sub/x.wav"])
        #expect(result.contains("leads out of the folder"), "\(result)")
    }

    @Test func namesThatNameNothing() throws {
        #expect(try find("sub/..", files: []).contains("is not a file name"))
        #expect(try find("nothing.wav", files: []).contains("1 of 1 recording is not in"))
        #expect(try find("a.wav", files: [], audio: ["nowhere"]).contains("There is no folder"))
    }
}

import EPANNs
import EPANNsCore
import EPANNsTestSupport
import Foundation
import Testing

/// The main command on the real binary.
@Suite struct TagTests {
    // Converted, since the PyTorch file stores no front end, and every run would say so.
    private func options(_ folder: String) -> [String] {
        ["--model", folder + "/tiny.safetensors", "--precision", "fp32", "--threads", "1"]
    }

    private func withFolder(_ body: (_ folder: String) throws -> Void) throws {
        try withTemporaryFolder { folder in
            try FileManager.default.createDirectory(atPath: folder + "/in/deep", withIntermediateDirectories: true)
            try wave(TinyModel.samples()).write(to: URL(fileURLWithPath: folder + "/in/a.wav"))
            try wave(TinyModel.noise(count: 40000)).write(to: URL(fileURLWithPath: folder + "/in/deep/b.wav"))
            try Model.read(path: TinyModel.path).write(to: folder + "/tiny.safetensors")
            try Data("not audio, and not looked at".utf8).write(to: URL(fileURLWithPath: folder + "/in/notes.txt"))
            try body(folder)
        }
    }

    private func decode(_ data: Data) throws -> [TaggedAudio] {
        try JSONDecoder().decode([TaggedAudio].self, from: data)
    }

    @Test func jsonEqualsTheLibrary() throws {
        try withFolder { folder in
            let path = folder + "/in/a.wav"
            let run = try CommandRun.run(["tag", path, "--format", "json", "--top-k", "3"] + options(folder))
            #expect(run.status == 0 && run.error.isEmpty, "\(run.error)")
            let tagger = try AudioTagger(
                modelPath: folder + "/tiny.safetensors", options: .init(precision: .fp32, threads: 1))
            // Not only close: the printed numbers bring the same Float32 back.
            #expect(try decode(run.output) == [try tagger.tag(file: path, selection: TagSelection(topK: 3))])
        }
    }

    @Test func foldersPatternsAndFilesAreTaggedOnceEach() throws {
        try withFolder { folder in
            let run = try CommandRun.run(
                ["tag", folder + "/in", folder + "/in/*.wav", folder + "/in/a.wav", "--format", "jsonl", "--jobs", "2"]
                    + options(folder))
            #expect(run.status == 0, "\(run.error)")
            let files = try run.text.split(separator: "\n").map {
                try JSONDecoder().decode(TaggedAudio.self, from: Data($0.utf8)).file
            }
            #expect(files == [folder + "/in/a.wav", folder + "/in/deep/b.wav"])
        }
    }

    @Test func windowsAreCutAndPrintedInEveryFormat() throws {
        try withFolder { folder in
            let arguments = ["tag", folder + "/in/deep/b.wav", "--window", "0.5", "--top-k", "2"] + options(folder)
            let json = try decode(CommandRun.run(arguments + ["--format", "json"]).output)
            // 1.25 s; the quarter second at the end is shorter than the network's minimum of 0.31 s, and is padded.
            #expect(json[0].windows.map(\.startSeconds) == [0, 0.5, 1])
            #expect(json[0].windows.last?.endSeconds == 1.25)
            #expect(json[0].warnings?.first?.hasPrefix("The last window, from 1.000 s, lasts 0.250 s") == true)
            let csv = try CommandRun.run(arguments + ["--format", "csv"]).lines
            #expect(csv[0] == "file,start_seconds,end_seconds,index,mid,name,score")
            let rows = csv.dropFirst().filter { !$0.isEmpty }
            #expect(rows.count == 6)
            #expect(
                rows.map { $0.split(separator: ",").last.flatMap { Float($0) } }
                    == json[0].windows.flatMap(\.tags).map(\.score))
            let text = try CommandRun.run(arguments).lines
            #expect(text[0] == Substring(folder + "/in/deep/b.wav"))
            #expect(text[1].hasPrefix("  0:00.0 – 0:00.5  ") && text[2].hasPrefix("  0:00.5 – 0:01.0  "))
        }
    }

    @Test func standardInputIsReadAsContainerOrBareSamples() throws {
        try withFolder { folder in
            let path = folder + "/in/a.wav"
            let direct = try decode(CommandRun.run(["tag", path, "--format", "json"] + options(folder)).output)
            let container = try CommandRun.run(
                ["tag", "-", "--format", "json"] + options(folder), input: Data(contentsOf: URL(fileURLWithPath: path)))
            #expect(try decode(container.output)[0].windows == direct[0].windows, "\(container.error)")
            let bare = try CommandRun.run(
                ["tag", "-", "--raw", "f32le:32000:1", "--format", "json"] + options(folder),
                input: TinyModel.samples().withUnsafeBytes { Data($0) })
            #expect(try decode(bare.output)[0].windows == direct[0].windows, "\(bare.error)")
        }
    }

    @Test func oneBadInputDoesNotStopTheOthers() throws {
        try withFolder { folder in
            try Data("this is no audio".utf8).write(to: URL(fileURLWithPath: folder + "/in/bad.wav"))
            let run = try CommandRun.run(
                ["tag", folder + "/in", folder + "/missing.wav", "--format", "json"] + options(folder))
            #expect(run.status == 1)
            #expect(try decode(run.output).map(\.file) == [folder + "/in/a.wav", folder + "/in/deep/b.wav"])
            #expect(run.error.contains("There is no file or folder \(folder)/missing.wav."))
            #expect(run.error.contains("bad.wav is not audio"))
            #expect(run.error.hasSuffix("epanns: 2 of 4 inputs could not be tagged.\n"), "\(run.error)")
            let alone = try CommandRun.run(["tag", folder + "/in/bad.wav", "--format", "json"] + options(folder))
            #expect(alone.status == 65)
            // Not the beginning of an array either, nor a header.
            #expect(alone.output.isEmpty)
            for format in ["csv", "text"] {
                let windows = try CommandRun.run(
                    ["tag", folder + "/in/bad.wav", "--window", "1", "--format", format] + options(folder))
                #expect(windows.status == 65 && windows.output.isEmpty, "\(windows.text)")
            }
        }
    }

    @Test func anOutputFolderIsResumed() throws {
        try withFolder { folder in
            let out = folder + "/out"
            let arguments = ["tag", folder + "/in", "--format", "json", "--output", out] + options(folder)
            #expect(try CommandRun.run(arguments).status == 0)
            let first = try decode(Data(contentsOf: URL(fileURLWithPath: out + "/a.wav.json")))
            #expect(first.count == 1 && first[0].file == folder + "/in/a.wav")
            // What is there is kept, whatever it holds; what is missing is made.
            try Data("kept".utf8).write(to: URL(fileURLWithPath: out + "/a.wav.json"))
            try FileManager.default.removeItem(atPath: out + "/deep/b.wav.json")
            let resumed = try CommandRun.run(arguments + ["--resume"])
            #expect(resumed.status == 0)
            #expect(resumed.error == "epanns: 1 of 2 inputs are in \(out) already.\n")
            #expect(try String(contentsOfFile: out + "/a.wav.json", encoding: .utf8) == "kept")
            #expect(FileManager.default.fileExists(atPath: out + "/deep/b.wav.json"))
            // Without --resume all is done anew, and no temporary file stays.
            #expect(try CommandRun.run(arguments).status == 0)
            #expect(try decode(Data(contentsOf: URL(fileURLWithPath: out + "/a.wav.json"))) == first)
            #expect(
                try FileManager.default.contentsOfDirectory(atPath: out).sorted()
                    == [".epanns-tag.json", "a.wav.json", "deep"])
        }
    }

    @Test func classesAreSelected() throws {
        try withFolder { folder in
            let tagger = try AudioTagger(modelPath: folder + "/tiny.safetensors")
            let names = tagger.labels.labels.map(\.name)
            let common = ["tag", folder + "/in/a.wav", "--format", "json"] + options(folder)
            let allowed = try decode(
                CommandRun.run(common + ["--allow", names[2], "--allow", "0", "--deny", names[0]]).output)
            #expect(allowed[0].windows[0].tags.map(\.index) == [2])
            let all = try decode(CommandRun.run(common + ["--top-k", "1000"]).output)[0].windows[0].tags
            #expect(all.count == names.count)
            let limit = all[2].score
            let above = try decode(CommandRun.run(common + ["--threshold", "\(limit)"]).output)[0].windows[0].tags
            #expect(above == Array(all.prefix(3)))
            let none = try decode(CommandRun.run(common + ["--threshold", "1.1"]).output)
            #expect(none[0].windows[0].tags.isEmpty)
        }
    }

    @Test func activationsAreReplaced() throws {
        try withFolder { folder in
            let common = ["tag", folder + "/in/a.wav", "--format", "json", "--top-k", "1000"] + options(folder)
            func scores(_ activation: String) throws -> [Float] {
                let tags = try decode(CommandRun.run(common + ["--activation", activation]).output)[0].windows[0].tags
                return tags.sorted { $0.index < $1.index }.map(\.score)
            }
            let logits = try scores("none")
            let powers = logits.map { exp(Double($0)) }
            let sum = powers.reduce(0, +)
            // Both sides round once to Float32.
            #expect(worst(try scores("softmax"), powers.map { Float($0 / sum) }) < 1e-6)
            #expect(worst(try scores("sigmoid"), logits.map { Float(1 / (1 + exp(-Double($0)))) }) < 1e-6)
        }
    }

    @Test func whatRunsIsSaidWhenAsked() throws {
        try withFolder { folder in
            let arguments = [
                "tag", folder + "/in/a.wav", "--model", folder + "/tiny.safetensors", "--precision", "fp32",
            ]
            let single = try CommandRun.run(arguments + ["--threads", "1", "-v"])
            #expect(single.status == 0)
            #expect(single.error == "epanns: tiny_cnn14, fp32, 1 thread, 1 job\n")
            let several = try CommandRun.run(
                arguments + [folder + "/in/deep/b.wav", "--threads", "2", "--jobs", "2", "--verbose"])
            #expect(several.error == "epanns: tiny_cnn14, fp32, 2 threads, 2 jobs\n")
            // Scripts stay quiet.
            #expect(try CommandRun.run(arguments).error.isEmpty)
        }
    }

    @Test func anAssumedFrontEndIsSaid() throws {
        try withFolder { folder in
            let run = try CommandRun.run(["tag", folder + "/in/a.wav", "--model", TinyModel.path])
            #expect(run.status == 0)
            #expect(run.error.contains("The checkpoint stores no front end; PANNs' 32 kHz one is assumed."))
        }
    }
}

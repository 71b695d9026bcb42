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
        try ResultJSON.decoder.decode([TaggedAudio].self, from: data)
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
                try ResultJSON.decoder.decode(TaggedAudio.self, from: Data($0.utf8)).file
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
            #expect(csv[0].hasPrefix("file,start_seconds,end_seconds,index,mid,name,score,"))
            let rows = csv.dropFirst().filter { !$0.isEmpty }
            // Six tags, and the warning.
            #expect(rows.count == 7 && rows.last?.contains("The last window, from 1.000 s, lasts 0.250 s") == true)
            // Four columns follow the score; a class's name may hold a comma.
            let scores = rows.dropLast().map { row in
                row.split(separator: ",", omittingEmptySubsequences: false).dropLast(4).last.flatMap { Float($0) }
            }
            #expect(scores == json[0].windows.flatMap(\.tags).map(\.score))
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
            #expect(run.error.contains("There is no file or folder \(folder)/missing.wav."))
            #expect(run.error.contains("bad.wav is not audio"))
            #expect(run.error.contains("epanns: 4 inputs, 2 failed; 0:0"), "\(run.error)")
            #expect(run.error.hasSuffix("epanns: Left alone: 1 file not called as audio is.\n"), "\(run.error)")
            // Every input is in the result, in its place.
            let objects = try #require(JSONSerialization.jsonObject(with: run.output) as? [[String: Any]])
            let names = ["/in/a.wav", "/in/bad.wav", "/in/deep/b.wav", "/missing.wav"]
            #expect(objects.compactMap { $0["file"] as? String } == names.map { folder + $0 })
            #expect(objects.map { $0["error"] == nil } == [true, false, true, false])
            let failed = try ResultJSON.decoder.decode(
                FailedInput.self, from: JSONSerialization.data(withJSONObject: objects[3]))
            #expect(failed.error.code == "fileFailure" && failed.error.message.contains("There is no file"))
        }
    }

    /// Alone, its error decides the status, and the document is whole.
    @Test func theOnlyInputsFailureIsInEveryFormat() throws {
        try withFolder { folder in
            let bad = folder + "/in/bad.wav"
            try Data("this is no audio".utf8).write(to: URL(fileURLWithPath: bad))
            for window in [[], ["--window", "1"]] {
                func run(_ format: String) throws -> CommandRun {
                    let run = try CommandRun.run(["tag", bad, "--format", format] + window + options(folder))
                    #expect(run.status == 65 && run.error.contains("bad.wav is not audio"), "\(run.error)")
                    #expect(run.error.split(separator: "\n").count == 1, "\(run.error)")
                    return run
                }
                let json = try ResultJSON.decoder.decode([FailedInput].self, from: run("json").output)
                #expect(json.map(\.file) == [bad] && json[0].error.code == "unsupportedFormat")
                let line = try ResultJSON.decoder.decode(FailedInput.self, from: run("jsonl").output)
                #expect(line == json[0])
                let csv = try run("csv").lines
                #expect(csv.count == 3 && csv[1].hasPrefix(bad + ",,,,,,,,,,") && csv[1].contains("is not audio"))
                // For people, who have just read it.
                #expect(try run("text").output.isEmpty)
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
            #expect(resumed.error.hasPrefix("epanns: 1 of 2 inputs is in \(out) already.\n"), "\(resumed.error)")
            #expect(try String(contentsOfFile: out + "/a.wav.json", encoding: .utf8) == "kept")
            #expect(FileManager.default.fileExists(atPath: out + "/deep/b.wav.json"))
            // Without --resume all is done anew, and no temporary file stays.
            #expect(try CommandRun.run(arguments).status == 0)
            #expect(try decode(Data(contentsOf: URL(fileURLWithPath: out + "/a.wav.json"))) == first)
            #expect(
                try FileManager.default.contentsOfDirectory(atPath: out).sorted()
                    == [".epanns-tag.done", ".epanns-tag.json", "a.wav.json", "deep"])
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
            let none = try decode(CommandRun.run(common + ["--threshold", "1"]).output)
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
            #expect(several.error.hasPrefix("epanns: tiny_cnn14, fp32, 2 threads, 2 jobs\n"), "\(several.error)")
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

    /// A line a window, as soon as it was heard, and one at the end; each stands for itself.
    @Test func jsonLinesStreamWindows() throws {
        struct Line: Decodable {
            var file: String
            var startSeconds, endSeconds, durationSeconds: Double?
            var tags: [EPANNs.Tag]?
            var windowCount: Int?
            var model: ModelIdentity
            var warnings: [String]?
        }
        try withFolder { folder in
            let arguments = ["tag", folder + "/in/deep/b.wav", "--window", "0.5", "-k2"] + options(folder)
            let json = try decode(CommandRun.run(arguments + ["-f", "json"]).output)[0]
            let lines = try CommandRun.run(arguments + ["-fjsonl"]).text.split(separator: "\n").map {
                try ResultJSON.decoder.decode(Line.self, from: Data($0.utf8))
            }
            #expect(lines.dropLast().map(\.tags) == json.windows.map(\.tags))
            #expect(lines.dropLast().map(\.startSeconds) == json.windows.map(\.startSeconds))
            #expect(lines.allSatisfy { $0.model == json.model && $0.file == json.file })
            let last = try #require(lines.last)
            #expect(last.durationSeconds == 1.25 && last.windowCount == 3 && last.warnings == json.warnings)
        }
    }

    /// The first line of a pipe that stays open comes before its end.
    @Test func windowsOfALivePipeComeAtOnce() throws {
        try withFolder { folder in
            let process = Process()
            process.executableURL = URL(fileURLWithPath: try #require(CommandRun.binary))
            process.arguments =
                ["tag", "-", "--raw", "f32le:32000:1", "--window", "0.5", "--format", "jsonl"] + options(folder)
            let (input, output) = (Pipe(), Pipe())
            process.standardInput = input
            process.standardOutput = output
            process.standardError = FileHandle.nullDevice
            try process.run()
            let samples = TinyModel.noise(count: 32000)
            try input.fileHandleForWriting.write(contentsOf: samples.withUnsafeBytes { Data($0) })
            // Blocks until something is there; the pipe is open all the while.
            let first = output.fileHandleForReading.availableData
            #expect(String(decoding: first, as: UTF8.self).contains("\"start_seconds\":0"))
            #expect(process.isRunning)
            try input.fileHandleForWriting.close()
            _ = output.fileHandleForReading.readDataToEndOfFile()
            process.waitUntilExit()
            #expect(process.terminationStatus == 0)
        }
    }

    @Test func aStretchInWhichNothingIsHeardIsInTheTable() throws {
        try withFolder { folder in
            let run = try CommandRun.run(
                ["tag", folder + "/in/a.wav", "-f", "csv", "--threshold", "1"] + options(folder))
            #expect(run.lines.count == 3 && run.lines[1].hasPrefix("\(folder)/in/a.wav,0.0,"), "\(run.text)")
            #expect(run.lines[1].hasSuffix(",,,,,,,,"), "\(run.text)")
        }
    }

    /// What is longer than half a minute is the mean over windows, and says so; --whole takes it as one.
    @Test func longClipsAreTheMeanOverWindows() throws {
        try withFolder { folder in
            let path = folder + "/long.wav"
            try wave(TinyModel.noise(count: 32000 * 35)).write(to: URL(fileURLWithPath: path))
            let common = ["tag", path, "--top-k", "1000"] + options(folder)
            let mean = try decode(CommandRun.run(common + ["-f", "json"]).output)[0]
            #expect(mean.windows.count == 1 && mean.windows[0].endSeconds == 35)
            #expect(mean.windows[0].mean == WindowMean(windowCount: 4, windowSeconds: 10))
            #expect(try CommandRun.run(common).lines[0].hasSuffix("long.wav  (0:35.0, mean of 4 windows of 10 s)"))
            let windows = try decode(CommandRun.run(common + ["--window", "10", "-f", "json"]).output)[0].windows
            for tag in mean.windows[0].tags.prefix(5) {
                let expected = windows.reduce(0.0) { sum, window in
                    let score = window.tags.first { $0.index == tag.index }?.score ?? .nan
                    return sum + Double(score) * (window.endSeconds - window.startSeconds)
                }
                // The same Float32 scores, summed in another order.
                #expect(abs(Double(tag.score) - expected / 35) < 1e-6)
            }
            let whole = try decode(CommandRun.run(common + ["--whole", "-f", "json"]).output)[0].windows[0]
            #expect(whole.mean == nil && whole.tags != mean.windows[0].tags)
        }
    }

    @Test func aGeneralThresholdIsTakenWhereTheModelHasNone() throws {
        try withFolder { folder in
            let common = ["tag", folder + "/in/a.wav", "-f", "json", "--top-k", "1000"] + options(folder)
            let run = try CommandRun.run(common + ["--threshold", "auto"])
            #expect(run.status == 0 && run.error.contains("0.3, a general one, is taken"), "\(run.error)")
            let all = try decode(CommandRun.run(common).output)[0].windows[0].tags
            #expect(try decode(run.output)[0].windows[0].tags == all.filter { $0.score >= 0.3 })
        }
    }

    @Test(arguments: [
        (["--threshold", "2"], "between 0 and 1"),
        (["--window", "1", "--hop", "0.0001"], "--hop must be between 0.01"),
        (["--whole", "--window", "1"], "exclude each other"), (["--resume"], "needs --output"),
    ])
    func numbersThatMustBeMistakesAreRefused(arguments: [String], words: String) throws {
        let run = try CommandRun.run(["tag", "x.wav"] + arguments)
        #expect(run.status == 64 && run.error.contains(words), "\(run.error)")
    }

    @Test func aHopBeyondTheWindowIsSaid() throws {
        try withFolder { folder in
            let run = try CommandRun.run(
                ["tag", folder + "/in/a.wav", "--window", "0.5", "--hop", "1.5"] + options(folder))
            #expect(run.status == 0)
            #expect(run.error.contains("1 of every 1.5 s are not listened to"), "\(run.error)")
        }
    }

    /// A shell's `*.wav` gives names that look like options.
    @Test func aFileCalledLikeAnOptionIsAFile() throws {
        try withFolder { folder in
            try wave(TinyModel.samples()).write(to: URL(fileURLWithPath: folder + "/in/-dash.wav"))
            let process = Process()
            process.executableURL = URL(fileURLWithPath: try #require(CommandRun.binary))
            process.currentDirectoryURL = URL(fileURLWithPath: folder + "/in")
            process.arguments = ["tag", "-dash.wav", "a.wav", "-f", "csv", "-k1"] + options(folder)
            let output = Pipe()
            process.standardOutput = output
            process.standardError = FileHandle.nullDevice
            try process.run()
            let text = String(decoding: output.fileHandleForReading.readDataToEndOfFile(), as: UTF8.self)
            process.waitUntilExit()
            #expect(process.terminationStatus == 0)
            let files = text.split(separator: "\n").dropFirst().map { $0.prefix { $0 != "," } }
            #expect(files == ["./-dash.wav", "a.wav"])
        }
    }

    /// `--output` names a file by its ending, and else a folder.
    @Test func anOutputFileTakesAllResults() throws {
        try withFolder { folder in
            let (path, arguments) = (folder + "/all.csv", ["tag", folder + "/in", "-f", "csv"] + options(folder))
            let direct = try CommandRun.run(arguments)
            let run = try CommandRun.run(arguments + ["-o", path])
            #expect(run.status == 0 && run.output.isEmpty, "\(run.error)")
            #expect(try Data(contentsOf: URL(fileURLWithPath: path)) == direct.output)
            #expect(try CommandRun.run(arguments + ["-o", path]).error.contains("all.csv exists and is replaced."))
            for (output, words) in [
                (folder + "/all.json", "file of another format"), (folder + "/in/a.wav", "is a file; name a folder"),
            ] {
                let refused = try CommandRun.run(arguments + ["-o", output])
                #expect(refused.status == 64 && refused.error.contains(words), "\(refused.error)")
            }
        }
    }

    /// What is wrong with the sound stands beside the tags, in every format; the channel can be chosen.
    @Test func whatIsWrongWithTheSoundIsSaid() throws {
        try withFolder { folder in
            let noise = TinyModel.noise(count: 64000)
            func run(_ samples: [Float], channels: Int, _ more: [String]) throws -> CommandRun {
                try CommandRun.run(
                    ["tag", "-", "--raw", "f32le:32000:\(channels)"] + more + options(folder),
                    input: samples.withUnsafeBytes { Data($0) })
            }
            let opposed = noise.flatMap { [$0, -$0] }
            let json = try run(opposed, channels: 2, ["-f", "json"])
            let tagged = try decode(json.output)[0]
            #expect(tagged.warnings?.contains { $0.contains("cancel each other") } == true, "\(json.text)")
            #expect(json.error.contains("epanns: -: The channels cancel each other"), "\(json.error)")
            #expect(try run(opposed, channels: 2, ["-f", "csv"]).text.contains("The channels cancel each other"))
            // The loudest was taken, and no sound was lost: the powers are those of one channel.
            let mono = try decode(run(noise, channels: 1, ["-f", "json"]).output)[0]
            #expect(tagged.windows == mono.windows)
            let second = try run(opposed, channels: 2, ["-f", "json", "--channel", "2"])
            #expect(try decode(second.output)[0].windows == mono.windows && second.error.isEmpty, "\(second.error)")
            #expect(try decode(run(opposed, channels: 2, ["-f", "json", "--channel", "mix"]).output)[0] != tagged)
            for (channel, words) in [("3", "no channel 3"), ("left", "is not a channel")] {
                let refused = try run(opposed, channels: 2, ["--channel", channel])
                #expect(refused.status == 64 && refused.error.contains(words), "\(refused.error)")
            }
        }
    }
}

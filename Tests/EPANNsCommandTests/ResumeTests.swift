import EPANNs
import EPANNsCore
import EPANNsTestSupport
import Foundation
import Testing

/// `--resume` and the settings beside the results.
@Suite struct ResumeTests {
    private func withFolder(_ body: (_ folder: String, _ arguments: [String]) throws -> Void) throws {
        try withTemporaryFolder { folder in
            let model = folder + "/tiny.safetensors"
            try Model.read(path: TinyModel.path).write(to: model)
            try wave(TinyModel.noise(count: 20000)).write(to: URL(fileURLWithPath: folder + "/a.wav"))
            try body(
                folder,
                [
                    "tag", folder + "/a.wav", "--model", model, "--threads", "1", "--precision", "fp32", "--format",
                    "json", "--output", folder + "/out",
                ])
        }
    }

    @Test func otherSettingsAreRefusedAndNamed() throws {
        try withFolder { folder, arguments in
            #expect(try CommandRun.run(arguments).status == 0)
            #expect(try CommandRun.run(arguments + ["--resume"]).status == 0)
            let result = folder + "/out/a.wav.json"
            let before = try FileDigest.sha256(path: result)
            let refused = try CommandRun.run(arguments + ["--resume", "--top-k", "3", "--deny", "Speech"])
            #expect(refused.status == 64)
            #expect(
                refused.error.contains("--top-k was 10 and is 3; --deny was not given and is [0]"), "\(refused.error)")
            for others in [
                ["--window", "0.5"], ["--threshold", "0.5"], ["--allow", "Speech"], ["--activation", "softmax"],
            ] {
                let refused = try CommandRun.run(arguments + ["--resume"] + others)
                #expect(refused.status == 64)
                #expect(refused.error.contains("\(others[0]) was not given and is"), "\(refused.error)")
            }
            #expect(try FileDigest.sha256(path: result) == before)
            // Without --resume everything is made anew, and from then on that counts.
            #expect(try CommandRun.run(arguments + ["--top-k", "3"]).status == 0)
            #expect(try CommandRun.run(arguments + ["--top-k", "3", "--resume"]).status == 0)
            #expect(try CommandRun.run(arguments + ["--resume"]).status == 64)
        }
    }

    @Test func anotherModelIsRefused() throws {
        try withFolder { folder, arguments in
            #expect(try CommandRun.run(arguments).status == 0)
            var model = try Model.read(path: TinyModel.path)
            model.name = "another"
            try FileManager.default.removeItem(atPath: folder + "/tiny.safetensors")
            try model.write(to: folder + "/tiny.safetensors")
            let refused = try CommandRun.run(arguments + ["--resume"])
            #expect(refused.status == 64)
            #expect(refused.error.contains("the model (SHA-256) was"), "\(refused.error)")
        }
    }

    @Test func aFolderWithoutSettingsIsAcceptedWithAMessage() throws {
        try withFolder { folder, arguments in
            #expect(try CommandRun.run(arguments + ["--resume"]).error.isEmpty)
            let settings = folder + "/out/.epanns-tag.json"
            #expect(FileManager.default.fileExists(atPath: settings))
            try FileManager.default.removeItem(atPath: settings)
            let accepted = try CommandRun.run(arguments + ["--resume", "--top-k", "3"])
            #expect(accepted.status == 0)
            #expect(accepted.error.contains("does not say with which model and settings"), "\(accepted.error)")
            // Nothing is claimed of results that this run did not make.
            #expect(!FileManager.default.fileExists(atPath: settings))
            try Data("{".utf8).write(to: URL(fileURLWithPath: settings))
            let damaged = try CommandRun.run(arguments + ["--resume"])
            #expect(damaged.status == 64)
            #expect(damaged.error.contains("is damaged; delete it"), "\(damaged.error)")
        }
    }

    /// Its defaults were others, which its settings do not say.
    @Test func aFolderOfAnEarlierVersionIsRefused() throws {
        try withFolder { folder, arguments in
            #expect(try CommandRun.run(arguments).status == 0)
            let settings = folder + "/out/.epanns-tag.json"
            let text = try String(contentsOfFile: settings, encoding: .utf8)
            let old = text.split(separator: "\n").filter { !$0.contains("results_listed") }.joined(separator: "\n")
            #expect(old.utf8.count < text.utf8.count - 10)
            try Data(old.utf8).write(to: URL(fileURLWithPath: settings))
            for more in [[], ["--whole"]] {
                let refused = try CommandRun.run(arguments + ["--resume"] + more)
                #expect(
                    refused.status == 64 && refused.error.contains("made by an earlier version"), "\(refused.error)")
            }
            // They can be accepted, and made anew.
            try FileManager.default.removeItem(atPath: settings)
            #expect(try CommandRun.run(arguments + ["--resume"]).error.contains("they are accepted"))
            #expect(try CommandRun.run(arguments).status == 0)
            #expect(try CommandRun.run(arguments + ["--resume"]).error.contains("1 of 1 input is in"))
        }
    }

    /// Where nobody kept a list, the record of a failure is no result all the same.
    @Test func aFailedInputIsTriedAgainInAFolderWithoutSettings() throws {
        try withFolder { folder, arguments in
            #expect(try CommandRun.run(arguments).status == 0)
            for name in ["json", "done"] {
                try FileManager.default.removeItem(atPath: folder + "/out/.epanns-tag." + name)
            }
            try Data("no audio".utf8).write(to: URL(fileURLWithPath: folder + "/b.wav"))
            let arguments = arguments + [folder + "/b.wav", "--resume"]
            for _ in 0..<2 {
                let run = try CommandRun.run(arguments)
                #expect(run.status == 1 && run.error.contains("1 of 2 inputs is in"), "\(run.error)")
            }
            try wave(TinyModel.noise(count: 30000)).write(to: URL(fileURLWithPath: folder + "/b.wav"))
            #expect(try CommandRun.run(arguments).status == 0)
            #expect(try String(contentsOfFile: folder + "/out/b.wav.json", encoding: .utf8).contains("\"tags\""))
            #expect(try CommandRun.run(arguments).error.contains("2 of 2 inputs are in"))
        }
    }

    @Test func embeddingsDoNotTakeThePlaceOfTags() throws {
        try withFolder { folder, arguments in
            #expect(try CommandRun.run(arguments).status == 0)
            let result = folder + "/out/a.wav.json"
            let before = try FileDigest.sha256(path: result)
            let embed = ["embed"] + arguments.dropFirst()
            let refused = try CommandRun.run(Array(embed))
            #expect(refused.status == 64 && refused.error.contains("holds results of “epanns tag”"), "\(refused.error)")
            #expect(try FileDigest.sha256(path: result) == before)
            // Other files may lie beside them.
            #expect(try CommandRun.run(embed + ["--format", "npy"]).status == 0)
        }
    }

    /// Deep in the folder, too, and only where results go.
    @Test func foldersOfResultsAreSwept() throws {
        try withFolder { folder, arguments in
            for name in ["in/deep", "out/deep", "out/other"] {
                try FileManager.default.createDirectory(
                    atPath: folder + "/" + name, withIntermediateDirectories: true)
            }
            try wave(TinyModel.noise(count: 30000)).write(to: URL(fileURLWithPath: folder + "/in/deep/b.wav"))
            let paths = ["deep", "other"].map { folder + "/out/\($0)/.epanns-0123.partial" }
            for path in paths {
                try Data("x".utf8).write(to: URL(fileURLWithPath: path))
                try FileManager.default.setAttributes(
                    [.modificationDate: Date(timeIntervalSinceNow: -3600)], ofItemAtPath: path)
            }
            #expect(try CommandRun.run(arguments + [folder + "/in"]).status == 0)
            #expect(paths.map { FileManager.default.fileExists(atPath: $0) } == [false, true])
        }
    }

    /// Windows of one long clip go side by side as asked; the one window of a short clip takes all threads.
    @Test func jobsAreWindowsOfALongClip() throws {
        try withFolder { folder, arguments in
            let model = Array(arguments[2..<4])
            let long = folder + "/long.wav"
            try wave(TinyModel.noise(count: 31 * 32000)).write(to: URL(fileURLWithPath: long))
            for (input, more, jobs) in [
                (long, [], "2 jobs"), (long, ["--whole"], "1 job"), (folder + "/a.wav", [], "1 job"),
            ] as [(String, [String], String)] {
                let run = try CommandRun.run(["tag", input, "-j", "2", "--verbose"] + model + more)
                #expect(run.status == 0 && run.error.contains(", \(jobs)\n"), "\(run.error)")
            }
        }
    }

    /// A run with other settings that is killed leaves results of both kinds; only its own count.
    @Test func resultsOfOtherSettingsAreMadeAnew() throws {
        try withFolder { folder, arguments in
            try wave(TinyModel.noise(count: 30000)).write(to: URL(fileURLWithPath: folder + "/b.wav"))
            let arguments = arguments + [folder + "/b.wav"]
            let (out, list) = (folder + "/out", folder + "/out/.epanns-tag.done")
            #expect(try CommandRun.run(arguments + ["-k", "2"]).status == 0)
            #expect(try CommandRun.run(arguments + ["-k", "3"]).status == 0)
            // As a kill after the first result leaves it: the second one is the former run's, and not listed.
            let lines = try String(contentsOfFile: list, encoding: .utf8).split(separator: "\n")
            #expect(lines.count == 3)
            try Data((lines[0] + "\n" + "\"a.wav.json\"\n").utf8).write(to: URL(fileURLWithPath: list))
            for file in ["a", "b"] { try Data(file.utf8).write(to: URL(fileURLWithPath: out + "/\(file).wav.json")) }
            let resumed = try CommandRun.run(arguments + ["-k", "3", "--resume"])
            #expect(resumed.status == 0 && resumed.error.contains("1 of 2 inputs is in"), "\(resumed.error)")
            #expect(try String(contentsOfFile: out + "/a.wav.json", encoding: .utf8) == "a")
            #expect(try String(contentsOfFile: out + "/b.wav.json", encoding: .utf8).contains("\"tags\""))
            // Killed before its list was there, or with one of other settings: nothing counts.
            for damage in ["", "0123\n\"a.wav.json\"\n\"b.wav.json\"\n"] {
                try Data(damage.utf8).write(to: URL(fileURLWithPath: list))
                let anew = try CommandRun.run(arguments + ["-k", "3", "--resume"])
                #expect(anew.status == 0 && !anew.error.contains("already"), "\(anew.error)")
            }
            try FileManager.default.removeItem(atPath: list)
            #expect(try !CommandRun.run(arguments + ["-k", "3", "--resume"]).error.contains("already"))
            #expect(try CommandRun.run(arguments + ["-k", "3", "--resume"]).error.contains("2 of 2 inputs are in"))
        }
    }

    @Test func aFailedInputIsTriedAgain() throws {
        try withFolder { folder, arguments in
            try Data("no audio".utf8).write(to: URL(fileURLWithPath: folder + "/b.wav"))
            let arguments = arguments + [folder + "/b.wav"]
            #expect(try CommandRun.run(arguments).status == 1)
            let record = folder + "/out/b.wav.json"
            #expect(try String(contentsOfFile: record, encoding: .utf8).contains("\"error\""))
            try wave(TinyModel.noise(count: 30000)).write(to: URL(fileURLWithPath: folder + "/b.wav"))
            #expect(try CommandRun.run(arguments + ["--resume"]).status == 0)
            #expect(try String(contentsOfFile: record, encoding: .utf8).contains("\"tags\""))
        }
    }

    /// One name that cannot be written is that input's failure.
    @Test func aNameThatCannotBeWrittenStopsNoOther() throws {
        try withFolder { folder, arguments in
            let long = folder + "/" + String(repeating: "l", count: 251) + ".wav"
            for path in [long, folder + "/z.wav"] {
                try wave(TinyModel.noise(count: 30000)).write(to: URL(fileURLWithPath: path))
            }
            try FileManager.default.createDirectory(
                atPath: folder + "/out/a.wav.json", withIntermediateDirectories: true)
            let run = try CommandRun.run(arguments + [long, folder + "/z.wav"])
            #expect(run.status == 1 && run.error.contains("3 inputs, 2 failed"), "\(run.error)")
            #expect(run.error.contains("File name too long") && run.error.contains("Is a directory"), "\(run.error)")
            #expect(FileManager.default.fileExists(atPath: folder + "/out/z.wav.json"))
        }
    }

    /// Two runs never write the same folder, and what a killed one left is swept.
    @Test func anOutputFolderIsLockedAndSwept() throws {
        try withFolder { folder, arguments in
            #expect(try CommandRun.run(arguments).status == 0)
            let (out, old) = (folder + "/out", folder + "/out/.epanns-0123.partial")
            try Data("x".utf8).write(to: URL(fileURLWithPath: old))
            let young = folder + "/out/.epanns-4567.partial"
            try Data("x".utf8).write(to: URL(fileURLWithPath: young))
            try FileManager.default.setAttributes(
                [.modificationDate: Date(timeIntervalSinceNow: -3600)], ofItemAtPath: old)
            #expect(try CommandRun.run(arguments).status == 0)
            #expect(!FileManager.default.fileExists(atPath: old) && FileManager.default.fileExists(atPath: young))
            #expect(!FileManager.default.fileExists(atPath: out + "/.epanns.lock"))
            // Our own open file description holds it, as another process would.
            let other = try ResultFolder(path: out, fileExtension: "json")
            let refused = try CommandRun.run(arguments)
            #expect(refused.status == 66 && refused.error.contains("Another run is writing into"), "\(refused.error)")
            withExtendedLifetime(other) {}
        }
    }
}

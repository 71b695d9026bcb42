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
}

import EPANNs
import EPANNsCore
import EPANNsTestSupport
import Foundation
import Testing

@Suite struct ConvertTests {
    @Test func aCheckpointBecomesAModel() throws {
        try withTemporaryFolder { folder in
            let path = folder + "/tiny.safetensors"
            let run = try CommandRun.run(["convert", TinyModel.path, path, "--name", "tiny", "--activation", "softmax"])
            #expect(run.status == 0, "\(run.error)")
            #expect(run.error.isEmpty)
            #expect(run.text.contains("cnn14, widths 3 4 5 4 6 5 4 6 5 7 6 8"), "\(run.text)")
            let model = try Model.read(path: path)
            #expect(model.name == "tiny")
            #expect(model.configuration.outputActivation == .softmax)
            #expect(model.provenance?.sourceFile == "tiny_cnn14.pt")
            #expect(model.provenance?.convertedBy == "epanns \(EPANNsVersion.current)")
            #expect(run.text.contains(try FileDigest.sha256(path: path)))
        }
    }

    @Test func anAssumedFrontEndIsSettled() throws {
        try withTemporaryFolder { folder in
            let path = folder + "/tiny.safetensors"
            let run = try CommandRun.run(["convert", TinyModel.path, path, "--front-end", "16k"])
            #expect(run.status == 0, "\(run.error)")
            #expect(!run.text.contains("is assumed"))
            #expect(try Model.read(path: path).configuration.frontEnd == .panns16k)
            // A file that tells its front end keeps it.
            let refused = try CommandRun.run(["convert", path, folder + "/b.safetensors", "--front-end", "8k"])
            #expect(refused.status == 64)
            #expect(refused.error.contains("a front end of its own (16000 Hz)"), "\(refused.error)")
        }
    }

    @Test func nothingIsOverwrittenUnasked() throws {
        try withTemporaryFolder { folder in
            let path = folder + "/tiny.safetensors"
            #expect(try CommandRun.run(["convert", TinyModel.path, path]).status == 0)
            let before = try FileDigest.sha256(path: path)
            let refused = try CommandRun.run(["convert", TinyModel.path, path, "--dtype", "bf16"])
            #expect(refused.status == 66)
            #expect(refused.error.contains("--force"))
            #expect(try FileDigest.sha256(path: path) == before)
            // Not even with --force over itself, under whatever name.
            try FileManager.default.createSymbolicLink(
                atPath: folder + "/link.safetensors", withDestinationPath: path)
            let itself = try CommandRun.run(["convert", path, folder + "/link.safetensors", "--force"])
            #expect(itself.status == 64)
            #expect(itself.error.contains("is the file that is read"))
            let forced = try CommandRun.run(["convert", TinyModel.path, path, "--dtype", "bf16", "--force"])
            #expect(forced.status == 0)
            #expect(try Model.read(path: path).weights["fc1.weight"]?.dataType == .bfloat16)
        }
    }

    @Test func theStoredTypeStays() throws {
        try withTemporaryFolder { folder in
            let (narrow, again) = (folder + "/narrow.safetensors", folder + "/again.safetensors")
            #expect(try CommandRun.run(["convert", TinyModel.path, narrow, "--dtype", "bf16"]).status == 0)
            let run = try CommandRun.run(["convert", narrow, again])
            #expect(run.status == 0 && run.text.contains(", bf16, "), "\(run.text)\(run.error)")
            let (first, second) = try (Model.read(path: narrow), Model.read(path: again))
            #expect(second.weights["fc1.weight"]?.dataType == .bfloat16)
            #expect(first.weights.mapValues(\.floats) == second.weights.mapValues(\.floats))
            #expect(try CommandRun.run(["convert", narrow, again, "--dtype", "fp32", "--force"]).status == 0)
            #expect(try Model.read(path: again).weights["fc1.weight"]?.dataType == .float32)
        }
    }

    @Test func labelsAreTakenFromAFile() throws {
        try withTemporaryFolder { folder in
            let names = (0..<527).map { "sound \($0)" }.joined(separator: "\n")
            try Data(names.utf8).write(to: URL(fileURLWithPath: folder + "/names.txt"))
            let path = folder + "/x.safetensors"
            let run = try CommandRun.run(["convert", TinyModel.path, path, "--labels", folder + "/names.txt"])
            #expect(run.status == 0, "\(run.error)")
            let listed = try CommandRun.run(["labels", "--model", path, "--search", "sound 52"])
            #expect(listed.lines.count == 1 + 8 + 1, "\(listed.text)")
            try Data("one\ntwo\n".utf8).write(to: URL(fileURLWithPath: folder + "/names.txt"))
            let refused = try CommandRun.run([
                "convert", TinyModel.path, folder + "/y.safetensors", "--labels", folder + "/names.txt",
            ])
            #expect(refused.status == 64)
            #expect(refused.error.contains("2 labels cannot name 527 classes"))
            #expect(!FileManager.default.fileExists(atPath: folder + "/y.safetensors"))
        }
    }
}

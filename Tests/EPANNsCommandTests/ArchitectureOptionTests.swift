import EPANNs
import EPANNsCore
import EPANNsTestSupport
import Foundation
import Testing

/// `--architecture`: what a checkpoint is whose tensors are those of several networks.
@Suite struct ArchitectureOptionTests {
    private let plain = ["--precision", "fp32", "--threads", "1"]

    private func withClip(_ body: (_ folder: String, _ clip: String) throws -> Void) throws {
        try withTemporaryFolder { folder in
            try wave(TinyModel.samples()).write(to: URL(fileURLWithPath: folder + "/a.wav"))
            try body(folder, folder + "/a.wav")
        }
    }

    private func architecture(_ arguments: [String]) throws -> String? {
        let run = try CommandRun.run(["info", "--format", "json"] + arguments)
        #expect(run.status == 0, "\(run.error)")
        let object = try JSONSerialization.jsonObject(with: run.output) as? [String: Any]
        return object?["architecture"] as? String
    }

    @Test func aConvertedFileTellsItself() throws {
        try withClip { folder, clip in
            let out = folder + "/average.safetensors"
            let named = ["--architecture", "cnn14-decision-level-avg"]
            let run = try CommandRun.run(["convert", TinyModel.path, out] + named)
            #expect(run.status == 0, "\(run.error)")
            #expect(try architecture([TinyModel.path]) == "cnn14")
            #expect(try architecture([TinyModel.path] + named) == "cnn14-decision-level-avg")
            #expect(try architecture([out]) == "cnn14-decision-level-avg")
            let tags = ["tag", clip, "--format", "csv"] + plain
            let own = try CommandRun.run(tags + ["--model", out])
            #expect(own.status == 0, "\(own.error)")
            #expect(try CommandRun.run(tags + ["--model", TinyModel.path] + named).text == own.text)
            #expect(try CommandRun.run(tags + ["--model", TinyModel.path]).text != own.text)
            let refused = try CommandRun.run(tags + ["--model", out, "--architecture", "cnn14"])
            #expect(refused.status != 0)
            #expect(refused.error.contains("says that it is cnn14-decision-level-avg, not cnn14"), "\(refused.error)")
        }
    }

    @Test func embeddingsAreTheNetworks() throws {
        try withClip { _, clip in
            let common = ["embed", clip, "--model", TinyModel.path] + plain
            let named = try CommandRun.run(common + ["--architecture", "cnn14-decision-level-max"])
            #expect(named.status == 0, "\(named.error)")
            let model = try Model.read(path: TinyModel.path, architecture: "cnn14-decision-level-max")
            let tagger = try AudioTagger(model: model, options: .init(precision: .fp32, threads: 1))
            #expect(try NumPyArray(named.output).values == tagger.outputs(samples: TinyModel.samples()).embedding)
            #expect(try CommandRun.run(common).output != named.output)
        }
    }

    @Test func wrongNamesAreRefused() throws {
        try withClip { folder, clip in
            func refusal(_ arguments: [String]) throws -> String {
                let run = try CommandRun.run(arguments)
                #expect(run.status != 0)
                return run.error.replacingOccurrences(of: "\n", with: " ")
            }
            for command in [["tag", clip, "--model"], ["embed", clip, "--model"], ["info"]] {
                let unknown = try refusal(command + [TinyModel.path, "--architecture", "nonsense"])
                #expect(unknown.contains("There is no architecture “nonsense”"), "\(unknown)")
            }
            let other = try refusal(["tag", clip, "--model", TinyModel.path, "--architecture", "cnn6"])
            #expect(other.contains("The tensors are those of cnn14, not of cnn6"), "\(other)")
            let several = try refusal(
                ["tag", clip, "--model", "\(TinyModel.path),\(TinyModel.path)", "--architecture", "cnn14"])
            #expect(several.contains("--architecture is for a single model"), "\(several)")
            #expect(try refusal(["info", "--architecture", "cnn14"]).contains("goes with a model's file"))
            #expect(try refusal(["info", "cnn14", "--architecture", "cnn14"]).contains("is an architecture itself"))
        }
    }

    @Test func aNameThatChoosesIsSaidWithWhatToDo() throws {
        try withClip { folder, clip in
            let path = folder + "/Cnn14_DecisionLevelMax_tiny.pt"
            try FileManager.default.copyItem(atPath: TinyModel.path, toPath: path)
            let run = try CommandRun.run(["tag", clip, "--model", path] + plain)
            #expect(run.status == 0)
            let said = run.error.replacingOccurrences(of: "\n", with: " ")
            #expect(said.contains("is read as cnn14-decision-level-max, as its name says"), "\(said)")
            #expect(said.contains("If it is another, say which with --architecture"), "\(said)")
            let settled = try CommandRun.run(["tag", clip, "--model", path, "--architecture", "cnn14"] + plain)
            #expect(!settled.error.contains("is read as"), "\(settled.error)")
        }
    }
}

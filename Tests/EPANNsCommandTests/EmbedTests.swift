import EPANNs
import EPANNsCore
import EPANNsTestSupport
import Foundation
import Testing

/// From a PyTorch file through `convert` and `embed` to arrays and JSON.
@Suite struct EmbedTests {
    private let options = ["--precision", "fp32", "--threads", "1"]

    private func withModel(_ body: (_ folder: String, _ model: String) throws -> Void) throws {
        try withTemporaryFolder { folder in
            let model = folder + "/tiny.safetensors"
            #expect(try CommandRun.run(["convert", TinyModel.path, model]).status == 0)
            try FileManager.default.createDirectory(atPath: folder + "/in/deep", withIntermediateDirectories: true)
            try wave(TinyModel.samples()).write(to: URL(fileURLWithPath: folder + "/in/a.wav"))
            try wave(TinyModel.noise(count: 40000)).write(to: URL(fileURLWithPath: folder + "/in/deep/b.wav"))
            try body(folder, model)
        }
    }

    private func array(_ path: String) throws -> NumPyArray {
        try NumPyArray(path: path)
    }

    @Test func oneInputBecomesAnArray() throws {
        try withModel { folder, model in
            let run = try CommandRun.run(
                ["embed", "--model", model, folder + "/in/a.wav", "--output", folder + "/a.npy"] + options)
            #expect(run.status == 0, "\(run.error)")
            #expect(run.output.isEmpty && run.error.isEmpty)
            let written = try array(folder + "/a.npy")
            #expect(written.shape == [1, 8])
            // The reference computes in Float64; see AudioTaggerTests.
            #expect(worst(written.values, try TinyModel.expected().embedding) < 5e-5)
            // The same to standard output.
            let piped = try CommandRun.run(["embed", "--model", model, folder + "/in/a.wav"] + options)
            #expect(try NumPyArray(piped.output).values == written.values)
            // And from standard input, without a container.
            let bytes = TinyModel.samples().withUnsafeBytes { Data($0) }
            let raw = try CommandRun.run(
                ["embed", "--model", model, "-", "--raw", "f32le:32000:1"] + options, input: bytes)
            #expect(raw.status == 0, "\(raw.error)")
            #expect(try NumPyArray(raw.output).values == written.values)
        }
    }

    @Test func severalInputsBecomeAFolder() throws {
        try withModel { folder, model in
            let out = folder + "/out"
            let run = try CommandRun.run(
                ["embed", "--model", model, folder + "/in", "--output", out, "--window", "0.5"] + options)
            #expect(run.status == 0, "\(run.error)")
            #expect(try array(out + "/a.wav.npy").shape == [4, 8])
            // 1.25 s: two whole windows, and a quarter second, which is padded to the network's minimum.
            #expect(try array(out + "/deep/b.wav.npy").shape == [3, 8])
            #expect(run.error.contains("The last window, from 1.000 s, lasts 0.250 s"), "\(run.error)")
            let refused = try CommandRun.run(["embed", "--model", model, folder + "/in"])
            #expect(refused.status == 64)
            #expect(refused.error.contains("--output FOLDER"))
            try wave([0.5]).write(to: URL(fileURLWithPath: folder + "/in/deep/a.wav"))
            let clash = try CommandRun.run([
                "embed", "--model", model, folder + "/in/a.wav", folder + "/in/deep/a.wav", "--output", out,
            ])
            #expect(clash.status == 64)
            #expect(clash.error.contains("would both be written to"), "\(clash.error)")
        }
    }

    @Test func jsonHoldsTheSameNumbers() throws {
        try withModel { folder, model in
            let common = ["--model", model, folder + "/in/a.wav", folder + "/in/deep/b.wav"] + options
            let json = try CommandRun.run(["embed", "--format", "json"] + common)
            #expect(json.status == 0, "\(json.error)")
            let array = try ResultJSON.decoder.decode([EmbeddedAudio].self, from: json.output)
            #expect(array.map(\.file) == [folder + "/in/a.wav", folder + "/in/deep/b.wav"])
            let tagger = try AudioTagger(modelPath: model, options: .init(precision: .fp32, threads: 1))
            #expect(array[0].windows[0].embedding == (try tagger.outputs(samples: TinyModel.samples()).embedding))
            #expect(array[0].model == tagger.identity)
            #expect(array[1].durationSeconds == 1.25)
            let lines = try CommandRun.run(["embed", "--format", "jsonl"] + common).text.split(separator: "\n")
            #expect(try lines.map { try ResultJSON.decoder.decode(EmbeddedAudio.self, from: Data($0.utf8)) } == array)
            let keys = try #require(JSONSerialization.jsonObject(with: Data(lines[0].utf8)) as? [String: Any]).keys
            #expect(Set(keys) == ["file", "duration_seconds", "model", "windows"])
        }
    }

    @Test func aBadFileIsReportedAndTheRestIsDone() throws {
        try withModel { folder, model in
            try Data("this is no audio".utf8).write(to: URL(fileURLWithPath: folder + "/in/bad.wav"))
            let path = folder + "/all.json"
            let run = try CommandRun.run(
                ["embed", "--model", model, folder + "/in", "--format", "json", "--output", path] + options)
            #expect(run.status == 1)
            #expect(run.error.contains("bad.wav"))
            #expect(run.error.contains("epanns: 3 inputs, 1 failed; 0:0"), "\(run.error)")
            let array = try #require(
                JSONSerialization.jsonObject(with: Data(contentsOf: URL(fileURLWithPath: path))) as? [[String: Any]])
            #expect(array.map { $0["error"] == nil } == [true, false, true])
            // Alone, it decides the status, and nothing is written.
            let alone = try CommandRun.run(
                ["embed", "--model", model, folder + "/in/bad.wav", "--output", folder + "/bad.npy"])
            #expect(alone.status == 65, "\(alone.error)")
            #expect(!FileManager.default.fileExists(atPath: folder + "/bad.npy"))
        }
    }

    @Test func anInputIsNeverOverwritten() throws {
        try withModel { folder, model in
            let path = folder + "/in/a.wav"
            let before = try FileDigest.sha256(path: path)
            let run = try CommandRun.run(["embed", "--model", model, path, "--output", path])
            #expect(run.status == 64)
            #expect(try FileDigest.sha256(path: path) == before)
        }
    }

    @Test func aShortClipIsWarnedOf() throws {
        try withModel { folder, model in
            let path = folder + "/short.wav"
            try wave(TinyModel.noise(count: 100)).write(to: URL(fileURLWithPath: path))
            let run = try CommandRun.run(["embed", "--model", model, path, "--format", "jsonl"] + options)
            #expect(run.status == 0)
            #expect(run.error.hasPrefix("epanns: \(path): The audio lasts 0.003 s"), "\(run.error)")
        }
    }
}

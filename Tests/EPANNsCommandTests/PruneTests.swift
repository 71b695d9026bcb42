import EPANNs
import EPANNsCore
import EPANNsTestSupport
import Foundation
import Testing

@Suite struct PruneTests {
    /// The tiny CNN14 has widths 3 4 5 4 6 5 4 6 5 7 6 8.
    @Test func halfOfTheLastSixLayersGo() throws {
        try withTemporaryFolder { folder in
            let path = folder + "/half.safetensors"
            let run = try CommandRun.run(["prune", "-m", TinyModel.path, "-o", path, "--name", "half"])
            #expect(run.status == 0, "\(run.error)")
            #expect(run.text.contains("Pruned to   3 4 5 4 6 5 2 3 2 3 3 4"), "\(run.text)")
            #expect(run.text.contains("C7   conv_block4.conv1"))
            #expect(run.text.contains("time, "))
            let model = try Model.read(path: path)
            #expect(model.name == "half")
            #expect(model.configuration.widths == [3, 4, 5, 4, 6, 5, 2, 3, 2, 3, 3, 4])
            #expect(model.provenance?.sourceFile == "tiny_cnn14.pt")
            let record = try #require(model.pruning.first)
            #expect(record.criterion == "operator-norm")
            #expect(record.ratio == 0.5)
            #expect(record.sourceSHA256 == (try FileDigest.sha256(path: TinyModel.path)))
            #expect(record.layers.map(\.kept.count) == [2, 3, 2, 3, 3, 4])
            // It runs like any model.
            let wav = folder + "/noise.wav"
            try wave(TinyModel.samples()).write(to: URL(fileURLWithPath: wav))
            #expect(try CommandRun.run(["tag", "-m", path, wav]).status == 0)
            // Once more: two records, and what was first read is still known.
            let again = folder + "/quarter.safetensors"
            #expect(
                try CommandRun.run(["prune", "-m", path, "-o", again, "--criterion", "l1", "--skip-latency"]).status
                    == 0)
            #expect(try Model.read(path: again).pruning.map(\.criterion) == ["operator-norm", "l1"])
            #expect(try Model.read(path: again).provenance?.sourceFile == "tiny_cnn14.pt")
        }
    }

    private struct Report: Decodable {
        struct Cost: Decodable {
            var parameters: Int
            var macs: Int?
            var latencySeconds: Double?
        }

        struct Layer: Decodable {
            var names: [String]
            var number: Int?
            var width: Int
            var keptCount: Int
            var kept: [Int]
            var scores: [Double]?
        }

        var ratio: Double
        var before: Cost
        var after: Cost
        var layers: [Layer]
        var seed: UInt64?
    }

    private func report(_ arguments: String...) throws -> Report { try report(arguments) }

    private func report(_ arguments: [String]) throws -> Report {
        let run = try CommandRun.run(
            ["prune", "-m", TinyModel.path, "--dry-run", "--skip-latency", "--format", "json"] + arguments)
        #expect(run.status == 0, "\(run.error)")
        let decoder = JSONDecoder()
        decoder.keyDecodingStrategy = .convertFromSnakeCase
        return try decoder.decode(Report.self, from: run.output)
    }

    @Test func aDryRunSaysItAllAndWritesNothing() throws {
        let half = try report("--scores")
        #expect(half.layers.map(\.number) == [7, 8, 9, 10, 11, 12])
        #expect(half.after.parameters < half.before.parameters)
        #expect(half.before.latencySeconds == nil)
        for layer in half.layers {
            let scores = try #require(layer.scores)
            #expect(scores.count == layer.width)
            #expect(layer.kept.count == layer.keptCount)
            let worstKept = try #require(layer.kept.map { scores[$0] }.min())
            #expect(scores.indices.filter { !layer.kept.contains($0) }.allSatisfy { scores[$0] <= worstKept })
        }
    }

    @Test func layersAmountsAndBudgets() throws {
        let listed = try report("--layers", "C12=3,fc1=0.5")
        #expect(listed.layers.map(\.names) == [["conv_block6.conv2"], ["fc1"]])
        #expect(listed.layers.map(\.keptCount)[0] == 3)
        let whole = listed.before.parameters
        let budget = try report("--target-parameters", String(whole - 500), "--layers", "C1-C12")
        #expect(budget.after.parameters <= whole - 500)
        #expect(budget.ratio > 0)
        #expect(try report("--ratio", "0").after.parameters == whole)
        let first = try report("--criterion", "random", "--seed", "3")
        #expect(first.seed == 3)
        #expect(first.layers.map(\.kept) == (try report("--criterion", "random", "--seed", "3").layers.map(\.kept)))
        #expect(first.layers.map(\.kept) != (try report("--criterion", "random", "--seed", "4").layers.map(\.kept)))
    }

    @Test func wrongArgumentsAreExplained() throws {
        func error(_ arguments: String...) throws -> CommandRun {
            try CommandRun.run(["prune", "-m", TinyModel.path] + arguments)
        }
        #expect(try error().status == 64)
        #expect(try error("--dry-run", "--criterion", "magic").error.contains("operator-norm"))
        #expect(try error("--dry-run", "--layers", "C13").error.contains("No layer is called C13"))
        #expect(try error("--dry-run", "--ratio", "1").error.contains("0 ≤ ratio < 1"))
        #expect(try error("--dry-run", "--criterion", "feature-rank").error.contains("--audio"))
        #expect(try error("--dry-run", "--target-parameters", "10").error.contains("cannot be met"))
        #expect(try error("--dry-run", "--target-macs", "1G", "--target-latency", "3").status == 64)
        #expect(try error("--output", "x.pt").error.contains(".safetensors"))
        // More than an integer holds.
        #expect(try error("--dry-run", "--target-macs", "99999999T").error.contains("from 1 to 10^18"))
        for threads in ["0", "5000"] {
            let run = try error("--dry-run", "--threads", threads)
            #expect(run.status == 64 && run.error.contains("--threads must be between 1 and 1024"), "\(run.error)")
        }
        try withTemporaryFolder { folder in
            let path = folder + "/x.safetensors"
            #expect(try error("--output", path, "--skip-latency").status == 0)
            let digest = try FileDigest.sha256(path: path)
            let refused = try error("--output", path, "--ratio", "0.25", "--skip-latency")
            #expect(refused.status == 66)
            #expect(refused.error.contains("--force"))
            #expect(try FileDigest.sha256(path: path) == digest)
            let itself = try CommandRun.run(["prune", "-m", path, "--output", path, "--force"])
            #expect(itself.status == 64)
        }
    }

    @Test func packsAreListenedTo() throws {
        let pack = URL(fileURLWithPath: #filePath).deletingLastPathComponent()
            .appendingPathComponent("../EPANNsTestSupport/Fixtures/pack.h5").standardizedFileURL.path
        let heard = try report("--criterion", "feature-rank", "--data", pack, "--seconds", "1", "--scores")
        #expect(heard.layers.count == 6 && heard.layers.allSatisfy { $0.scores?.max() == 1 })
    }

    /// `Tools/reference/taylor.py`.
    private func expectPyTorchsImportance(_ report: Report) throws {
        struct Fixture: Decodable {
            var scores: [String: [Double]]
        }
        let expected = try JSONDecoder().decode(Fixture.self, from: TinyModel.fixture("taylor.json")).scores
        #expect(report.layers.count == 6)
        for layer in report.layers {
            let (scores, reference) = (try #require(layer.scores), try #require(expected[layer.names[0]]))
            #expect(scores.count == reference.count)
            for (ours, theirs) in zip(scores, reference) {
                // Sums of products of Float32 gradients, of either sign, against Float64; measured 2e-6.
                #expect(abs(ours - theirs) < 3e-5, "\(layer.names[0]): \(scores), not \(reference)")
            }
        }
    }

    @Test func budgetsMultiplesAndTiedLayers() throws {
        let half = try report("--target-macs", "107M", "--seconds", "1", "--layers", "C1-C12")
        #expect(half.ratio > 0 && (half.before.macs ?? 0) > 107_000_000 && (half.after.macs ?? .max) <= 107_000_000)
        // Met already: nothing goes.
        let whole = try CommandRun.run([
            "prune", "-m", TinyModel.path, "--dry-run", "--format", "json", "--seconds", "1", "--target-latency",
            "60000",
        ])
        #expect(whole.status == 0 && whole.text.contains("\"ratio\" : 0"), "\(whole.text)\(whole.error)")
        #expect(try report("--layers", "C5=0.5,C12=0.5", "--multiple", "4").layers.map(\.keptCount) == [4, 4])
        let rounded = try CommandRun.run(["prune", "-m", TinyModel.path, "--dry-run", "--multiple", "16"])
        #expect(rounded.text.contains("All filters are kept in "), "\(rounded.text)")
    }

    @Test func storedTypesAndKernels() throws {
        try withTemporaryFolder { folder in
            let (narrow, pruned) = (folder + "/narrow.safetensors", folder + "/pruned.safetensors")
            #expect(try CommandRun.run(["convert", TinyModel.path, narrow, "--dtype", "bf16"]).status == 0)
            // The tiny checkpoint holds no kernels: they are made.
            let arguments = ["prune", "-m", narrow, "-o", pruned, "--skip-latency", "--keep-stft"]
            #expect(try CommandRun.run(arguments).status == 0)
            let model = try Model.read(path: pruned)
            #expect(model.weights["conv_block6.conv2.weight"]?.dataType == .bfloat16)
            #expect(model.weights["spectrogram_extractor.stft.conv_imag.weight"]?.shape == [513, 1, 1024])
            #expect(model.melWeights?.shape == [513, 64])
        }
    }

    @Test func whatWouldBeIgnoredIsRefused() throws {
        func error(_ arguments: String...) throws -> String {
            let run = try CommandRun.run(["prune", "-m", TinyModel.path, "--skip-latency"] + arguments)
            #expect(run.status == 64 || run.status == 66, "\(arguments): \(run.status)")
            return run.error
        }
        #expect(try error("--dry-run", "--ratio", "0.3", "--target-macs", "1G").contains("leave out --ratio"))
        #expect(try error("--dry-run", "--ratios", "0.3").contains("--sensitivity"))
        #expect(try error("--dry-run", "--audio", "nowhere").contains("listens to nothing"))
        #expect(try error("--dry-run", "--seed", "3").contains("--criterion random"))
        #expect(try error("--dry-run", "--layers", "C7-C20").contains("C1 to C12"))
        #expect(try error("--dry-run", "--layers", "C12-C7").contains("C7-C12"))
        #expect(try error("--output", "/nowhere/x.safetensors").contains("no folder /nowhere"))
        let sensitivity = try CommandRun.run(["prune", "-m", TinyModel.path, "--sensitivity", "--multiple", "4"])
        #expect(sensitivity.status == 64 && sensitivity.error.contains("--multiple"))
        try withTemporaryFolder { folder in
            let path = folder + "/x.safetensors"
            try FileManager.default.createDirectory(atPath: path, withIntermediateDirectories: false)
            #expect(try error("--output", path, "--force").contains("is a folder"))
        }
    }

    /// Active criteria and sensitivity on two clips with labels.
    @Test func clipsAreListenedTo() throws {
        try withTemporaryFolder { folder in
            var table = "filename,category\n"
            for (index, seed) in [UInt32(1), 2, 3, 4].enumerated() {
                try wave(TinyModel.noise(count: 40000, seed: seed)).write(
                    to: URL(fileURLWithPath: folder + "/\(index).wav"))
                table += "\(index).wav,\(index % 2 == 0 ? "human" : "dog")\n"
            }
            try Data(table.utf8).write(to: URL(fileURLWithPath: folder + "/clips.csv"))
            for criterion in ["feature-rank", "feature-energy"] {
                let run = try report("--criterion", criterion, "--audio", folder, "--seconds", "1", "--scores")
                #expect(run.layers.allSatisfy { $0.scores?.max() == 1 })
            }
            let classes = folder + "/classes.json"
            try Data(#"{"human": ["Speech", "Singing"], "dog": ["Bark"]}"#.utf8).write(
                to: URL(fileURLWithPath: classes))
            let taylor = [
                "--criterion", "taylor", "--data", folder + "/clips.csv", "--map", classes, "--seconds", "1.2",
                "--scores",
            ]
            for threads in ["1", "2"] {
                try expectPyTorchsImportance(report(taylor + ["--threads", threads]))
            }
            // Each clip three times: a batch of eight and what is left, with the same mean.
            for copy in 4..<12 {
                try FileManager.default.copyItem(atPath: "\(folder)/\(copy % 4).wav", toPath: "\(folder)/\(copy).wav")
                table += "\(copy).wav,\(copy % 2 == 0 ? "human" : "dog")\n"
            }
            try Data(table.utf8).write(to: URL(fileURLWithPath: folder + "/clips.csv"))
            try expectPyTorchsImportance(report(taylor))
            let plot = folder + "/sensitivity.svg"
            let run = try CommandRun.run([
                "prune", "-m", TinyModel.path, "--sensitivity", "--data", folder + "/clips.csv", "--map", classes,
                "--seconds", "1", "--layers", "C11-C12", "--ratios", "0.5,0.75", "--plot", plot,
            ])
            #expect(run.status == 0, "\(run.error)")
            #expect(try String(contentsOfFile: plot, encoding: .utf8).contains("conv_block6.conv2"))
            #expect(run.text.contains("LAYER PRUNED"))
            #expect(run.text.contains("C12 conv_block6.conv2"), "\(run.text)")
        }
    }
}

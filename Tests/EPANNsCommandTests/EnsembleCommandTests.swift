import EPANNs
import EPANNsCore
import EPANNsTestSupport
import Foundation
import Testing

/// Ensembles and averages on the command line.
@Suite struct EnsembleCommandTests {
    private struct Result: Decodable {
        struct Model: Decodable { var name: String }
        struct Window: Decodable { var tags: [Tag] }
        struct Tag: Decodable {
            var index: Int
            var score: Double
        }
        var model: Model
        var windows: [Window]
    }

    private func scores(_ model: String, _ clip: String) throws -> (name: String, scores: [Int: Double]) {
        let run = try CommandRun.run(["tag", "-m", model, "--precision", "fp32", "-k", "600", "-f", "json", clip])
        #expect(run.status == 0, "\(run.error)")
        let decoded = try JSONDecoder().decode([Result].self, from: Data(run.text.utf8))
        let result = try #require(decoded.first)
        let tags = try #require(result.windows.first).tags
        return (result.model.name, Dictionary(uniqueKeysWithValues: tags.map { ($0.index, $0.score) }))
    }

    @Test func listsAndFilesAreMeans() throws {
        try withTemporaryFolder { folder in
            let (clip, first, second) = (folder + "/a.wav", folder + "/one.safetensors", folder + "/two.safetensors")
            try wave(TinyModel.samples()).write(to: URL(fileURLWithPath: clip))
            let model = try Model.read(path: TinyModel.path)
            try model.write(to: first)
            let changed = model.weights.mapValues { tensor in
                tensor.dataType == .float32
                    ? Tensor(shape: tensor.shape, values: tensor.floats.map { $0 * 1.02 }) : tensor
            }
            try model.replacing(weights: changed).write(to: second)
            let (one, two) = try (scores(first, clip), scores(second, clip))
            let list = try scores("\(first),\(second)", clip)
            #expect(list.name == one.name + " + " + two.name)
            let yaml = folder + "/both.yaml"
            try Data("- \(first)\n- model: \(second)\n  weight: 3\n".utf8).write(to: URL(fileURLWithPath: yaml))
            let weighted = try scores(yaml, clip)
            #expect(one.scores.count > 1 && one.scores != two.scores)
            for (index, score) in one.scores {
                let further = try #require(two.scores[index])
                // What is printed has seven digits.
                #expect(abs((list.scores[index] ?? 0) - (score + further) / 2) < 1e-6)
                #expect(abs((weighted.scores[index] ?? 0) - (score + 3 * further) / 4) < 1e-6)
            }
            for command in ["embed", "calibrate"] {
                let refused = try CommandRun.run([command, "-m", "\(first),\(second)", clip])
                #expect(refused.status != 0, "\(command): \(refused.error)")
            }
            let mean = folder + "/mean.safetensors"
            let convert = try CommandRun.run(["convert", first, mean, "--average", second])
            #expect(convert.status == 0, "\(convert.error)")
            let averaged = try Model.read(path: mean)
            #expect(averaged.history.map(\.action.rawValue).contains("averaged"))
            let (a, b) = (model.weights["fc1.bias"]?.floats ?? [], changed["fc1.bias"]?.floats ?? [])
            #expect(averaged.weights["fc1.bias"]?.floats == zip(a, b).map { Float((Double($0) + Double($1)) / 2) })
        }
    }

    @Test func mistakesAreTold() throws {
        try withTemporaryFolder { folder in
            let clip = folder + "/a.wav"
            try wave(TinyModel.samples()).write(to: URL(fileURLWithPath: clip))
            let missing = try CommandRun.run(["tag", "-m", "ast-ensemble", clip])
            #expect(missing.status != 0 && missing.error.contains("ast-10-1"), "\(missing.error)")
            let empty = try CommandRun.run(["tag", "-m", "\(TinyModel.path),", clip])
            #expect(empty.status != 0 && empty.error.contains("name is empty"), "\(empty.error)")
            let yaml = folder + "/none.yaml"
            try Data("weight: 3\n".utf8).write(to: URL(fileURLWithPath: yaml))
            let run = try CommandRun.run(["tag", "-m", yaml, clip])
            #expect(run.status != 0 && run.error.contains("is not a list of models"), "\(run.error)")
        }
    }
}

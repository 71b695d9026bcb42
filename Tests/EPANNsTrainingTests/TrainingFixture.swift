import EPANNsTestSupport
import EPANNsTraining
import Foundation
import Testing

/// Ten training steps of a small network in PyTorch, float64; written by `Tools/reference/training.py`.
struct TrainingFixture {
    var graph: ModelGraph
    var tensors: [String: Tensor]
    var steps: [Int]

    init(_ name: String) throws {
        let path = try #require(
            Bundle.module.path(forResource: "training-" + name, ofType: "safetensors", inDirectory: "Fixtures"))
        let checkpoint = try Checkpoint.read(path: path)
        tensors = checkpoint.tensors
        graph = try FixtureNetwork.graph(checkpoint)
        steps = try JSONDecoder().decode([Int].self, from: Data(try #require(checkpoint.metadata["steps"]).utf8))
    }

    /// What the network takes of every clip, row behind row.
    func rows(count: Int) throws -> [Float] {
        let values = try graph.inputs.map { try self.values($0 == .waveform ? "waveforms" : "inputs") }
        return (0..<count).flatMap { clip in
            values.flatMap { $0[clip * $0.count / count..<(clip + 1) * $0.count / count] }
        }
    }

    func values(_ key: String) throws -> [Float] { try #require(tensors[key]).floats }

    /// All tensors below a prefix.
    func group(_ prefix: String) -> [String: Tensor] {
        tensors.reduce(into: [:]) { result, entry in
            if entry.key.hasPrefix(prefix + "/") { result[String(entry.key.dropFirst(prefix.count + 1))] = entry.value }
        }
    }
}

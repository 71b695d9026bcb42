import EPANNsCore
import EPANNsGraph
import EPANNsModels
import EPANNsTestSupport
import Foundation
import Testing

/// A small random-weight network with inputs and PyTorch's outputs; written by `Tools/reference/make_fixtures.py`.
struct NetworkFixture {
    struct Case {
        var batch: Int
        var extent: ClipExtent
        /// What the network takes of each clip, row behind row.
        var rows: [Float]
        /// Shapes (batch, …).
        var logits: [Float]
        var scores: [Float]
        var embedding: [Float]
        /// Shape (batch, frames, classes), of networks that tell where in a clip.
        var framewise: [Float]?
    }

    static let names = [
        "cnn6", "cnn10", "cnn10-wide", "cnn14", "cnn14-mel32", "cnn14-mel128", "pruned", "resnet38", "resnet54",
        "mobilenet-v1", "mobilenet-v2", "wavegram-cnn14", "wavegram-logmel-cnn14", "wavegram-logmel128-cnn14", "erann",
        "erann-other", "ast", "ast-wide", "cnn14-decision-level-max",
        "cnn14-decision-level-avg", "cnn14-decision-level-att", "mn005", "mn010",
    ]

    var graph: ModelGraph
    var weights: [String: Tensor]
    var cases: [Case]

    init(_ name: String) throws {
        let path = try #require(
            Bundle.module.path(forResource: name, ofType: "safetensors", inDirectory: "Fixtures"))
        let checkpoint = try Checkpoint.read(path: path)
        graph = try FixtureNetwork.graph(checkpoint)
        weights = [:]
        for (key, tensor) in checkpoint.tensors where key.hasPrefix("weights/") {
            weights[String(key.dropFirst("weights/".count))] = tensor
        }
        cases = []
        while let scores = checkpoint.tensors["outputs\(cases.count)/clipwise_output"] {
            let (batch, number) = (scores.shape[0], cases.count)
            let rows = try Self.rows(
                graph.inputs.map { input in
                    let name = input == .waveform ? "waveform\(number)" : "input\(number)"
                    return try #require(checkpoint.tensors[name])
                }, batch: batch)
            let prefix = "outputs\(cases.count)/"
            cases.append(
                Case(
                    batch: batch, extent: try graph.extent(rowCount: rows.count / batch), rows: rows,
                    logits: try #require(checkpoint.tensors[prefix + "logits"]).floats,
                    scores: scores.floats,
                    embedding: try #require(checkpoint.tensors[prefix + "embedding"]).floats,
                    framewise: checkpoint.tensors[prefix + "framewise_output"]?.floats))
        }
        try #require(!cases.isEmpty)
    }

    /// Inputs of shape (batch, …) as rows, one a clip.
    static func rows(_ inputs: [Tensor], batch: Int) throws -> [Float] {
        let values = inputs.map(\.floats)
        return (0..<batch).flatMap { clip in
            values.flatMap { $0[clip * $0.count / batch..<(clip + 1) * $0.count / batch] }
        }
    }
}

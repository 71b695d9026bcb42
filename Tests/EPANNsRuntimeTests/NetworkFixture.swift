import EPANNsCore
import EPANNsGraph
import EPANNsModels
import EPANNsTestSupport
import Foundation
import Testing

/// A small random-weight network with inputs and PyTorch's outputs; written by `Tools/reference/make_fixtures.py`.
struct NetworkFixture {
    struct Case {
        /// Shape (batch, frames, mels).
        var input: Tensor
        /// Shapes (batch, …).
        var logits: [Float]
        var scores: [Float]
        var embedding: [Float]
        var batch: Int { input.shape[0] }
        var frames: Int { input.shape[2] }
    }

    static let names = [
        "cnn6", "cnn10", "cnn10-wide", "cnn14", "cnn14-mel32", "cnn14-mel128", "pruned", "resnet38", "resnet54",
        "erann", "erann-other", "ast", "ast-wide", "mn005", "mn010",
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
        while let input = checkpoint.tensors["input\(cases.count)"] {
            let prefix = "outputs\(cases.count)/"
            cases.append(
                Case(
                    input: input, logits: try #require(checkpoint.tensors[prefix + "logits"]).floats,
                    scores: try #require(checkpoint.tensors[prefix + "clipwise_output"]).floats,
                    embedding: try #require(checkpoint.tensors[prefix + "embedding"]).floats))
        }
        try #require(!cases.isEmpty)
    }
}

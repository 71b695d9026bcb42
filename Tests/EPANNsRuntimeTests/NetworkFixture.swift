import EPANNsGraph
import EPANNsModels
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
        "cnn6", "cnn10", "cnn10-wide", "cnn14", "cnn14-mel32", "cnn14-mel128", "pruned", "mn005", "mn010",
    ]

    var graph: ModelGraph
    var weights: [String: Tensor]
    var cases: [Case]

    private struct Configuration: Decodable {
        var architecture: String
        var widths: [Int]?
        var embeddingWidth: Int?
        var classCount: Int
        var melBands: Int
        var widthMultiplier: Double?
    }

    init(_ name: String) throws {
        let path = try #require(
            Bundle.module.path(forResource: name, ofType: "safetensors", inDirectory: "Fixtures"))
        let checkpoint = try Checkpoint.read(path: path)
        let json = try #require(checkpoint.metadata["configuration"])
        let decoder = JSONDecoder()
        decoder.keyDecodingStrategy = .convertFromSnakeCase
        let configuration = try decoder.decode(Configuration.self, from: Data(json.utf8))
        graph = try Self.model(configuration).graph()
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

    private static func model(_ configuration: Configuration) throws -> ModelConfiguration {
        let widths = configuration.widths ?? []
        let embedding = configuration.embeddingWidth ?? 0
        let classes = configuration.classCount
        let frontEnd = FrontEndConfiguration.panns32k(melBands: configuration.melBands)
        switch configuration.architecture {
        case "cnn6":
            return .cnn6(.init(widths: widths, embeddingWidth: embedding, classCount: classes, frontEnd: frontEnd))
        case "cnn10":
            return .cnn10(.init(widths: widths, embeddingWidth: embedding, classCount: classes, frontEnd: frontEnd))
        case "cnn14":
            return .cnn14(.init(widths: widths, embeddingWidth: embedding, classCount: classes, frontEnd: frontEnd))
        case "mn":
            return .mobileNetV3(
                .init(widthMultiplier: try #require(configuration.widthMultiplier), classCount: classes))
        default:
            throw EPANNsError(.invalidConfiguration, "unknown fixture architecture \(configuration.architecture)")
        }
    }
}

import EPANNsTraining
import Foundation
import Testing

/// Ten training steps of a small network in PyTorch, float64; written by `Tools/reference/training.py`.
struct TrainingFixture {
    var graph: ModelGraph
    var tensors: [String: Tensor]
    var steps: [Int]

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
            Bundle.module.path(forResource: "training-" + name, ofType: "safetensors", inDirectory: "Fixtures"))
        let checkpoint = try Checkpoint.read(path: path)
        tensors = checkpoint.tensors
        let decoder = JSONDecoder()
        decoder.keyDecodingStrategy = .convertFromSnakeCase
        let json = try #require(checkpoint.metadata["configuration"])
        let configuration = try decoder.decode(Configuration.self, from: Data(json.utf8))
        if let multiplier = configuration.widthMultiplier {
            graph = MobileNetV3Configuration(widthMultiplier: multiplier, classCount: configuration.classCount).graph()
        } else {
            graph = CNN14Configuration(
                widths: try #require(configuration.widths), embeddingWidth: configuration.embeddingWidth ?? 0,
                classCount: configuration.classCount, frontEnd: .panns32k(melBands: configuration.melBands)
            ).graph()
        }
        steps = try decoder.decode([Int].self, from: Data(try #require(checkpoint.metadata["steps"]).utf8))
    }

    func values(_ key: String) throws -> [Float] { try #require(tensors[key]).floats }

    /// All tensors below a prefix.
    func group(_ prefix: String) -> [String: Tensor] {
        tensors.reduce(into: [:]) { result, entry in
            if entry.key.hasPrefix(prefix + "/") { result[String(entry.key.dropFirst(prefix.count + 1))] = entry.value }
        }
    }
}

import EPANNsCore
import EPANNsGraph
import EPANNsModels
import Foundation

/// The network of a fixture that a script in `Tools/reference` has written: the metadata's `configuration`.
package enum FixtureNetwork {
    private struct Configuration: Decodable {
        var architecture: String
        var widths: [Int]?
        var embeddingWidth: Int?
        var classCount: Int
        var melBands: Int
        var widthMultiplier: Double?
    }

    /// Makes the graph.
    ///
    /// - Throws: A `DecodingError`, or `EPANNsError` with code `invalidConfiguration` for an unknown architecture.
    package static func graph(_ checkpoint: Checkpoint) throws -> ModelGraph {
        let json = Data((checkpoint.metadata["configuration"] ?? "").utf8)
        // Newer fixtures hold what our own files do.
        if let configuration = try? JSONDecoder().decode(ModelConfiguration.self, from: json) {
            return try configuration.graph()
        }
        let decoder = JSONDecoder()
        decoder.keyDecodingStrategy = .convertFromSnakeCase
        return try model(decoder.decode(Configuration.self, from: json)).graph()
    }

    private static func model(_ configuration: Configuration) throws -> ModelConfiguration {
        let widths = configuration.widths ?? []
        let embedding = configuration.embeddingWidth ?? 0
        let classes = configuration.classCount
        let frontEnd = FrontEndConfiguration.panns32k(melBands: configuration.melBands)
        if let variant = CNNConfiguration.Variant(rawValue: configuration.architecture) {
            return .cnn(
                .init(variant, widths: widths, embeddingWidth: embedding, classCount: classes, frontEnd: frontEnd))
        }
        guard configuration.architecture == "mn", let multiplier = configuration.widthMultiplier else {
            throw EPANNsError(.invalidConfiguration, "unknown fixture architecture \(configuration.architecture)")
        }
        return .mobileNetV3(.init(widthMultiplier: multiplier, classCount: classes))
    }
}

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
        let decoder = JSONDecoder()
        decoder.keyDecodingStrategy = .convertFromSnakeCase
        let json = checkpoint.metadata["configuration"] ?? ""
        return try model(decoder.decode(Configuration.self, from: Data(json.utf8))).graph()
    }

    private static func model(_ configuration: Configuration) throws -> ModelConfiguration {
        let widths = configuration.widths ?? []
        let embedding = configuration.embeddingWidth ?? 0
        let classes = configuration.classCount
        let frontEnd = FrontEndConfiguration.panns32k(melBands: configuration.melBands)
        switch (configuration.architecture, configuration.widthMultiplier) {
        case ("cnn6", _):
            return .cnn6(.init(widths: widths, embeddingWidth: embedding, classCount: classes, frontEnd: frontEnd))
        case ("cnn10", _):
            return .cnn10(.init(widths: widths, embeddingWidth: embedding, classCount: classes, frontEnd: frontEnd))
        case ("cnn14", _):
            return .cnn14(.init(widths: widths, embeddingWidth: embedding, classCount: classes, frontEnd: frontEnd))
        case ("mn", let multiplier?):
            return .mobileNetV3(.init(widthMultiplier: multiplier, classCount: classes))
        default:
            throw EPANNsError(.invalidConfiguration, "unknown fixture architecture \(configuration.architecture)")
        }
    }
}

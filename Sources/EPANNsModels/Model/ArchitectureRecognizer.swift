import EPANNsCore
import EPANNsGraph

/// Finds architecture and widths from a state dict's names and shapes.
///
/// Each architecture knows its own networks: ``Architecture/recognise(_:)``. Here are only the networks that no
/// architecture claims.
package struct ArchitectureRecognizer {
    private let shapes: StateDictShapes

    package init(_ tensors: [String: Tensor]) { shapes = StateDictShapes(tensors.mapValues(\.shape)) }

    /// The configuration.
    ///
    /// - Throws: `EPANNsError` with code `checkpointMismatch` when no architecture fits, or
    ///   `unsupportedFormat` when one is recognised that cannot run yet.
    package func configuration() throws -> ModelConfiguration {
        try refuseKnownOthers()
        for architecture in ModelConfiguration.architectures {
            if let found = try architecture.recognise(shapes) { return found.configuration }
        }
        let names = shapes.names.prefix(5).map { String($0.prefix(200)).printable }.joined(separator: ", ")
        throw EPANNsError(
            .checkpointMismatch,
            names.isEmpty
                ? "The file holds no tensors."
                : "The tensors (\(names), …) belong to no network known here: \(Self.titles).",
            remedy: names.isEmpty ? nil : .listArchitectures)
    }

    /// Whether a checkpoint of a network whose front end is usually stored with the weights stores nothing of it.
    package var assumesFrontEnd: Bool {
        guard let specs = (try? configuration().graph())?.frontEndSpecs, !specs.isEmpty else { return false }
        return !specs.contains { shapes.contains($0.name) }
    }

    private static var titles: String {
        ModelConfiguration.architectures.map { $0.title }.joined(separator: ", ")
    }

    /// Tensors that only networks have which this version cannot run.
    private static let unsupported = [
        ("att_block.att.weight", "Cnn14_DecisionLevelAtt"),
    ]

    private func refuseKnownOthers() throws {
        guard let network = Self.unsupported.first(where: { shapes.contains($0.0) })?.1 else { return }
        throw EPANNsError(
            .unsupportedFormat,
            "This is \(network), which this version cannot run yet; supported are \(Self.titles).")
    }
}

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

    /// The configuration of a network that shares its state dict with others.
    ///
    /// - Parameters:
    ///   - architecture: What the user says it is; nil where nothing is said.
    ///   - fileName: The file's name, which begins with the reference's class as published.
    /// - Returns: The configuration, and what to say of the choice where something else would have fitted, too.
    /// - Throws: As ``configuration()``; `EPANNsError` with code `checkpointMismatch` when the tensors are not those of
    ///   the architecture, `invalidConfiguration` when there is none of the name.
    package func configuration(
        as architecture: String?, fileName: String
    ) throws -> (configuration: ModelConfiguration, note: ModelNote?) {
        let found = try configuration()
        if let architecture {
            guard let wanted = ModelConfiguration.named(architecture) else {
                throw EPANNsError(
                    .invalidConfiguration, "There is no architecture \(architecture.quoted).",
                    remedy: .listArchitectures)
            }
            if wanted.architecture == found.architecture { return (found, nil) }
            guard case .decisionLevel(let network) = wanted,
                let other = DecisionLevelConfiguration.reading(found, as: network.variant)
            else {
                throw EPANNsError(
                    .checkpointMismatch,
                    "The tensors are those of \(found.architecture), not of \(wanted.architecture).")
            }
            return (other.configuration, nil)
        }
        let variant = DecisionLevelConfiguration.Variant.allCases.first { fileName.contains($0.referenceClass) }
        guard let variant, let other = DecisionLevelConfiguration.reading(found, as: variant) else {
            return (found, nil)
        }
        return (other.configuration, .namedArchitecture(file: fileName, architecture: other.name))
    }

    /// Whether a checkpoint of a network whose front end is usually stored with the weights stores nothing of it.
    package var assumesFrontEnd: Bool {
        guard let specs = (try? configuration().graph())?.frontEndSpecs, !specs.isEmpty else { return false }
        return !specs.contains { shapes.contains($0.name) }
    }

    private static var titles: String {
        ModelConfiguration.architectures.map { $0.title }.joined(separator: ", ")
    }
}

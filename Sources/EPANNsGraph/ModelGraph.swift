import EPANNsCore

/// A network as a value: a small directed acyclic graph of named operations.
///
/// Nodes are in execution order; a node's inputs come before it. Names of nodes with weights are PyTorch state-dict
/// prefixes, so that reading a checkpoint is the identity. Built with ``GraphBuilder``.
public struct ModelGraph: Hashable, Sendable {
    /// One operation with its place in the graph.
    public struct Node: Hashable, Sendable {
        /// State-dict prefix for nodes with weights, a readable unique name for the others.
        public var name: String
        /// What is done.
        public var operation: Operation
        /// Indices of the inputs in ``ModelGraph/nodes``.
        public var inputs: [Int]
        /// Channels of the output; they do not depend on the clip's length.
        public var channels: Int
    }

    /// What the graph gives.
    public enum Output: String, Codable, Hashable, Sendable, CaseIterable {
        /// Class scores after the output activation, `clipwise_output` in PANNs.
        case scores
        /// Class scores before the output activation.
        case logits
        /// The vector before the classifier.
        case embedding
    }

    /// How the waveform becomes the graph's input, a `(1, frames, mels)` spectrogram.
    public var input: FrontEndConfiguration
    /// The operations in execution order.
    public var nodes: [Node]
    /// The node behind each output.
    public var outputs: [Output: Int]

    /// State-dict entries of the front end and all operations, in graph order.
    public var parameterSpecs: [ParameterSpec] {
        input.parameterSpecs + nodes.indices.flatMap { parameterSpecs(of: $0) }
    }

    /// State-dict entries of one node.
    ///
    /// - Parameter node: Its index in ``nodes``.
    public func parameterSpecs(of node: Int) -> [ParameterSpec] {
        let channels = nodes[node].inputs.first.map { nodes[$0].channels } ?? 0
        // A norm over a spatial axis has statistics per mel band, wherever that axis lies: PANNs' bn0.
        return nodes[node].operation.parameterSpecs(
            name: nodes[node].name, input: Shape(channels, [input.melBands, input.melBands]))
    }

    /// Number of trainable parameters.
    public var parameterCount: Int { parameterSpecs.parameterCount }

    /// Shape of one clip's features after every node.
    ///
    /// - Parameter frameCount: Frames of the input spectrogram.
    /// - Throws: `EPANNsError` with code `invalidAudio` when the clip is too short for a window of the network,
    ///   `invalidConfiguration` when an operation cannot read what it is given, however long the clip is.
    public func shapes(frameCount: Int) throws -> [Shape] {
        let start = Shape(1, [frameCount, input.melBands])
        var shapes: [Shape] = []
        shapes.reserveCapacity(nodes.count)
        for node in nodes {
            do throws(ShapeProblem) {
                shapes.append(
                    try node.operation.outputShape(inputs: node.inputs.map { shapes[$0] }, graphInput: start))
            } catch {
                switch error {
                case .tooSmall:
                    throw EPANNsError(
                        .invalidAudio,
                        "\(frameCount) frames are too few for this network: nothing is left at \(node.name).")
                case .unreadable(let reason):
                    throw EPANNsError(.invalidConfiguration, "\(node.name) (\(node.operation)) \(reason).")
                }
            }
        }
        return shapes
    }

    /// Fewest frames that the network can take; shorter clips are padded with silence.
    public var minimumFrameCount: Int {
        if case .fixed(let count, _) = input.recipe.frames { return count }
        return (1...4096).first { (try? shapes(frameCount: $0)) != nil } ?? 4096
    }

    /// Fewest samples that front end and network can take.
    public var minimumSampleCount: Int { input.minimumSampleCount(frameCount: minimumFrameCount) }
}

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
        /// Probabilities of stretches of the clip, shape `(classes, stretches)`; of networks that detect events only.
        case segments
    }

    /// How the waveform becomes the spectrogram, `(1, frames, mels)`; its rate is that of the waveform, too.
    public var input: FrontEndConfiguration
    /// The operations in execution order.
    public var nodes: [Node]
    /// The node behind each output.
    public var outputs: [Output: Int]
    /// Nodes behind which mixup mixes clips, beside the spectrogram's own: PANNs mix a Wavegram as they do spectrograms.
    public var mixedNodes: Set<Int> = []
    /// Frames that one of ``Output/segments`` stands for.
    public var framesPerSegment = 1
    /// State-dict entries that a published network stores and never uses.
    public var unusedParameters: [ParameterSpec] = []

    /// State-dict entries of the front end and all operations, in graph order, then those that are never used.
    public var parameterSpecs: [ParameterSpec] {
        frontEndSpecs + nodes.indices.flatMap { parameterSpecs(of: $0) } + unusedParameters
    }

    /// State-dict entries of the front end; none where the network hears no spectrogram.
    public var frontEndSpecs: [ParameterSpec] { inputs.contains(.logMel) ? input.parameterSpecs : [] }

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

    /// Shape of one clip's features after every node, of a network that hears the spectrogram only.
    ///
    /// - Parameter frameCount: Frames of the input spectrogram.
    /// - Throws: As ``shapes(_:)``.
    public func shapes(frameCount: Int) throws -> [Shape] { try shapes(ClipExtent(frames: frameCount)) }

    /// Shape of one clip's features after every node.
    ///
    /// - Parameter extent: How long the clip is.
    /// - Throws: `EPANNsError` with code `invalidAudio` when the clip is too short for a window of the network,
    ///   `invalidConfiguration` when an operation cannot read what it is given.
    public func shapes(_ extent: ClipExtent) throws -> [Shape] {
        let clip = InputShapes(extent: extent, melBands: input.melBands)
        var shapes: [Shape] = []
        shapes.reserveCapacity(nodes.count)
        for node in nodes {
            do throws(ShapeProblem) {
                shapes.append(
                    try node.operation.outputShape(inputs: node.inputs.map { shapes[$0] }, clip: clip))
            } catch {
                switch error {
                case .tooSmall:
                    throw EPANNsError(
                        .invalidAudio,
                        "\(extent) are too few for this network: nothing is left at \(node.name).")
                case .unreadable(let reason):
                    throw EPANNsError(.invalidConfiguration, "\(node.name) (\(node.operation)) \(reason).")
                }
            }
        }
        return shapes
    }

    /// Fewest frames that a network can take which hears the spectrogram only.
    public var minimumFrameCount: Int {
        if case .fixed(let count, _) = input.recipe.frames { return count }
        return (1...4096).first { (try? shapes(frameCount: $0)) != nil } ?? 4096
    }
}

import EPANNsCore

/// Parameters and operations of a network, layer by layer, for a clip of some length.
///
/// What the paper's figure 6 shows. Counting rules: SPEC §2.10. Convolutions count without their padding's zeros being skipped; the STFT counts as the
/// two convolutions that PANNs' reference implementation performs, although ours is an FFT. Parity: `CostTests`.
public struct CostReport: Codable, Hashable, Sendable {
    /// One row of the table.
    public struct Layer: Codable, Hashable, Sendable {
        /// The node's name.
        public var name: String
        /// What it does.
        public var operation: String
        /// Channels, then spatial extents.
        public var outputShape: [Int]
        /// Trainable parameters.
        public var parameters: Int
        /// Multiply-accumulate operations.
        public var macs: Int
        /// PANNs' count of floating-point operations.
        public var flops: Int
    }

    /// One row for the STFT (PANNs only) and for each node.
    public var layers: [Layer]
    /// Length of the clip, in samples.
    public var sampleCount: Int
    /// Frames of the spectrogram.
    public var frameCount: Int
    /// Trainable parameters.
    public var parameters: Int
    /// Multiply-accumulate operations.
    public var macs: Int
    /// PANNs' count: 2 per MAC, 1 per bias addition, 2 per normalised element.
    public var flops: Int
    /// Bytes of a PyTorch state dict's payload.
    public var stateDictByteCount: Int
    /// Number of state-dict entries.
    public var tensorCount: Int

    /// Counts.
    ///
    /// - Parameters:
    ///   - graph: The network.
    ///   - sampleCount: Length of the clip at the front end's rate.
    /// - Throws: ``EPANNsError`` with code `invalidAudio` when the clip is too short for the network.
    public init(_ graph: ModelGraph, sampleCount: Int) throws {
        let frames = graph.input.frameCount(sampleCount: sampleCount)
        let shapes = try graph.shapes(frameCount: frames)
        var layers: [Layer] = []
        if graph.input.kind == .panns {
            let macs = 2 * graph.input.binCount * graph.input.fftSize * frames
            layers.append(
                Layer(
                    name: "spectrogram_extractor.stft", operation: "STFT as 2 convolutions",
                    outputShape: [2, frames, graph.input.binCount], parameters: 0, macs: macs, flops: 2 * macs))
        }
        for (node, shape) in zip(graph.nodes, shapes) {
            let input = node.inputs.first.map { shapes[$0] } ?? shape
            let parameters = node.operation.parameterSpecs(name: node.name, input: input)
                .reduce(0) { $0 + ($1.role == .trainable ? $1.count : 0) }
            let macs = node.operation.macs(input: input, output: shape)
            layers.append(
                Layer(
                    name: node.name, operation: node.operation.description, outputShape: shape.dimensions,
                    parameters: parameters, macs: macs,
                    flops: 2 * macs + node.operation.otherFLOPs(output: shape)))
        }
        self.layers = layers
        self.sampleCount = sampleCount
        frameCount = frames
        parameters = layers.reduce(0) { $0 + $1.parameters }
        macs = layers.reduce(0) { $0 + $1.macs }
        flops = layers.reduce(0) { $0 + $1.flops }
        let specs = graph.parameterSpecs
        stateDictByteCount = specs.reduce(0) { $0 + $1.byteCount }
        tensorCount = specs.count
    }
}

extension Operation {
    fileprivate func macs(input: Shape, output: Shape) -> Int {
        switch self {
        case .convolution(let settings):
            return output.count * (input.channels / settings.groups) * settings.kernel.reduce(1, *)
        case .linear:
            return output.count * input.channels
        case .input, .transpose, .batchNorm, .activation, .pool, .reduce, .add, .multiply, .concatenate,
            .unflattenChannels, .dropout, .softmax:
            return 0
        }
    }

    /// What PANNs count besides MACs: biases and batch norms.
    ///
    /// Functional ReLUs and poolings are not counted.
    fileprivate func otherFLOPs(output: Shape) -> Int {
        switch self {
        case .convolution(let settings): return settings.hasBias ? output.count : 0
        case .linear(let settings): return settings.hasBias ? output.count : 0
        case .batchNorm: return 2 * output.count
        case .input, .transpose, .activation, .pool, .reduce, .add, .multiply, .concatenate, .unflattenChannels,
            .dropout, .softmax:
            return 0
        }
    }
}

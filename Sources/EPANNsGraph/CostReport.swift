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
    /// Frames of the spectrogram; 0 where the network hears none.
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
    /// - Throws: `EPANNsError` with code `invalidAudio` when the clip is too short for the network,
    ///   `invalidConfiguration` when the front end is invalid or a count would overflow.
    public init(_ graph: ModelGraph, sampleCount: Int) throws {
        try graph.input.validate()
        try self.init(graph, extent: graph.extent(sampleCount: sampleCount), sampleCount: sampleCount)
    }

    /// Counts for a clip whose inputs are so long.
    package init(_ graph: ModelGraph, extent: ClipExtent, sampleCount: Int) throws {
        let frames = extent.frames
        let shapes = try graph.shapes(extent)
        var layers: [Layer] = []
        if !graph.frontEndSpecs.isEmpty {
            let macs = try CheckedCount.product([2, graph.input.binCount, graph.input.fftSize, frames])
            layers.append(
                Layer(
                    name: "spectrogram_extractor.stft", operation: "STFT as 2 convolutions",
                    outputShape: [2, frames, graph.input.binCount], parameters: 0, macs: macs,
                    flops: try CheckedCount.product([2, macs])))
        }
        for (index, node) in graph.nodes.enumerated() {
            let shape = shapes[index]
            let input = node.inputs.first.map { shapes[$0] } ?? shape
            let count = try CheckedCount.product(shape.dimensions)
            let macs = try CheckedCount.product([count, node.operation.macsPerElement(input: input)])
            let others = try CheckedCount.product([count, node.operation.otherFLOPsPerElement])
            layers.append(
                Layer(
                    name: node.name, operation: node.operation.description, outputShape: shape.dimensions,
                    parameters: graph.parameterSpecs(of: index).parameterCount, macs: macs,
                    flops: try CheckedCount.sum([try CheckedCount.product([2, macs]), others])))
        }
        self.layers = layers
        self.sampleCount = sampleCount
        frameCount = frames
        parameters = graph.parameterCount
        macs = try CheckedCount.sum(layers.map(\.macs))
        flops = try CheckedCount.sum(layers.map(\.flops))
        let specs = graph.parameterSpecs
        stateDictByteCount = specs.reduce(0) { $0 + $1.byteCount }
        tensorCount = specs.count
    }
}

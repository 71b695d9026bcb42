import EPANNsCore
import EPANNsGraph

/// EfficientAT's `mn`, a MobileNetV3 distilled from transformers.
///
/// Every width is an explicit integer, so that a pruned network is the same structure with other numbers.
/// Source: Schmid, Koutini, Widmer, "Efficient Large-Scale Audio Tagging via Transformer-to-CNN Knowledge
/// Distillation", ICASSP 2023; reference class `MN` with head `mlp`. SPEC §2.11.
/// Parity: `NetworkParityTests`, and on real recordings `RealWeightsTests`.
public struct MobileNetV3Configuration: Codable, Hashable, Sendable {
    /// One inverted residual block.
    public struct Block: Codable, Hashable, Sendable {
        /// Extent of the depthwise kernel.
        public var kernel: Int
        /// Channels inside the block; there is no expanding convolution when they equal the input's.
        public var expandedWidth: Int
        /// Channels of the output.
        public var outputWidth: Int
        /// Units of the squeeze-excitation, nil where there is none.
        public var squeezeWidth: Int?
        /// Hard swish where true, ReLU where false.
        public var usesHardSwish: Bool
        /// Step of the depthwise convolution.
        public var stride: Int
        /// Whether there is an expanding convolution; nil, as published: when ``expandedWidth`` is not the input's.
        ///
        /// Pruning can make the two equal by chance.
        public var expands: Bool?
        /// Whether the input is added to the output; nil, as published: when the stride is 1 and both are as wide.
        public var addsInput: Bool?

        /// Makes a block.
        public init(
            kernel: Int, expandedWidth: Int, outputWidth: Int, squeezeWidth: Int?, usesHardSwish: Bool, stride: Int,
            expands: Bool? = nil, addsInput: Bool? = nil
        ) {
            self.kernel = kernel
            self.expandedWidth = expandedWidth
            self.outputWidth = outputWidth
            self.squeezeWidth = squeezeWidth
            self.usesHardSwish = usesHardSwish
            self.stride = stride
            self.expands = expands
            self.addsInput = addsInput
        }

        func expands(from inputWidth: Int) -> Bool { expands ?? (expandedWidth != inputWidth) }

        func addsInput(of inputWidth: Int) -> Bool { addsInput ?? (stride == 1 && outputWidth == inputWidth) }
    }

    /// Filters of the first convolution.
    public var stemWidth: Int
    /// The inverted residual blocks.
    public var blocks: [Block]
    /// Filters of the last convolution, the length of the embedding.
    public var embeddingWidth: Int
    /// Outputs of `classifier.2`.
    public var hiddenWidth: Int
    /// Number of classes.
    public var classCount: Int
    /// How the waveform becomes the spectrogram.
    public var frontEnd: FrontEndConfiguration
    /// What turns logits into scores.
    public var outputActivation: OutputActivation

    /// The published family: `mn04` has a multiplier of 0.4.
    public init(
        widthMultiplier: Double, classCount: Int = 527, frontEnd: FrontEndConfiguration = .efficientAT,
        outputActivation: OutputActivation = .sigmoid
    ) {
        func scaled(_ width: Int) -> Int { Self.makeDivisible(Double(width) * widthMultiplier) }
        stemWidth = scaled(16)
        blocks = Self.baseBlocks.map { base in
            let expanded = scaled(base.expandedWidth)
            return Block(
                kernel: base.kernel, expandedWidth: expanded, outputWidth: scaled(base.outputWidth),
                squeezeWidth: base.squeezeWidth.map { _ in Self.makeDivisible(Double(expanded / 4)) },
                usesHardSwish: base.usesHardSwish, stride: base.stride)
        }
        embeddingWidth = 6 * scaled(160)
        hiddenWidth = scaled(1280)
        self.classCount = classCount
        self.frontEnd = frontEnd
        self.outputActivation = outputActivation
    }

    /// The nearest multiple of 8, at least 8, and not below 90 % of `value`.
    static func makeDivisible(_ value: Double) -> Int {
        let rounded = max(8, Int(value + 4) / 8 * 8)
        return Double(rounded) < 0.9 * value ? rounded + 8 : rounded
    }

    // (kernel, expanded, output, squeeze-excitation, hard swish, stride) of MobileNetV3-Large at width 1.
    static let baseBlocks: [Block] = [
        (3, 16, 16, false, false, 1), (3, 64, 24, false, false, 2), (3, 72, 24, false, false, 1),
        (5, 72, 40, true, false, 2), (5, 120, 40, true, false, 1), (5, 120, 40, true, false, 1),
        (3, 240, 80, false, true, 2), (3, 200, 80, false, true, 1), (3, 184, 80, false, true, 1),
        (3, 184, 80, false, true, 1), (3, 480, 112, true, true, 1), (3, 672, 112, true, true, 1),
        (5, 672, 160, true, true, 2), (5, 960, 160, true, true, 1), (5, 960, 160, true, true, 1),
    ].map { kernel, expanded, output, squeezes, hardSwish, stride in
        Block(
            kernel: kernel, expandedWidth: expanded, outputWidth: output, squeezeWidth: squeezes ? expanded / 4 : nil,
            usesHardSwish: hardSwish, stride: stride)
    }

    /// The network's graph.
    ///
    /// It works on (mel, time), the transpose of the spectrogram.
    public func graph() -> ModelGraph {
        var builder = GraphBuilder(input: frontEnd)
        var x = builder.transpose("mel_by_time", builder.input)
        x = builder.mnConvolution(
            "features.0", x, Convolution(filters: stemWidth, kernel: [3, 3], stride: [2, 2], padding: [1, 1]),
            .hardSwish)
        for (index, block) in blocks.enumerated() {
            x = builder.mnBlock("features.\(index + 1)", x, block)
        }
        x = builder.mnConvolution(
            "features.\(blocks.count + 1)", x, Convolution(filters: embeddingWidth, kernel: [1, 1]), .hardSwish)
        x = builder.reduce("head.mean", x, .mean, over: [.height, .width])
        builder.output(.embedding, x)
        x = builder.linear("classifier.2", x, outputs: hiddenWidth)
        x = builder.activation("classifier.3", x, .hardSwish)
        x = builder.dropout("classifier.4", x, rate: 0.2)
        builder.classify(builder.linear("classifier.5", x, outputs: classCount), outputActivation)
        return builder.build()
    }
}

extension GraphBuilder {
    /// Convolution under `name.0`, batch norm under `name.1`, activation.
    fileprivate mutating func mnConvolution(
        _ name: String, _ x: Value, _ convolution: Convolution, _ activation: Activation?
    ) -> Value {
        var x = self.convolution(name + ".0", x, convolution)
        x = batchNorm(name + ".1", x, EPANNsGraph.BatchNorm(epsilon: 1e-3, momentum: 0.01))
        if let activation { x = self.activation(name + ".2", x, activation) }
        return x
    }

    fileprivate mutating func mnBlock(_ name: String, _ input: Value, _ block: MobileNetV3Configuration.Block)
        -> Value
    {
        let function: Activation = block.usesHardSwish ? .hardSwish : .relu
        let padding = (block.kernel - 1) / 2
        var x = input
        var index = 0
        func next() -> String {
            defer { index += 1 }
            return "\(name).block.\(index)"
        }
        if block.expands(from: input.channels) {
            x = mnConvolution(next(), x, Convolution(filters: block.expandedWidth, kernel: [1, 1]), function)
        }
        x = mnConvolution(
            next(), x,
            Convolution(
                filters: block.expandedWidth, kernel: [block.kernel, block.kernel],
                stride: [block.stride, block.stride], padding: [padding, padding], groups: block.expandedWidth),
            function)
        if let squeezeWidth = block.squeezeWidth {
            let prefix = next() + ".conc_se_layers.0"
            var scale = reduce(prefix + ".mean", x, .mean, over: [.height, .width])
            scale = linear(prefix + ".fc1", scale, outputs: squeezeWidth)
            scale = activation(prefix + ".relu", scale, .relu)
            scale = linear(prefix + ".fc2", scale, outputs: block.expandedWidth)
            scale = activation(prefix + ".sigmoid", scale, .sigmoid)
            x = multiply(prefix + ".scale", x, by: scale)
        }
        x = mnConvolution(next(), x, Convolution(filters: block.outputWidth, kernel: [1, 1]), nil)
        guard block.addsInput(of: input.channels) else { return x }
        return add(name + ".sum", [x, input])
    }
}

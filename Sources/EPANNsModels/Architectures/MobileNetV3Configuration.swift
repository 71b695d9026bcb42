import EPANNsCore
import EPANNsGraph

/// EfficientAT's `mn`, a MobileNetV3 distilled from transformers.
///
/// Every width is an explicit integer, so that a pruned network is the same structure with other numbers.
/// Source: Schmid, Koutini, Widmer, "Efficient Large-Scale Audio Tagging via Transformer-to-CNN Knowledge
/// Distillation", ICASSP 2023; reference class `MN` with head `mlp`. SPEC §2.11.
/// Parity: `NetworkParityTests`, and on real recordings `RealWeightsTests`.
public struct MobileNetV3Configuration: Architecture {
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

    /// The nearest multiple of 8, at least 8, and not below 90 % of `value`; 0, which no network takes, for a value that
    /// is not a number or far too large.
    static func makeDivisible(_ value: Double) -> Int {
        guard value < 1e9 else { return 0 }
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

    // MARK: The architecture

    /// How a sentence calls the family.
    public static let title = "EfficientAT mn"
    /// Values of `architecture` in files.
    public static let names = ["mobilenet-v3"]

    /// The published networks.
    public static let presets = ["mn01", "mn02", "mn04", "mn05", "mn10", "mn20", "mn30", "mn40"].compactMap { name in
        named(name).map { Preset(name, referenceClass: "MN", $0) }
    }

    /// `mnNN` is any width in tenths.
    public static func named(_ name: String) -> Self? {
        guard name.hasPrefix("mn"), name.count == 4, let tenths = Int(name.dropFirst(2)), tenths > 0 else { return nil }
        return Self(widthMultiplier: Double(tenths) / 10)
    }

    /// The network of a checkpoint; kernels and strides are the published ones.
    ///
    /// - Throws: `EPANNsError` with code `checkpointMismatch` when a block has another kernel or input.
    public static func recognise(_ shapes: StateDictShapes) throws -> Self? {
        guard shapes.contains("features.0.0.weight"), shapes.contains("classifier.5.weight") else { return nil }
        var configuration = Self(widthMultiplier: 1)
        configuration.stemWidth = try shapes.width("features.0.0.weight", rank: 4)
        var inputWidth = configuration.stemWidth
        for index in configuration.blocks.indices {
            try configuration.blocks[index].recognise("features.\(index + 1).block.", inputWidth: inputWidth, shapes)
            inputWidth = configuration.blocks[index].outputWidth
        }
        let last = try shapes.shape("features.\(configuration.blocks.count + 1).0.weight", rank: 4)
        guard last[1] == inputWidth else {
            throw EPANNsError(.checkpointMismatch, "features.16.0.weight has \(last[1]) inputs, not \(inputWidth).")
        }
        configuration.embeddingWidth = last[0]
        configuration.hiddenWidth = try shapes.width("classifier.2.weight", rank: 2)
        configuration.classCount = try shapes.width("classifier.5.weight", rank: 2)
        return configuration
    }

    /// The value of `architecture` in files.
    public var name: String { Self.names[0] }
    /// The case that holds it.
    public var configuration: ModelConfiguration { .mobileNetV3(self) }
    /// Of the stem, the blocks and the last convolution.
    public var widths: [Int] { [stemWidth] + blocks.map(\.outputWidth) + [embeddingWidth] }
    /// Every number of channels.
    public var everyWidth: [Int] {
        [stemWidth, embeddingWidth, hiddenWidth]
            + blocks.flatMap { [$0.expandedWidth, $0.outputWidth, $0.squeezeWidth ?? 1] }
    }

    /// Refuses a list of widths.
    ///
    /// - Throws: `EPANNsError` with code `invalidConfiguration`, always.
    public mutating func replaceWidths(_ widths: [Int]) throws {
        throw EPANNsError(
            .invalidConfiguration,
            "The widths of \(name) depend on one another and cannot be listed; choose mnNN, where NN is the width in "
                + "tenths. Lists of widths are for CNN6 (4), CNN10 (8), CNN14 and E-PANNs (12).")
    }

    /// Where pruning makes two widths equal by chance, or a layer's that were equal differ, the structure stays.
    public mutating func take(_ channels: inout ChannelCounts) {
        var inputBefore = stemWidth
        channels.take("features.0.0", &stemWidth)
        var inputAfter = stemWidth
        for index in blocks.indices {
            let before = blocks[index]
            blocks[index].take("features.\(index + 1).block.", &channels, inputs: (inputBefore, inputAfter))
            (inputBefore, inputAfter) = (before.outputWidth, blocks[index].outputWidth)
        }
        channels.take("features.\(blocks.count + 1).0", &embeddingWidth)
        channels.take("classifier.2", &hiddenWidth)
    }

    /// Checks the blocks: their number, kernels and strides, and that their widths fit together.
    ///
    /// - Throws: `EPANNsError` with code `invalidConfiguration`.
    public func check() throws {
        guard (1...64).contains(blocks.count),
            blocks.allSatisfy({ $0.kernel % 2 == 1 && (1...31).contains($0.kernel) && (1...4).contains($0.stride) })
        else {
            throw EPANNsError(
                .invalidConfiguration,
                "The blocks of \(name) are invalid: there must be between 1 and 64 of them, with odd kernels between 1 "
                    + "and 31 and strides between 1 and 4.")
        }
        let inputWidths = [stemWidth] + blocks.map(\.outputWidth)
        for (number, (block, inputWidth)) in zip(blocks, inputWidths).enumerated() {
            guard block.expands(from: inputWidth) || block.expandedWidth == inputWidth,
                !block.addsInput(of: inputWidth) || block.stride == 1 && block.outputWidth == inputWidth
            else {
                throw EPANNsError(
                    .invalidConfiguration,
                    "Block \(number + 1) of \(name) has widths that do not fit together: \(inputWidth) in, "
                        + "\(block.expandedWidth) inside, \(block.outputWidth) out.")
            }
        }
    }

    /// The network works on (mel, time), the transpose of the spectrogram.
    public func addLayers(to builder: inout GraphBuilder) {
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
    }
}

extension MobileNetV3Configuration.Block {
    /// Takes its widths from a checkpoint's shapes.
    fileprivate mutating func recognise(_ prefix: String, inputWidth: Int, _ shapes: StateDictShapes) throws {
        var position = 0
        // The expanding 1×1 convolution is left out where it would change nothing.
        let first = try shapes.shape(prefix + "0.0.weight", rank: 4)
        if first[2] == 1 { position += 1 }
        let depthwise = try shapes.shape(prefix + "\(position).0.weight", rank: 4)
        expandedWidth = depthwise[0]
        // Only a pruned network has an expansion that does not expand.
        if position == 1, depthwise[0] == inputWidth { expands = true }
        guard depthwise[1] == 1, depthwise[2] == kernel else {
            throw EPANNsError(
                .checkpointMismatch,
                "\(prefix)\(position).0.weight has shape \(depthwise), but mn has a depthwise \(kernel)×\(kernel) there."
            )
        }
        position += 1
        let squeeze = prefix + "\(position).conc_se_layers.0.fc1.weight"
        squeezeWidth = nil
        if shapes.contains(squeeze) {
            squeezeWidth = try shapes.width(squeeze, rank: 2)
            position += 1
        }
        outputWidth = try shapes.width(prefix + "\(position).0.weight", rank: 4)
    }

    /// Takes the widths that pruning left.
    fileprivate mutating func take(
        _ prefix: String, _ channels: inout ChannelCounts, inputs: (before: Int, after: Int)
    ) {
        let (expanded, added) = (expands(from: inputs.before), addsInput(of: inputs.before))
        var position = 0
        if expanded {
            channels.take("\(prefix)0.0", &expandedWidth)
            position += 1
        }
        // The same channels once more, as the layers that are tied to the expansion name them.
        channels.take("\(prefix)\(position).0", &expandedWidth)
        position += 1
        if var squeezed = squeezeWidth {
            channels.take("\(prefix)\(position).conc_se_layers.0.fc1", &squeezed)
            squeezeWidth = squeezed
            channels.take("\(prefix)\(position).conc_se_layers.0.fc2", &expandedWidth)
            position += 1
        }
        channels.take("\(prefix)\(position).0", &outputWidth)
        (expands, addsInput) = (nil, nil)
        // Said only where the widths alone would tell otherwise, so that published networks look as before.
        if expands(from: inputs.after) != expanded { expands = expanded }
        if addsInput(of: inputs.after) != added { addsInput = added }
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

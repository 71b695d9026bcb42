import EPANNsCore
import EPANNsGraph

// Pieces that the PANNs networks share. Kong et al., "PANNs: Large-Scale Pretrained Audio Neural Networks for Audio
// Pattern Recognition", 2020; reference classes ConvBlock and ConvBlock5x5. SPEC §2.

extension GraphBuilder {
    /// `bn0`, the norm over mel bands of the log-mel spectrogram.
    mutating func pannsInput() -> Value {
        batchNorm("bn0", input(.logMel), EPANNsGraph.BatchNorm(axis: .mel))
    }

    /// Convolutions of one block, each with batch norm and ReLU, then an optional 2×2 average pooling and dropout.
    mutating func pannsBlock(
        _ name: String, _ x: Value, widths: ArraySlice<Int>, kernel: Int, pooled: Bool
    ) -> Value {
        var x = pannsMaps(name, x, widths: widths, kernel: kernel)
        if pooled { x = pool("\(name).pool", x, Pool(.mean, kernel: [2, 2])) }
        return dropout("\(name).dropout", x, rate: 0.2)
    }

    /// Convolutions of one block, each with batch norm and ReLU.
    mutating func pannsMaps(_ name: String, _ x: Value, widths: ArraySlice<Int>, kernel: Int) -> Value {
        var x = x
        for (index, width) in widths.enumerated() {
            let number = index + 1
            x = convolution(
                "\(name).conv\(number)", x,
                Convolution(filters: width, kernel: [kernel, kernel], padding: [kernel / 2, kernel / 2]))
            x = batchNorm("\(name).bn\(number)", x)
            x = activation("\(name).relu\(number)", x, .relu)
        }
        return x
    }

    /// A 3×3 convolution, a 2×2 average pooling where the map is halved, batch norm and activation: modules `first` to
    /// `first + 3` of PyTorch's sequence, of which the pooling stays in the numbering where it does nothing.
    mutating func pooledConvolution(
        _ name: String, from first: Int, _ x: Value, filters: Int, groups: Int = 1, halves: Bool,
        then function: Activation
    ) -> Value {
        var x = convolution(
            "\(name).\(first)", x, Convolution(filters: filters, kernel: [3, 3], padding: [1, 1], groups: groups))
        if halves { x = pool("\(name).\(first + 1)", x, Pool(.mean, kernel: [2, 2])) }
        x = batchNorm("\(name).\(first + 2)", x)
        return activation("\(name).\(first + 3)", x, function)
    }

    /// A 1×1 convolution, batch norm and, perhaps, an activation: modules `first` to `first + 2` of PyTorch's sequence.
    mutating func pointwiseConvolution(
        _ name: String, from first: Int, _ x: Value, filters: Int, then function: Activation?
    ) -> Value {
        var x = convolution("\(name).\(first)", x, Convolution(filters: filters, kernel: [1, 1]))
        x = batchNorm("\(name).\(first + 1)", x)
        return function.map { activation("\(name).\(first + 2)", x, $0) } ?? x
    }

    /// The clip head: mean over mel, maximum plus mean over time, then two linear layers.
    ///
    /// SPEC §2, head H.
    mutating func pannsHead(
        _ x: Value, embeddingWidth: Int, classCount: Int, outputActivation: OutputActivation, dropsPooled: Bool = true
    ) {
        let overTime = reduce("head.mean_mel", x, .mean, over: [.mel])
        let maximum = reduce("head.max_time", overTime, .max, over: [.time])
        let mean = reduce("head.mean_time", overTime, .mean, over: [.time])
        var x = add("head.sum", [maximum, mean])
        if dropsPooled { x = dropout("head.dropout", x, rate: 0.5) }
        x = linear("fc1", x, outputs: embeddingWidth)
        x = activation("fc1.relu", x, .relu)
        // The embedding that training returns is dropped out once more; in inference the two coincide.
        output(.embedding, x)
        classify(linear("fc_audioset", x, outputs: classCount), outputActivation)
    }
}

extension StateDictShapes {
    /// The front end of a PANNs checkpoint: mel bands from `bn0`, the sample rate from the length of the transform.
    ///
    /// The 32 kHz one where the checkpoint stores none.
    ///
    /// - Throws: `EPANNsError` with code `checkpointMismatch` when it is none of PANNs' variants.
    func pannsFrontEnd() throws -> FrontEndConfiguration {
        let melBands = try width("bn0.weight", rank: 1)
        let stored = FrontEndConfiguration.panns32k(melBands: melBands).parameterSpecs.first { contains($0.name) }
        let bins = try stored.map { try width($0.name, rank: $0.shape.count) } ?? 513
        switch (bins, melBands) {
        case (513, _): return .panns32k(melBands: melBands)
        case (257, 64): return .panns16k
        case (129, 64): return .panns8k
        default:
            throw EPANNsError(
                .checkpointMismatch,
                "A front end of \(bins) bins and \(melBands) mel bands is none of PANNs' variants.")
        }
    }
}

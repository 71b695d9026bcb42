import EPANNsCore
import EPANNsGraph

/// Finds architecture and widths from a state dict's names and shapes.
///
/// What names and shapes do not tell (strides, activations, the hop) is the published networks'. SPEC §2.
package struct ArchitectureRecognizer {
    private let tensors: [String: Tensor]

    package init(_ tensors: [String: Tensor]) { self.tensors = tensors }

    /// The configuration.
    ///
    /// - Throws: `EPANNsError` with code `checkpointMismatch` when no architecture fits, or
    ///   `unsupportedFormat` when one is recognised that cannot run yet.
    package func configuration() throws -> ModelConfiguration {
        try refuseKnownOthers()
        if tensors["conv_block1.conv1.weight"] != nil { return try panns() }
        if tensors["features.0.0.weight"] != nil, tensors["classifier.5.weight"] != nil { return try mobileNetV3() }
        let names = tensors.keys.sorted().prefix(5).joined(separator: ", ")
        throw EPANNsError(
            .checkpointMismatch,
            tensors.isEmpty
                ? "The file holds no tensors."
                : "The tensors (\(names), …) belong to no network known here: CNN6, CNN10, CNN14, E-PANNs, "
                    + "EfficientAT mn. `epanns info --help` lists the architectures.")
    }

    /// Whether a PANNs checkpoint stores nothing that tells its front end's sample rate.
    package var assumesFrontEnd: Bool {
        tensors["conv_block1.conv1.weight"] != nil && tensors["logmel_extractor.melW"] == nil
            && tensors["spectrogram_extractor.stft.conv_real.weight"] == nil
    }

    private func refuseKnownOthers() throws {
        let marks = [
            ("att_block.att.weight", "Cnn14_DecisionLevelAtt"), ("resnet.layer1.0.conv1.weight", "a PANNs ResNet"),
            ("pre_conv0.weight", "a Wavegram network"), ("v.pos_embed", "an AST"),
            ("audio_spectrogram_transformer.embeddings.cls_token", "an AST in Hugging Face's form"),
            ("stage0.0.conv1.weight", "an ERANN"),
        ]
        for (name, network) in marks where tensors[name] != nil {
            throw EPANNsError(
                .unsupportedFormat,
                "This is \(network), which this version cannot run yet; CNN6, CNN10, CNN14, "
                    + "E-PANNs and EfficientAT mn are supported.")
        }
        if tensors["features.0.0.weight"] != nil, tensors["bn0.weight"] != nil {
            throw EPANNsError(.unsupportedFormat, "This is a PANNs MobileNet, which this version cannot run yet.")
        }
    }

    private func shape(_ name: String, rank: Int) throws -> [Int] {
        guard let shape = tensors[name]?.shape else {
            throw EPANNsError(.checkpointMismatch, "The checkpoint looks like a known network but has no \(name).")
        }
        guard shape.count == rank, shape.allSatisfy({ $0 > 0 }) else {
            throw EPANNsError(.checkpointMismatch, "\(name) has shape \(shape), but should have \(rank) axes.")
        }
        return shape
    }

    // MARK: PANNs

    private func panns() throws -> ModelConfiguration {
        let kernel = try shape("conv_block1.conv1.weight", rank: 4)[2]
        let isSingle = tensors["conv_block1.conv2.weight"] == nil
        let blockCount = tensors["conv_block5.conv1.weight"] == nil ? 4 : 6
        var widths: [Int] = []
        for block in 1...blockCount {
            for convolution in 1...(isSingle ? 1 : 2) {
                widths.append(try shape("conv_block\(block).conv\(convolution).weight", rank: 4)[0])
            }
        }
        let embedding = try shape("fc1.weight", rank: 2)[0]
        let classes = try shape("fc_audioset.weight", rank: 2)[0]
        let frontEnd = try pannsFrontEnd()
        switch (blockCount, isSingle, kernel) {
        case (4, true, 5):
            return .cnn6(.init(widths: widths, embeddingWidth: embedding, classCount: classes, frontEnd: frontEnd))
        case (4, false, 3):
            return .cnn10(.init(widths: widths, embeddingWidth: embedding, classCount: classes, frontEnd: frontEnd))
        case (6, false, 3):
            return .cnn14(.init(widths: widths, embeddingWidth: embedding, classCount: classes, frontEnd: frontEnd))
        default:
            throw EPANNsError(
                .checkpointMismatch,
                "\(blockCount) blocks of \(isSingle ? 1 : 2) convolutions with \(kernel)×\(kernel) kernels are "
                    + "neither CNN6, CNN10 nor CNN14.")
        }
    }

    /// The variant: mel bands from `bn0`, the sample rate from the length of the Fourier transform.
    private func pannsFrontEnd() throws -> FrontEndConfiguration {
        let melBands = try shape("bn0.weight", rank: 1)[0]
        var bins = 513
        if tensors["logmel_extractor.melW"] != nil {
            bins = try shape("logmel_extractor.melW", rank: 2)[0]
        } else if tensors["spectrogram_extractor.stft.conv_real.weight"] != nil {
            bins = try shape("spectrogram_extractor.stft.conv_real.weight", rank: 3)[0]
        }
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

    // MARK: EfficientAT

    private func mobileNetV3() throws -> ModelConfiguration {
        var configuration = MobileNetV3Configuration(widthMultiplier: 1)
        configuration.stemWidth = try shape("features.0.0.weight", rank: 4)[0]
        var inputWidth = configuration.stemWidth
        for index in configuration.blocks.indices {
            let prefix = "features.\(index + 1).block."
            var position = 0
            // The expanding 1×1 convolution is left out where it would change nothing.
            let first = try shape(prefix + "0.0.weight", rank: 4)
            if first[2] == 1 { position += 1 }
            let depthwise = try shape(prefix + "\(position).0.weight", rank: 4)
            configuration.blocks[index].expandedWidth = depthwise[0]
            // Only a pruned network has an expansion that does not expand.
            if position == 1, depthwise[0] == inputWidth { configuration.blocks[index].expands = true }
            guard depthwise[1] == 1, depthwise[2] == configuration.blocks[index].kernel else {
                throw EPANNsError(
                    .checkpointMismatch,
                    "\(prefix)\(position).0.weight has shape \(depthwise), but mn has a depthwise "
                        + "\(configuration.blocks[index].kernel)×\(configuration.blocks[index].kernel) there.")
            }
            position += 1
            let squeeze = prefix + "\(position).conc_se_layers.0.fc1.weight"
            configuration.blocks[index].squeezeWidth = nil
            if tensors[squeeze] != nil {
                configuration.blocks[index].squeezeWidth = try shape(squeeze, rank: 2)[0]
                position += 1
            }
            configuration.blocks[index].outputWidth = try shape(prefix + "\(position).0.weight", rank: 4)[0]
            inputWidth = configuration.blocks[index].outputWidth
        }
        let last = try shape("features.\(configuration.blocks.count + 1).0.weight", rank: 4)
        guard last[1] == inputWidth else {
            throw EPANNsError(.checkpointMismatch, "features.16.0.weight has \(last[1]) inputs, not \(inputWidth).")
        }
        configuration.embeddingWidth = last[0]
        configuration.hiddenWidth = try shape("classifier.2.weight", rank: 2)[0]
        configuration.classCount = try shape("classifier.5.weight", rank: 2)[0]
        return .mobileNetV3(configuration)
    }
}

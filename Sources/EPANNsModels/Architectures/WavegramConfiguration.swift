import EPANNsCore
import EPANNsGraph

/// PANNs' Wavegram networks: CNN14 on a map that is learnt from the waveform, alone or beside the log-mel spectrogram.
///
/// One-dimensional convolutions shorten the waveform to a column every hop; their channels, split into groups of as many as
/// a pooled spectrogram has bands, make the map. `Wavegram_Cnn14` stores `bn0` and the first block of the spectrogram's
/// branch and never uses them; PANNs' parameter count has them, and so has ours.
/// Source: Kong et al. 2020, reference classes `Wavegram_Cnn14`, `Wavegram_Logmel_Cnn14`, `Wavegram_Logmel128_Cnn14`.
/// SPEC §2.7. Parity: `NetworkParityTests`, `CostTests`.
public struct WavegramConfiguration: Architecture {
    /// What the network hears.
    public enum Variant: String, Codable, Hashable, Sendable, CaseIterable {
        /// The waveform.
        case wavegram = "wavegram-cnn14"
        /// The waveform and the spectrogram.
        case wavegramLogMel = "wavegram-logmel-cnn14"
    }

    /// Which of the networks.
    public var variant: Variant
    /// Filters of the one-dimensional convolutions: `pre_conv0`, then two of each of three blocks.
    ///
    /// The last is a multiple of ``mapHeight``.
    public var waveWidths: [Int]
    /// Filters of the two convolutions on the map, `pre_block4`.
    public var mapWidths: [Int]
    /// Filters of the two convolutions on the spectrogram, `conv_block1`.
    public var stemWidths: [Int]
    /// Filters of the ten convolutions from `conv_block2` on.
    public var blockWidths: [Int]
    /// Outputs of `fc1`, the length of the embedding.
    public var embeddingWidth: Int
    /// Number of classes.
    public var classCount: Int
    /// How the waveform becomes the spectrogram.
    public var frontEnd: FrontEndConfiguration
    /// What turns logits into scores.
    public var outputActivation: OutputActivation

    private enum CodingKeys: String, CodingKey {
        case variant = "architecture"
        case waveWidths, mapWidths, stemWidths, blockWidths, embeddingWidth, classCount, frontEnd, outputActivation
    }

    /// Makes a configuration whose widths are the published ones times `scale`, at least 1; the published network where
    /// nothing is given.
    ///
    /// The groups of the map stay four.
    public init(
        _ variant: Variant, scale: Double = 1, classCount: Int = 527, frontEnd: FrontEndConfiguration = .panns32k(),
        outputActivation: OutputActivation = .sigmoid
    ) {
        func scaled(_ widths: [Int]) -> [Int] { widths.map { Self.scaled($0, scale) } }
        self.variant = variant
        // The last makes four groups of half the bands.
        waveWidths =
            scaled([64, 64, 64, 128, 128]) + [Self.scaled(2 * frontEnd.melBands, scale), 4 * (frontEnd.melBands / 2)]
        mapWidths = scaled([64, 64])
        stemWidths = scaled([64, 64])
        blockWidths = scaled([128, 128, 256, 256, 512, 512, 1024, 1024, 2048, 2048])
        embeddingWidth = Self.scaled(2048, scale)
        self.classCount = classCount
        self.frontEnd = frontEnd
        self.outputActivation = outputActivation
    }

    // MARK: The architecture

    /// How a sentence calls the family.
    public static let title = "PANNs' Wavegram-CNN14 and Wavegram-Logmel-CNN14"
    /// Values of `architecture` in files.
    public static let names = Variant.allCases.map(\.rawValue)
    /// The published networks.
    public static let presets = [
        Preset("wavegram-cnn14", referenceClass: "Wavegram_Cnn14", Self(.wavegram)),
        Preset("wavegram-logmel-cnn14", referenceClass: "Wavegram_Logmel_Cnn14", Self(.wavegramLogMel)),
        Preset(
            "wavegram-logmel128-cnn14", referenceClass: "Wavegram_Logmel128_Cnn14",
            Self(.wavegramLogMel, frontEnd: .panns32k(melBands: 128))),
    ]

    private static let waveNames =
        ["pre_conv0"] + (1...3).flatMap { ["pre_block\($0).conv1", "pre_block\($0).conv2"] }
    private static let mapNames = ["pre_block4.conv1", "pre_block4.conv2"]
    private static let stemNames = ["conv_block1.conv1", "conv_block1.conv2"]
    private static let blockNames = (2...6).flatMap { ["conv_block\($0).conv1", "conv_block\($0).conv2"] }

    /// The network of a checkpoint; what `conv_block2` reads tells whether there is a spectrogram beside the map.
    ///
    /// - Throws: `EPANNsError` with code `checkpointMismatch` when a tensor is missing or has another rank.
    public static func recognise(_ shapes: StateDictShapes) throws -> Self? {
        guard shapes.contains("pre_conv0.weight") else { return nil }
        func widths(_ names: [String], rank: Int) throws -> [Int] {
            try names.map { try shapes.width($0 + ".weight", rank: rank) }
        }
        let map = try widths(mapNames, rank: 4)
        let inputs = try shapes.shape(blockNames[0] + ".weight", rank: 4)[1]
        var configuration = Self(inputs == map[1] ? .wavegram : .wavegramLogMel)
        configuration.frontEnd = try shapes.pannsFrontEnd()
        configuration.waveWidths = try widths(waveNames, rank: 3)
        configuration.mapWidths = map
        configuration.stemWidths = try widths(stemNames, rank: 4)
        configuration.blockWidths = try widths(blockNames, rank: 4)
        configuration.embeddingWidth = try shapes.width("fc1.weight", rank: 2)
        configuration.classCount = try shapes.width("fc_audioset.weight", rank: 2)
        return configuration
    }

    /// The value of `architecture` in files.
    public var name: String { variant.rawValue }
    /// The case that holds it.
    public var configuration: ModelConfiguration { .wavegram(self) }
    /// The samples, and the spectrogram beside them.
    public var inputs: [ModelGraph.Input] { variant == .wavegram ? [.waveform] : [.logMel, .waveform] }
    /// Of the waveform's convolutions, the map's, the spectrogram's where it is heard, and the blocks behind.
    public var widths: [Int] {
        waveWidths + mapWidths + (variant == .wavegramLogMel ? stemWidths : []) + blockWidths
    }
    /// Every number of channels.
    public var everyWidth: [Int] { waveWidths + mapWidths + stemWidths + blockWidths + [embeddingWidth] }
    /// Rows of the map: as many as bands of a pooled spectrogram.
    public var mapHeight: Int { frontEnd.melBands / 2 }

    /// Takes the numbers of channels that pruning left.
    public mutating func take(_ channels: inout ChannelCounts) {
        func take(_ names: [String], _ widths: inout [Int]) {
            for index in widths.indices { channels.take(names[index], &widths[index]) }
        }
        take(Self.waveNames, &waveWidths)
        take(Self.mapNames, &mapWidths)
        if variant == .wavegramLogMel { take(Self.stemNames, &stemWidths) }
        take(Self.blockNames, &blockWidths)
        channels.take("fc1", &embeddingWidth)
    }

    /// Checks the numbers of widths, that channels make a map, and that its columns are the spectrogram's frames.
    ///
    /// - Throws: `EPANNsError` with code `invalidConfiguration`.
    public func check() throws {
        guard waveWidths.count == 7, mapWidths.count == 2, stemWidths.count == 2, blockWidths.count == 10 else {
            throw EPANNsError(
                .invalidConfiguration,
                "\(name) has 7, 2, 2 and 10 convolutions on the waveform, the map, the spectrogram and behind, but "
                    + "\(waveWidths.count), \(mapWidths.count), \(stemWidths.count) and \(blockWidths.count) are given."
            )
        }
        guard mapHeight > 0, waveWidths[6] % mapHeight == 0 else {
            throw EPANNsError(
                .invalidConfiguration,
                "\(waveWidths[6]) channels of pre_block3 do not make a map of \(mapHeight) rows.")
        }
        guard variant == .wavegram || frontEnd.hopSize == 320 else {
            throw EPANNsError(
                .invalidConfiguration,
                "\(name) makes a column of 320 samples, but its spectrogram a frame of \(frontEnd.hopSize).")
        }
    }

    /// Adds the waveform's branch, the spectrogram's, and CNN14 from its second block on.
    public func addLayers(to builder: inout GraphBuilder) {
        var x = addWavegram(to: &builder)
        switch variant {
        case .wavegram: addUnused(to: &builder)
        case .wavegramLogMel:
            let logMel = builder.pannsMaps("conv_block1", builder.pannsInput(), widths: stemWidths[...], kernel: 3)
            let pooled = builder.pool("conv_block1.pool", logMel, Pool(.mean, kernel: [2, 2]))
            x = builder.concatenate("concatenation", [pooled, x])
        }
        x = builder.dropout("concatenation.dropout", x, rate: 0.2)
        for block in 2...6 {
            let first = 2 * (block - 2)
            x = builder.pannsBlock(
                "conv_block\(block)", x, widths: blockWidths[first..<first + 2], kernel: 3, pooled: block < 6)
        }
        builder.pannsHead(
            x, embeddingWidth: embeddingWidth, classCount: classCount, outputActivation: outputActivation)
    }

    /// The waveform's branch, (groups, frames, rows) behind its pooling; mixup mixes there.
    private func addWavegram(to builder: inout GraphBuilder) -> GraphBuilder.Value {
        var x = builder.convolution(
            "pre_conv0", builder.input(.waveform),
            Convolution(filters: waveWidths[0], kernel: [11], stride: [5], padding: [5]))
        x = builder.batchNorm("pre_bn0", x)
        x = builder.activation("pre_relu0", x, .relu)
        for block in 1...3 {
            let name = "pre_block\(block)"
            for (number, dilation) in [(1, 1), (2, 2)] {
                x = builder.convolution(
                    "\(name).conv\(number)", x,
                    Convolution(
                        filters: waveWidths[2 * block + number - 2], kernel: [3], padding: [dilation],
                        dilation: [dilation]))
                x = builder.batchNorm("\(name).bn\(number)", x)
                x = builder.activation("\(name).relu\(number)", x, .relu)
            }
            x = builder.pool("\(name).pool", x, Pool(.max, kernel: [4]))
        }
        // Channel 32·g + f is row f of group g; the map is (time, row) like a spectrogram.
        x = builder.unflattenChannels("wavegram", x, height: mapHeight)
        x = builder.transpose("wavegram.transpose", x)
        x = builder.pannsMaps("pre_block4", x, widths: mapWidths[...], kernel: 3)
        x = builder.pool("pre_block4.pool", x, Pool(.mean, kernel: [2, 1]))
        builder.mix(x)
        return x
    }

    /// What `Wavegram_Cnn14` stores of the spectrogram's branch.
    private func addUnused(to builder: inout GraphBuilder) {
        let bands = frontEnd.melBands
        builder.unused(
            "bn0", .batchNorm(EPANNsGraph.BatchNorm(axis: .mel)), input: Shape(1, [bands, bands]))
        var inputs = 1
        for (index, width) in stemWidths.enumerated() {
            let convolution = Convolution(filters: width, kernel: [3, 3], padding: [1, 1])
            builder.unused(Self.stemNames[index], .convolution(convolution), input: Shape(inputs, [bands, bands]))
            builder.unused(
                "conv_block1.bn\(index + 1)", .batchNorm(EPANNsGraph.BatchNorm()), input: Shape(width, [bands, bands]))
            inputs = width
        }
    }
}

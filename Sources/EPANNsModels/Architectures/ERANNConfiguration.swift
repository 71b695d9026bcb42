import EPANNsCore
import EPANNsGraph

/// ERANNs, efficient residual audio networks: ERANN-s_m-W of any s_m and W.
///
/// Five stages of four pre-activation residual blocks, mean and maximum over the last map, and two linear layers. Mel is
/// the height, time the width, as in the paper's tables.
/// Source: Verbitskiy, Berikov and Vyshegorodtsev 2021, as far as SPEC §2.8 could find it out: no code of the authors and no
/// weights exist. What it marks as unsure (the norm of the input, norms of shortcuts, the pooling, the front end's window,
/// hop and lowest frequency) is configuration here, with its defaults. Numbers of parameters are the published ones.
/// Parity: `NetworkParityTests` against our own PyTorch version, `CostTests`.
public struct ERANNConfiguration: Architecture {
    /// What is normalised before the first block.
    public enum InputNorm: String, Codable, Hashable, Sendable, CaseIterable {
        /// Each mel band by its own statistics, as PANNs' `bn0`.
        case melBands = "mel-bands"
        /// The spectrogram as one channel.
        case channel
        /// Nothing.
        case none
    }

    /// How the last map becomes a vector.
    public enum Pooling: String, Codable, Hashable, Sendable, CaseIterable {
        /// Mean plus maximum over mel and time.
        case bothAxes = "both-axes"
        /// PANNs': the mean over mel, then maximum plus mean over time.
        case melThenTime = "mel-then-time"
    }

    /// One of the five stages.
    public struct Stage: Codable, Hashable, Sendable {
        /// Channels of every block's output, which the residual sums tie together.
        public var outputWidth: Int
        /// For each block the filters of its first convolution.
        public var innerWidths: [Int]

        /// Makes a stage.
        public init(outputWidth: Int, innerWidths: [Int]) {
            self.outputWidth = outputWidth
            self.innerWidths = innerWidths
        }
    }

    /// How many stages, from the second on, shorten time to a quarter rather than to half: s_m.
    public var fourfoldStages: Int
    /// The five stages.
    public var stages: [Stage]
    /// Outputs of `fc1`, the length of the embedding.
    public var embeddingWidth: Int
    /// What is normalised before the first block.
    public var inputNorm: InputNorm
    /// Whether the 1×1 convolutions of shortcuts have norms.
    public var normalisesShortcuts: Bool
    /// How the last map becomes a vector.
    public var pooling: Pooling
    /// Number of classes.
    public var classCount: Int
    /// How the waveform becomes the spectrogram.
    public var frontEnd: FrontEndConfiguration
    /// What turns logits into scores.
    public var outputActivation: OutputActivation

    /// Slope of the activations below zero.
    static let slope: Float = 0.01
    static let stageCount = 5
    static let blockCount = 4

    private enum CodingKeys: String, CodingKey {
        case fourfoldStages, stages, embeddingWidth, inputNorm, normalisesShortcuts, pooling, classCount, frontEnd
        case outputActivation
    }

    /// Makes ERANN-`fourfoldStages`-`width`, with SPEC §2.8's defaults where it is unsure.
    public init(
        fourfoldStages: Int, width: Int, classCount: Int = 527, frontEnd: FrontEndConfiguration = .eranns,
        outputActivation: OutputActivation = .sigmoid
    ) {
        // The check refuses what this leaves of a number that is out of range.
        let width = min(max(0, width), 65536)
        self.fourfoldStages = fourfoldStages
        stages = (0..<Self.stageCount).map { stage in
            let channels = (8 * width) << stage
            return Stage(
                outputWidth: channels, innerWidths: [Int](repeating: channels, count: Self.blockCount))
        }
        embeddingWidth = 128 * width
        inputNorm = .melBands
        normalisesShortcuts = false
        pooling = .bothAxes
        self.classCount = classCount
        self.frontEnd = frontEnd
        self.outputActivation = outputActivation
    }

    // MARK: The architecture

    /// How a sentence calls the family.
    public static let title = "ERANNs"
    /// Values of `architecture` in files.
    public static let names = ["erann"]
    /// The published networks; none has published weights.
    public static let presets = [
        Preset("erann-1-6", referenceClass: nil, Self(fourfoldStages: 1, width: 6)),
        Preset("erann-2-5", referenceClass: nil, Self(fourfoldStages: 2, width: 5)),
    ]

    /// `erann-S-W`: S of the stages shorten time to a quarter, 0 to 3; widths are multiples of 8·W.
    public static func named(_ name: String) -> Self? {
        let parts = name.split(separator: "-", omittingEmptySubsequences: false)
        guard parts.count == 3, parts[0] == "erann", let stages = Int(parts[1]), let width = Int(parts[2]),
            "erann-\(stages)-\(width)" == name, (0...3).contains(stages), (1...64).contains(width)
        else { return nil }
        return Self(fourfoldStages: stages, width: width)
    }

    /// The network of a checkpoint; there are no published ones, so names are ours.
    ///
    /// - Throws: `EPANNsError` with code `checkpointMismatch` when a tensor is missing or has other axes.
    public static func recognise(_ shapes: StateDictShapes) throws -> Self? {
        guard shapes.contains(block(0, 0) + ".conv1.weight") else { return nil }
        func width(_ name: String) throws -> Int { try shapes.width(name + ".weight", rank: 4) }
        var configuration = Self(fourfoldStages: 0, width: 1)
        configuration.stages = try (0..<stageCount).map { stage in
            Stage(
                outputWidth: try width(block(stage, 0) + ".conv2"),
                innerWidths: try (0..<blockCount).map { try width(block(stage, $0) + ".conv1") })
        }
        configuration.fourfoldStages = try (1...3).prefix {
            try shapes.shape(block($0, 0) + ".conv1.weight", rank: 4)[3] == 6
        }.count
        configuration.embeddingWidth = try shapes.width("fc1.weight", rank: 2)
        configuration.classCount = try shapes.width("fc2.weight", rank: 2)
        configuration.normalisesShortcuts = shapes.contains(block(0, 0) + ".shortcut_bn.weight")
        if shapes.contains("bn0.weight") {
            let bands = try shapes.width("bn0.weight", rank: 1)
            configuration.inputNorm = bands == 1 ? .channel : .melBands
            if bands > 1 { configuration.frontEnd.melBands = bands }
        } else {
            configuration.inputNorm = .none
        }
        return configuration
    }

    private static func block(_ stage: Int, _ block: Int) -> String { "stage\(stage).\(block)" }

    /// The value of `architecture` in files.
    public var name: String { Self.names[0] }
    /// The case that holds it.
    public var configuration: ModelConfiguration { .erann(self) }
    /// Of the five stages.
    public var widths: [Int] { stages.map(\.outputWidth) }
    /// Every number of channels.
    public var everyWidth: [Int] { widths + stages.flatMap(\.innerWidths) + [embeddingWidth] }

    /// Takes the numbers of channels that pruning left.
    public mutating func take(_ channels: inout ChannelCounts) {
        for stage in stages.indices {
            for block in stages[stage].innerWidths.indices {
                let name = Self.block(stage, block)
                channels.take(name + ".conv1", &stages[stage].innerWidths[block])
                // Outputs and the shortcut are tied; all name the same number.
                channels.take(name + ".conv2", &stages[stage].outputWidth)
                channels.take(name + ".shortcut", &stages[stage].outputWidth)
            }
        }
        channels.take("fc1", &embeddingWidth)
    }

    /// Checks the numbers of stages and blocks, and that a shortcut is as long as what it is added to.
    ///
    /// - Throws: `EPANNsError` with code `invalidConfiguration`.
    public func check() throws {
        guard stages.count == Self.stageCount, stages.allSatisfy({ $0.innerWidths.count == Self.blockCount }) else {
            throw EPANNsError(
                .invalidConfiguration, "An ERANN has \(Self.stageCount) stages of \(Self.blockCount) blocks.")
        }
        guard (0...3).contains(fourfoldStages) else {
            throw EPANNsError(
                .invalidConfiguration,
                "The stages of an ERANN that shorten time to a quarter must be between 0 and 3, not \(fourfoldStages).")
        }
        let divisor = Array(repeating: 4, count: fourfoldStages).reduce(1, *)
        let frames: Int? =
            switch frontEnd.recipe.frames {
            case .any: nil
            case .fixed(let count, _), .perSecond(let count): count
            }
        // A kernel of 6 with a stride of 4 rounds down, the shortcut's of 1 rounds up.
        guard divisor == 1 || (frames.map { $0 % divisor == 0 } ?? false) else {
            throw EPANNsError(
                .invalidConfiguration,
                "This ERANN's front end must give a multiple of \(divisor) frames, which "
                    + (frames.map { "\($0) is not." } ?? "any number of them is not."))
        }
    }

    /// Adds the norm of the input, the stages and the head.
    public func addLayers(to builder: inout GraphBuilder) {
        var x = builder.input
        switch inputNorm {
        case .melBands: x = builder.pannsInput()
        case .channel: x = builder.batchNorm("bn0", x)
        case .none: break
        }
        x = builder.transpose("mel-first", x)
        for stage in stages.indices {
            for block in stages[stage].innerWidths.indices { addBlock(stage, block, &x, to: &builder) }
        }
        let (mean, maximum): (GraphBuilder.Value, GraphBuilder.Value)
        switch pooling {
        case .bothAxes:
            mean = builder.reduce("head.mean", x, .mean, over: [.height, .width])
            maximum = builder.reduce("head.max", x, .max, over: [.height, .width])
        case .melThenTime:
            let overTime = builder.reduce("head.mean_mel", x, .mean, over: [.height])
            mean = builder.reduce("head.mean", overTime, .mean, over: [.height])
            maximum = builder.reduce("head.max", overTime, .max, over: [.height])
        }
        x = builder.add("head.sum", [mean, maximum])
        x = builder.linear("fc1", x, outputs: embeddingWidth)
        x = builder.activation("fc1.activation", x, .leakyReLU(slope: Self.slope))
        builder.output(.embedding, x)
        builder.classify(builder.linear("fc2", x, outputs: classCount), outputActivation)
    }

    /// Steps over mel and time of a stage's first block.
    private func stride(_ stage: Int) -> [Int] {
        stage == 0 ? [1, 1] : [2, stage <= fourfoldStages ? 4 : 2]
    }

    /// One block: twice norm, activation and convolution, and its input added, with nothing behind the sum.
    private func addBlock(
        _ stage: Int, _ block: Int, _ x: inout GraphBuilder.Value, to builder: inout GraphBuilder
    ) {
        let name = Self.block(stage, block)
        let stride = block == 0 ? stride(stage) : [1, 1]
        var shortcut = x
        if block == 0 {
            shortcut = builder.convolution(
                name + ".shortcut", x,
                Convolution(filters: stages[stage].outputWidth, kernel: [1, 1], stride: stride))
            if normalisesShortcuts { shortcut = builder.batchNorm(name + ".shortcut_bn", shortcut) }
        }
        // An axis that is quartered has a kernel of 6 and then of 5; the published numbers of parameters say so.
        let convolutions = [
            Convolution(
                filters: stages[stage].innerWidths[block], kernel: stride.map { $0 == 4 ? 6 : 3 }, stride: stride,
                padding: [1, 1]),
            Convolution(
                filters: stages[stage].outputWidth, kernel: stride.map { $0 == 4 ? 5 : 3 },
                padding: stride.map { $0 == 4 ? 2 : 1 }),
        ]
        var y = x
        for (number, settings) in convolutions.enumerated() {
            y = builder.batchNorm("\(name).bn\(number + 1)", y)
            y = builder.activation("\(name).activation\(number + 1)", y, .leakyReLU(slope: Self.slope))
            y = builder.convolution("\(name).conv\(number + 1)", y, settings)
        }
        x = builder.add(name + ".sum", [y, shortcut])
    }
}

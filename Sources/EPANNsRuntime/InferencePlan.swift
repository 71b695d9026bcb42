import EPANNsCore
import EPANNsGraph
import Synchronization

/// A network compiled for one input shape and precision.
///
/// Immutable; `run` may be called from several threads at once, each of which then has a workspace of its own.
/// Parity: `NetworkParityTests` against PyTorch and ``ReferenceExecutor``.
public final class InferencePlan: Sendable {
    /// Extents of the input.
    public struct InputShape: Hashable, Sendable {
        /// Number of clips.
        public var batch: Int
        /// How long each clip is.
        public var extent: ClipExtent

        /// Makes a shape.
        ///
        /// - Parameters:
        ///   - batch: Number of clips.
        ///   - extent: How long each clip is.
        public init(batch: Int = 1, _ extent: ClipExtent) {
            self.batch = batch
            self.extent = extent
        }

        /// Makes the shape of a network that hears the spectrogram only.
        ///
        /// - Parameters:
        ///   - batch: Number of clips.
        ///   - frames: Frames of each clip's spectrogram.
        public init(batch: Int = 1, frames: Int) { self.init(batch: batch, ClipExtent(frames: frames)) }
    }

    /// How a plan is compiled.
    public struct Options: Hashable, Sendable {
        /// Arithmetic of the inner layers.
        public var precision: Precision
        /// Threads of one run, at most: an ``InferenceNetwork`` gives small work fewer.
        ///
        /// Bulk work wants one thread a run and several runs side by side.
        public var threads: Int
        /// Whether fp32 convolutions may use Winograd's algorithm, which rounds differently.
        public var allowsWinograd: Bool

        /// Makes options.
        public init(precision: Precision = .fp32, threads: Int = 1, allowsWinograd: Bool = true) {
            self.precision = precision
            self.threads = threads
            self.allowsWinograd = allowsWinograd
        }
    }

    /// What a run gives; every tensor has shape `(batch, …)`.
    public struct Outputs: Sendable {
        /// Class scores after the output activation, shape `(batch, classes)`.
        public var scores: [Float]
        /// Class scores before the output activation, shape `(batch, classes)`.
        public var logits: [Float]
        /// The vector before the classifier, shape `(batch, embedding width)`.
        public var embedding: [Float]
        /// Where in each clip the classes are heard; empty for networks that do not tell.
        public var framewise: [FramewiseScores]

        /// Makes outputs.
        public init(scores: [Float], logits: [Float], embedding: [Float], framewise: [FramewiseScores] = []) {
            self.scores = scores
            self.logits = logits
            self.embedding = embedding
            self.framewise = framewise
        }
    }

    /// The input's extents.
    public let inputShape: InputShape
    /// How the plan was compiled.
    public let options: Options
    /// Number of classes.
    public let classCount: Int
    /// Length of the embedding.
    public let embeddingWidth: Int

    private let spec: ProgramSpec
    private let input: ProgramInput
    private let logits: InferenceLowering.Output
    private let embedding: InferenceLowering.Output
    private let scores: Scores
    private let segments: InferenceLowering.Output?
    private let graph: ModelGraph
    private let pool = Mutex<[Program]>([])

    /// Where scores come from.
    private enum Scores {
        /// The output activation of the few logits, in exact arithmetic.
        case logits(OutputActivation)
        /// A node of the network.
        case node(InferenceLowering.Output)
    }

    /// Compiles a graph.
    ///
    /// - Parameters:
    ///   - weights: The checkpoint's tensors by name; needed only while compiling.
    ///   - packed: Constants shared with other plans of the same weights.
    /// - Throws: `EPANNsError` with code `invalidAudio` when the clip is too short, `checkpointMismatch`
    ///   when a tensor is missing, `backendFailure` when oneDNN refuses.
    package init(
        graph: ModelGraph, weights: [String: Tensor], shape: InputShape, options: Options, packed: PackedWeights
    ) throws {
        precondition(shape.batch > 0 && options.threads > 0)
        guard let logitsNode = graph.outputs[.logits], let embeddingNode = graph.outputs[.embedding],
            let scoresNode = graph.outputs[.scores]
        else { preconditionFailure("a graph has scores, logits and an embedding") }
        let activation = graph.outputActivation
        let lowering = try InferenceLowering(
            graph, weights: weights, packed: packed, shape: shape, options: options,
            outputs: [logitsNode, embeddingNode] + (activation == nil ? [scoresNode] : [])
                + [graph.outputs[.segments]].compactMap(\.self))
        func output(_ node: Int) -> InferenceLowering.Output {
            guard let output = lowering.outputs[node] else { preconditionFailure("an output was not lowered") }
            return output
        }
        inputShape = shape
        self.options = options
        classCount = graph.nodes[logitsNode].channels
        embeddingWidth = graph.nodes[embeddingNode].channels
        spec = lowering.spec
        input = lowering.input
        logits = output(logitsNode)
        embedding = output(embeddingNode)
        scores = activation.map(Scores.logits) ?? .node(output(scoresNode))
        segments = graph.outputs[.segments].map(output)
        self.graph = graph
    }

    /// Bytes that one concurrent run needs besides the weights.
    public var workspaceByteCount: Int { spec.arenaByteCount + spec.scratchpadByteCount }

    /// Name of each step and the oneDNN implementation that runs it.
    public var implementations: [(name: String, implementation: String)] { spec.implementations }

    /// Runs the network.
    ///
    /// - Parameter rows: The clips' rows: log-mel frames, shape `(batch, frames, mels)`, row-major, where the network hears
    ///   the spectrogram; for others see `ModelGraph.rowCount(_:)`.
    /// - Throws: `EPANNsError` with code `invalidAudio` when the count does not fit the plan.
    public func run(_ rows: UnsafeBufferPointer<Float>) throws -> Outputs {
        try withProgram(rows) { program in
            try program.run()
            return outputs(program)
        }
    }

    /// Runs the network on an array; see ``run(_:)-(UnsafeBufferPointer<Float>)``.
    public func run(_ rows: [Float]) throws -> Outputs {
        try rows.withUnsafeBufferPointer { try run($0) }
    }

    /// Runs the network once and tells the time of every step.
    public func profile(_ rows: [Float]) throws -> [(name: String, implementation: String, time: Duration)] {
        try rows.withUnsafeBufferPointer { try withProgram($0) { try $0.profile() } }
    }

    private func withProgram<Result>(
        _ rows: UnsafeBufferPointer<Float>, _ body: (Program) throws -> Result
    ) throws -> Result {
        guard rows.count == input.count else {
            throw EPANNsError(
                .invalidAudio,
                "The plan takes \(inputShape.batch) × \(input.rowCount) values (\(inputShape.extent) a clip), "
                    + "but got \(rows.count).")
        }
        let program = try pool.withLock { $0.popLast() } ?? Program(spec, threads: options.threads)
        defer { keep(program) }
        program.fill(input, from: rows)
        return try body(program)
    }

    /// Keeps a program's memory for the next run, unless too much would lie idle: long clips take gigabytes, and
    /// compared with their computation an allocation is nothing.
    private func keep(_ program: Program) {
        pool.withLock { pool in
            if (pool.count + 1) * workspaceByteCount <= Self.maximumIdleByteCount { pool.append(program) }
        }
    }

    private static let maximumIdleByteCount = 512 << 20

    private func outputs(_ program: Program) -> Outputs {
        let logits = program.values(logits)
        let scores =
            switch scores {
            case .logits(let activation): activation.apply(to: logits, classCount: classCount)
            case .node(let output): program.values(output)
            }
        let framewise = segments.map { segments in
            let values = program.values(segments)
            let size = values.count / inputShape.batch
            return (0..<inputShape.batch).map { clip in
                graph.framewise(Array(values[clip * size..<(clip + 1) * size]), frames: inputShape.extent.frames)
            }
        }
        return Outputs(
            scores: scores, logits: logits, embedding: program.values(embedding), framewise: framewise ?? [])
    }
}

extension ModelGraph {
    /// Scores of a clip's frames.
    ///
    /// - Parameters:
    ///   - segments: The output of that name, shape (classes, stretches).
    ///   - frames: Frames of the clip.
    func framewise(_ segments: [Float], frames: Int) -> FramewiseScores {
        let classes = outputs[.segments].map { nodes[$0].channels } ?? 1
        let count = segments.count / classes
        let turned = (0..<segments.count).map { segments[$0 % classes * count + $0 / classes] }
        return FramewiseScores(
            segments: turned, classCount: classes, framesPerSegment: framesPerSegment, frameCount: frames,
            secondsPerFrame: Double(input.hopSize) / Double(input.sampleRate))
    }
}

extension ModelGraph {
    /// What makes scores of logits; nil where something else than an output activation lies between them.
    var outputActivation: OutputActivation? {
        guard let scores = outputs[.scores], let logits = outputs[.logits] else { return nil }
        if scores == logits { return OutputActivation.none }
        guard nodes[scores].inputs == [logits] else { return nil }
        switch nodes[scores].operation {
        case .softmax: return .softmax
        case .activation(let function):
            switch function {
            case .sigmoid: return .sigmoid
            case .relu, .relu6, .leakyReLU, .hardSwish, .gelu: return nil
            }
        case .input, .transpose, .convolution, .batchNorm, .linear, .pool, .reduce, .add, .multiply, .concatenate,
            .unflattenChannels, .dropout, .parameter, .layerNorm, .attention, .flatten, .join, .first, .poolDecisions:
            return nil
        }
    }
}

import COneDNN
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
        /// Frames of each clip's spectrogram.
        public var frames: Int

        /// Makes a shape.
        public init(batch: Int = 1, frames: Int) {
            self.batch = batch
            self.frames = frames
        }
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
    }

    /// The input's extents.
    public let inputShape: InputShape
    /// How the plan was compiled.
    public let options: Options
    /// Number of classes.
    public let classCount: Int
    /// Length of the embedding.
    public let embeddingWidth: Int

    private let melBands: Int
    private let steps: [PlanStepBox]
    private let offsets: [Int]
    private let arenaByteCount: Int
    private let scratchpadByteCount: Int
    private let inputBuffer: Int
    private let inputAffine: InputAffine?
    private let logitsBuffer: Int
    private let embeddingBuffer: Int
    private let activation: OutputActivation
    private let pool = Mutex<[Workspace]>([])

    // Steps hold immutable primitives and layouts only.
    private struct PlanStepBox: @unchecked Sendable { let step: PlanStep }

    /// Compiles a graph.
    ///
    /// - Parameters:
    ///   - weights: The checkpoint's tensors by name; needed only while compiling.
    ///   - packed: Constants shared with other plans of the same weights.
    /// - Throws: `EPANNsError` with code `invalidAudio` when the clip is too short, `checkpointMismatch`
    ///   when a tensor is missing, `backendFailure` when oneDNN refuses.
    package init(
        graph: ModelGraph, weights: [String: Tensor], shape: InputShape, options: Options, packed: PackedWeightStore
    ) throws {
        precondition(shape.batch > 0 && options.threads > 0)
        try options.precision.checkSupport()
        ThreadPolicy.use(options.threads)
        var builder = try PlanBuilder(
            graph: graph, frameCount: shape.frames, weights: weights, packed: packed.weights, batch: shape.batch,
            precision: options.precision, allowsWinograd: options.allowsWinograd)
        try builder.build()
        guard let logitsNode = graph.outputs[.logits], let embeddingNode = graph.outputs[.embedding],
            let scoresNode = graph.outputs[.scores], let input = builder.values[0]
        else { preconditionFailure("a graph has scores, logits and an embedding") }
        let logits = try builder.output(logitsNode)
        let embedding = try builder.output(embeddingNode)
        let placement = BufferPlanner.place(builder.buffers)

        inputShape = shape
        self.options = options
        classCount = graph.nodes[logitsNode].channels
        embeddingWidth = graph.nodes[embeddingNode].channels
        melBands = graph.input.melBands
        steps = builder.steps.map(PlanStepBox.init)
        offsets = placement.offsets
        arenaByteCount = placement.byteCount
        scratchpadByteCount = builder.steps.map { $0.primitive.scratchpad?.byteCount ?? 0 }.max() ?? 0
        inputBuffer = input.buffer
        inputAffine = builder.inputAffine
        logitsBuffer = logits
        embeddingBuffer = embedding
        switch graph.nodes[scoresNode].operation {
        case .softmax: activation = .softmax
        case .activation(.sigmoid): activation = .sigmoid
        default: activation = .none
        }
    }

    /// Bytes that one concurrent run needs besides the weights.
    public var workspaceByteCount: Int { arenaByteCount + scratchpadByteCount }

    /// Name of each step and the oneDNN implementation that runs it.
    public var implementations: [(name: String, implementation: String)] {
        steps.map { ($0.step.name, $0.step.primitive.implementation) }
    }

    /// Runs the network.
    ///
    /// - Parameter spectrogram: Log-mel frames, shape `(batch, frames, mels)`, row-major.
    /// - Throws: `EPANNsError` with code `invalidAudio` when the count does not fit the plan.
    public func run(_ spectrogram: UnsafeBufferPointer<Float>) throws -> Outputs {
        try withWorkspace(spectrogram) { workspace in
            try workspace.execute(steps.map(\.step))
            return outputs(workspace)
        }
    }

    /// Runs the network on an array; see ``run(_:)-(UnsafeBufferPointer<Float>)``.
    public func run(_ spectrogram: [Float]) throws -> Outputs {
        try spectrogram.withUnsafeBufferPointer { try run($0) }
    }

    /// Runs the network once and tells the time of every step.
    public func profile(_ spectrogram: [Float]) throws -> [(name: String, implementation: String, time: Duration)] {
        try spectrogram.withUnsafeBufferPointer { spectrogram in
            try withWorkspace(spectrogram) { workspace in
                var rows: [(name: String, implementation: String, time: Duration)] = []
                try workspace.profile(steps.map(\.step)) { step, time in
                    rows.append((step.name, step.primitive.implementation, time))
                }
                return rows
            }
        }
    }

    private func withWorkspace<Result>(
        _ spectrogram: UnsafeBufferPointer<Float>, _ body: (Workspace) throws -> Result
    ) throws -> Result {
        let count = inputShape.batch * inputShape.frames * melBands
        guard spectrogram.count == count else {
            throw EPANNsError(
                .invalidAudio,
                "The plan takes \(inputShape.batch) × \(inputShape.frames) × \(melBands) values, "
                    + "but got \(spectrogram.count).")
        }
        ThreadPolicy.use(options.threads)
        let workspace =
            try pool.withLock { $0.popLast() }
            ?? Workspace(
                steps: steps.map(\.step), offsets: offsets, arenaByteCount: arenaByteCount,
                scratchpadByteCount: scratchpadByteCount)
        defer { keep(workspace) }
        fillInput(workspace, spectrogram)
        return try body(workspace)
    }

    /// Keeps a workspace for the next run, unless too much memory would lie idle: long clips take gigabytes, and
    /// compared with their computation an allocation is nothing.
    private func keep(_ workspace: Workspace) {
        pool.withLock { pool in
            if (pool.count + 1) * workspaceByteCount <= Self.maximumIdleByteCount { pool.append(workspace) }
        }
    }

    private static let maximumIdleByteCount = 512 << 20

    private func fillInput(_ workspace: Workspace, _ spectrogram: UnsafeBufferPointer<Float>) {
        let input = workspace.floats(inputBuffer, count: spectrogram.count)
        guard let inputAffine else {
            _ = input.update(from: spectrogram)
            return
        }
        inputAffine.scale.withUnsafeBufferPointer { scale in
            inputAffine.shift.withUnsafeBufferPointer { shift in
                for frame in 0..<spectrogram.count / melBands {
                    let start = frame * melBands
                    for band in 0..<melBands {
                        input[start + band] = spectrogram[start + band] * scale[band] + shift[band]
                    }
                }
            }
        }
    }

    private func outputs(_ workspace: Workspace) -> Outputs {
        let logits = Array(workspace.floats(logitsBuffer, count: inputShape.batch * classCount))
        let embedding = Array(workspace.floats(embeddingBuffer, count: inputShape.batch * embeddingWidth))
        return Outputs(
            scores: activation.apply(to: logits, classCount: classCount), logits: logits, embedding: embedding)
    }
}

extension PlanBuilder {
    /// Makes a node's value a row-major Float32 vector that lives to the end.
    mutating func output(_ node: Int) throws -> Int {
        guard let value = values[aliases[node]] else { preconditionFailure("an output was fused away") }
        let result = try vector(value, type: dnnl_f32, name: "output")
        buffers[result.buffer].lastStep = .max
        return result.buffer
    }
}

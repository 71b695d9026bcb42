import EPANNsCore
import EPANNsGraph
import EPANNsRuntime

/// A network compiled for training: forward, loss and backward for one batch shape, with its weights and gradients.
///
/// Master weights, gradients, statistics and loss are Float32; with bf16, feature maps and the convolutions on them are
/// bfloat16, as with PyTorch's autocast. Batch norms use the statistics of the clips that this plan sees, also where
/// several machines share a batch. Used by one thread at a time.
///
/// Parity: `TrainingPlanTests` (finite differences, each operation against PyTorch, ten steps of two networks).
public final class TrainingPlan {
    /// Extents and ways of a plan.
    public struct Options: Hashable, Sendable {
        /// Clips that the loss sees.
        public var batch: Int
        /// Clips that are read: twice the batch with mixup, which mixes neighbours (SPEC §1.7).
        public var clips: Int
        /// How long each clip is.
        public var extent: ClipExtent
        /// Arithmetic of the convolutions and element type of the feature maps.
        public var precision: Precision
        /// Threads of a step.
        public var threads: Int
        /// Whether fp32 convolutions may use Winograd's algorithm, which rounds differently.
        public var allowsWinograd: Bool
        /// Whether SpecAugment's stripes will be given.
        public var usesSpecAugment: Bool
        /// Whether dropout layers drop.
        public var usesDropout: Bool
        /// What is not trained.
        public var freeze: FreezeSelection

        /// Makes options of a network that hears the spectrogram only.
        public init(
            batch: Int, clips: Int? = nil, frames: Int, precision: Precision = .fp32, threads: Int = 1,
            allowsWinograd: Bool = true, usesSpecAugment: Bool = false, usesDropout: Bool = true,
            freeze: FreezeSelection = FreezeSelection()
        ) {
            self.init(
                batch: batch, clips: clips, extent: ClipExtent(frames: frames), precision: precision, threads: threads,
                allowsWinograd: allowsWinograd, usesSpecAugment: usesSpecAugment, usesDropout: usesDropout,
                freeze: freeze)
        }

        /// Makes options.
        public init(
            batch: Int, clips: Int? = nil, extent: ClipExtent, precision: Precision = .fp32, threads: Int = 1,
            allowsWinograd: Bool = true, usesSpecAugment: Bool = false, usesDropout: Bool = true,
            freeze: FreezeSelection = FreezeSelection()
        ) {
            self.batch = batch
            self.clips = clips ?? batch
            self.extent = extent
            self.precision = precision
            self.threads = threads
            self.allowsWinograd = allowsWinograd
            self.usesSpecAugment = usesSpecAugment
            self.usesDropout = usesDropout
            self.freeze = freeze
        }
    }

    /// Bytes that training takes, known before the first step.
    public struct Memory: Codable, Hashable, Sendable {
        /// Feature maps and their gradients.
        public var activations: Int
        /// Master weights.
        public var weights: Int
        /// Gradients of the trained weights.
        public var gradients: Int
        /// What oneDNN's primitives work in.
        public var scratchpad: Int
        /// All of them.
        public var total: Int { activations + weights + gradients + scratchpad }
    }

    /// How the plan was compiled.
    public let options: Options
    /// Number of classes.
    package let classCount: Int
    /// What the step's memory is.
    public let memory: Memory

    let store: ParameterStore
    private let original: [String: Tensor]
    private let program: Program
    private let input: ProgramInput
    private let step: TrainingStepData

    /// Compiles a graph.
    ///
    /// - Parameters:
    ///   - graph: The network.
    ///   - weights: The tensors by state-dict key; what is not trained or trainable is kept for ``weights()``.
    ///   - options: Extents and ways of the plan.
    ///   - loss: What is minimised.
    ///   - firstNode: Name of the node whose results are given instead of spectrograms, for training a head on stored
    ///     embeddings; nothing before it may be trained.
    /// - Throws: `EPANNsError` with code `invalidAudio` when the clip is too short, `checkpointMismatch`
    ///   when a tensor is missing, `invalidConfiguration` when nothing is left to train or the CPU cannot compute in
    ///   the precision, `backendFailure` when oneDNN refuses.
    public init(
        graph: ModelGraph, weights: [String: Tensor], options: Options, loss: LossConfiguration = LossConfiguration(),
        firstNode: String? = nil
    ) throws {
        guard options.batch > 0, options.threads > 0,
            options.clips == options.batch || options.clips == 2 * options.batch
        else {
            throw EPANNsError(
                .invalidConfiguration,
                "A batch of \(options.batch) from \(options.clips.counted("clip")) on \(options.threads.counted("thread")) is invalid."
            )
        }
        guard let logits = graph.outputs[.logits] else { preconditionFailure("a graph has logits") }
        try options.precision.checkSupport()
        // Primitives are made for the number of threads that they find.
        OneDNNThreads.take(options.threads)
        let step = TrainingStepData()
        let store = ParameterStore()
        let freeze = options.freeze
        var builder = try ProgramBuilder(
            graph, extent: options.extent, weights: weights,
            mode: .training(
                store, precision: options.precision, allowsWinograd: options.allowsWinograd,
                isTrained: { !freeze.contains($0) }, keepsStatistics: { freeze.containsStatistics(of: $0) },
                dropout: options.usesDropout ? step.dropout : nil),
            batch: options.batch, clips: options.clips,
            firstNode: firstNode.flatMap { name in graph.nodes.firstIndex { $0.name == name } } ?? 0,
            outputs: [logits])
        guard builder.isAnythingTrained else {
            throw EPANNsError(
                .invalidConfiguration, "Everything is frozen; leave at least the last layer to be trained.")
        }
        try builder.forward { builder, index in
            try builder.augment(index, options, step)
        }
        builder.emitLoss(logits, loss, step)
        try builder.backward()

        store.allocate()
        for (index, slot) in store.slots.enumerated() {
            try store.fill(
                index, from: builder.weight(slot.name, count: slot.shape.reduce(1, *)).floats, in: store.weights)
        }
        let spec = builder.spec()
        program = try Program(spec, threads: options.threads, store: store)
        input = builder.programInput
        self.step = step
        self.store = store
        self.options = options
        original = weights
        classCount = graph.nodes[logits].channels
        memory = Memory(
            activations: spec.arenaByteCount, weights: store.weights.count * 4, gradients: store.gradients.count * 4,
            scratchpad: spec.scratchpadByteCount)
    }

    /// Computes the loss and all gradients, which replace those of the step before.
    func run(_ input: TrainingStepInput) throws {
        try with(input) { try program.run() }
    }

    /// Runs a step and tells the time of every part.
    func profile(_ input: TrainingStepInput) throws -> [(name: String, implementation: String, time: Duration)] {
        try with(input) { try program.profile() }
    }

    private func with<Result>(_ input: TrainingStepInput, _ body: () throws -> Result) rethrows -> Result {
        step.input = input
        defer { step.input = nil }
        program.fill(self.input, from: input.inputs)
        return try body()
    }

    /// The weights as they are now, with statistics, by state-dict key.
    public func weights() throws -> [String: Tensor] {
        var result = original
        for (index, slot) in store.slots.enumerated() {
            result[slot.name] = Tensor(shape: slot.shape, values: try store.values(index, in: store.weights))
        }
        for (name, values) in store.statistics {
            let count = original[name]?.count ?? values.count
            result[name] = Tensor(shape: [count], values: Array(values.prefix(count)))
        }
        for (name, count) in store.counters {
            result[name] = Tensor(int64: count)
        }
        return result
    }

    /// The gradients of the last step by state-dict key, frozen weights left out.
    public func gradients() throws -> [String: Tensor] {
        var result: [String: Tensor] = [:]
        for (index, slot) in store.slots.enumerated() where slot.isTrainable {
            result[slot.name] = Tensor(shape: slot.shape, values: try store.values(index, in: store.gradients))
        }
        return result
    }
}

extension Tensor {
    /// An int64 scalar, such as a batch norm's counter.
    init(int64 value: Int) {
        let storage = TensorStorage(byteCount: 8) { $0.storeBytes(of: Int64(value).littleEndian, as: Int64.self) }
        self.init(shape: [], dataType: .int64, contiguous: storage)
    }
}

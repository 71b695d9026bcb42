import EPANNsAudio
import EPANNsCore
import EPANNsGraph
import EPANNsModels
import EPANNsRuntime
import Foundation
import Synchronization

/// Tags audio with a model: files, samples, streams.
///
/// One tagger serves any number of threads at once; weights are shared and every run has a workspace of its own.
///
///     let tagger = try AudioTagger()
///     for tag in try tagger.tag(file: "street.wav").windows[0].tags {
///         print(tag.name, tag.score)
///     }
public final class AudioTagger: Sendable {
    /// How a tagger computes.
    public struct Options: Codable, Hashable, Sendable {
        /// Arithmetic of the network.
        public var precision: PrecisionChoice
        /// Threads of one run: all cores for the quickest single clip, 1 when several runs go side by side.
        public var threads: Int
        /// Replaces the model's output activation; nil keeps it.
        public var outputActivation: OutputActivation?

        /// Makes options; all cores and the fastest arithmetic where nothing is given.
        public init(
            precision: PrecisionChoice = .auto, threads: Int = ProcessInfo.processInfo.activeProcessorCount,
            outputActivation: OutputActivation? = nil
        ) {
            self.precision = precision
            self.threads = threads
            self.outputActivation = outputActivation
        }
    }

    /// The classes.
    public let labels: LabelSet
    /// Rate at which the model wants its samples, in Hz.
    public let sampleRate: Int
    /// Fewest samples the model can take; shorter clips are padded with silence.
    public let minimumSampleCount: Int
    /// The network behind the tagger.
    public let network: InferenceNetwork
    /// What the model's file made worth knowing.
    public let modelNotes: [ModelNote]

    let model: Model
    /// The further models of an ensemble.
    let companions: [Companion]
    let frontEnd: NetworkFrontEnd
    /// What the runs over long clips and windows share, however many go side by side.
    private let clipMemory = MemoryBudget(byteCount: AudioTagger.maximumClipByteCount)
    private let digest = Mutex<String??>(nil)

    /// Whole clips that would need more memory than this, waveform and spectrogram included, are refused.
    static let maximumClipByteCount = 4 << 30
    /// Longest clip that is read into memory as one.
    static let maximumClipSeconds = 3600.0

    /// Opens the model that is built in; see `Model.builtIn()`.
    ///
    /// - Throws: `EPANNsError` with code `modelUnavailable` when the program was built without one,
    ///   `invalidConfiguration` when an option is out of range.
    public convenience init(options: Options = Options()) throws {
        try self.init(model: .builtIn(), options: options)
    }

    /// Opens a model file that lies in memory.
    ///
    /// - Parameters:
    ///   - modelBytes: A whole model file: one of ours, or a published PyTorch checkpoint.
    ///   - name: What messages call it, and a checkpoint that has no name.
    ///   - options: How the network is run.
    /// - Throws: `EPANNsError` as `Model.read(path:)`.
    public convenience init(modelBytes: [UInt8], name: String, options: Options = Options()) throws {
        let storage = TensorStorage(byteCount: modelBytes.count) { destination in
            modelBytes.withUnsafeBytes { destination.copyMemory(from: $0) }
        }
        try self.init(model: Model.read(storage: storage, name: name), options: options)
    }

    /// Opens a model file: one of ours, or a published PyTorch checkpoint.
    ///
    /// - Throws: `EPANNsError` as `Model.read(path:)`.
    public convenience init(modelPath: String, options: Options = Options()) throws {
        try self.init(model: Model.read(path: modelPath), options: options)
    }

    /// Wraps a model.
    ///
    /// - Throws: `EPANNsError` with code `invalidConfiguration` when an option is out of range.
    public convenience init(model: Model, options: Options = Options()) throws {
        try self.init(model: model, options: options, companions: [])
    }

    /// Wraps a model and those that share the mean with it.
    init(model: Model, options: Options, companions: [Companion]) throws {
        guard (1...1024).contains(options.threads) else {
            throw EPANNsError(
                .invalidConfiguration, "The number of threads must lie in 1…1024, not \(options.threads).")
        }
        try options.precision.resolved.checkSupport()
        var model = model
        if let activation = options.outputActivation, activation != model.configuration.outputActivation {
            model.configuration.outputActivation = activation
            // They are for scores as the model gives them.
            model.thresholds = nil
        }
        let graph = try model.graph()
        try model.validate()
        if !companions.isEmpty { model.thresholds = nil }
        self.model = model
        self.companions = companions
        labels = model.labels
        sampleRate = graph.input.sampleRate
        minimumSampleCount = graph.minimumSampleCount
        modelNotes = model.notes + companions.flatMap(\.tagger.modelNotes)
        frontEnd = try NetworkFrontEnd(graph, melWeights: model.melWeights)
        network = InferenceNetwork(
            graph: graph, weights: model.weights,
            options: .init(precision: options.precision.resolved, threads: options.threads))
    }

    /// The arithmetic that runs.
    public var precision: Precision { network.options.precision }

    /// The model's name, digest and arithmetic.
    ///
    /// The first call reads the whole file.
    public var identity: ModelIdentity { identity(includesDigest: true) }

    /// The model's name.
    public var modelName: String {
        companions.isEmpty ? model.name : ([model.name] + companions.map(\.tagger.modelName)).joined(separator: " + ")
    }

    /// The value of `architecture` in files; of an ensemble the first model's.
    public var architecture: String { model.configuration.architecture }

    /// Whether it is the model that is built in, which is small.
    public var isBuiltIn: Bool { model.isBuiltIn && companions.isEmpty }

    /// From which score on the model's classes count as heard, where it knows.
    public var thresholds: ClassThresholds? { model.thresholds }

    func identity(includesDigest: Bool) -> ModelIdentity {
        let isBuiltIn = isBuiltIn ? true : nil
        guard includesDigest else {
            return ModelIdentity(name: modelName, sha256: nil, precision: precision, isBuiltIn: isBuiltIn)
        }
        let sha256 = digest.withLock { digest in
            if let known = digest { return known }
            let computed = digestOfAll(model.sha256())
            digest = .some(computed)
            return computed
        }
        return ModelIdentity(name: modelName, sha256: sha256, precision: precision, isBuiltIn: isBuiltIn)
    }

    // MARK: Samples

    /// Runs the model on one clip.
    ///
    /// - Parameter samples: Mono samples in −1…1 at ``sampleRate``; fewer than ``minimumSampleCount`` are padded with
    ///   silence at the end.
    /// - Returns: Scores, logits and embedding of the clip, all finite; of an ensemble the means, and the first model's
    ///   embedding.
    /// - Throws: `EPANNsError` with code `invalidAudio` for an empty clip, or one that is too long to be
    ///   taken as a whole; `invalidCheckpoint` when the scores are not finite.
    public func outputs(samples: [Float]) throws -> InferencePlan.Outputs {
        var outputs = try outputs(samples: samples, spectrogram: nil)
        let others = try companions.map { companion in
            try companion.tagger.outputs(
                samples: Self.resampled(samples, from: sampleRate, to: companion.tagger.sampleRate))
        }
        outputs.scores = mean(outputs.scores, others.map(\.scores))
        outputs.logits = mean(outputs.logits, others.map(\.logits))
        return outputs
    }

    /// Runs the first model alone on one clip whose spectrogram may be known already.
    func outputs(samples: [Float], spectrogram known: [Float]?) throws -> InferencePlan.Outputs {
        guard !samples.isEmpty else { throw EPANNsError(.invalidAudio, "The clip holds no samples.") }
        guard Double(samples.count) > WindowPolicy.longestWholeSeconds * Double(sampleRate) else {
            return try computed(samples: samples, spectrogram: known)
        }
        // Only who has all samples waits for memory: nobody holds any while waiting for a silent source.
        return try clipMemory.with(byteCount: checkClip(sampleCount: samples.count)) {
            try computed(samples: samples, spectrogram: known)
        }
    }

    private func computed(samples: [Float], spectrogram known: [Float]?) throws -> InferencePlan.Outputs {
        let outputs: InferencePlan.Outputs
        let count = fittingSampleCount(samples.count)
        if count == samples.count {
            outputs = try plan(sampleCount: count).run(frontEnd(samples, spectrogram: known))
        } else {
            let padded = samples + [Float](repeating: 0, count: count - samples.count)
            outputs = try plan(sampleCount: count).run(frontEnd(padded))
        }
        guard outputs.scores.allSatisfy(\.isFinite), outputs.embedding.allSatisfy(\.isFinite) else {
            throw EPANNsError(
                .invalidCheckpoint,
                "\(modelName.quoted) gives scores that are NaN or infinite: its weights are damaged, or its training "
                    + "diverged. Take an earlier or a fresh copy.")
        }
        return outputs
    }

    /// Tags one clip of samples.
    ///
    /// - Parameters:
    ///   - samples: Mono samples in −1…1.
    ///   - sampleRate: Their rate in Hz; nil for ``sampleRate``. Others are converted.
    ///   - selection: Which tags are reported.
    /// - Returns: The tags, best first.
    /// - Throws: As ``outputs(samples:)``; `EPANNsError` with code `invalidAudio`, too, when a sample is not a finite
    ///   number around −1…1 (16-bit integers want to be divided by 32,768).
    public func tag(
        samples: [Float], sampleRate: Int? = nil, selection: TagSelection = TagSelection()
    ) throws -> [Tag] {
        if let sample = samples.first(where: { !(abs($0) <= Self.largestSample) }) {
            throw EPANNsError(
                .invalidAudio,
                "A sample is \(sample), but samples are numbers around −1…1; divide 16-bit integers by 32768.")
        }
        var samples = samples
        if let sampleRate, sampleRate != self.sampleRate {
            samples = try Self.resampled(samples, from: sampleRate, to: self.sampleRate)
        }
        return try selection.tags(outputs(samples: samples).scores, labels: labels)
    }

    /// More than any recording holds that is scaled rightly, less than 16-bit integers that are not.
    private static let largestSample: Float = 100

    // MARK: Memory

    private func plan(sampleCount: Int) throws -> InferencePlan {
        try network.plan(for: .init(network.graph.extent(sampleCount: sampleCount)))
    }

    /// The length to which a clip is filled up with silence: the model's minimum, or where its inputs fit together.
    private func fittingSampleCount(_ sampleCount: Int) -> Int {
        network.graph.fittingSampleCount(max(sampleCount, minimumSampleCount))
    }

    /// Refuses a clip that needs too much memory as a whole: waveform, spectrogram and the network's workspace.
    ///
    /// - Parameter isWindow: Whether it is a window of a longer recording.
    /// - Returns: The bytes that it needs.
    /// - Throws: `EPANNsError` with code `invalidAudio`.
    func checkClip(sampleCount: Int, isWindow: Bool = false) throws -> Int {
        guard Double(sampleCount) <= Self.maximumClipSeconds * Double(sampleRate) else {
            throw EPANNsError(
                .invalidAudio,
                isWindow
                    ? "Windows of more than an hour are too long."
                    : "The audio is longer than an hour, too long to be taken as a whole.",
                remedy: .useWindows(seconds: WindowPolicy.meanSeconds))
        }
        let count = fittingSampleCount(sampleCount)
        // The waveform is there as it was collected, as it is handed on, and while one becomes the other.
        let byteCount =
            try plan(sampleCount: count).workspaceByteCount + 4 * (3 * count + frontEnd.rowCount(sampleCount: count))
        guard byteCount <= Self.maximumClipByteCount else {
            throw EPANNsError(
                .invalidAudio,
                "A \(isWindow ? "window" : "clip") of \(sampleCount / sampleRate) s taken as a whole would need "
                    + "\(byteCount >> 20) MiB of memory.",
                remedy: .useWindows(seconds: WindowPolicy.meanSeconds))
        }
        return byteCount
    }

    /// Reads a source whole at the model's rate.
    ///
    /// - Throws: `EPANNsError` as `AudioReader`, and with code `invalidAudio` for a recording that is too long to be
    ///   taken as a whole.
    public func load(_ source: AudioSource) throws -> Waveform {
        let clip = try AudioFile.load(
            source, sampleRate: sampleRate, maximumDurationSeconds: Self.maximumClipSeconds + 1)
        guard clip.durationSeconds <= Self.maximumClipSeconds else {
            throw EPANNsError(
                .invalidAudio, "\(source) is longer than an hour, too long to be taken as a whole.",
                remedy: .useWindows(seconds: WindowPolicy.meanSeconds))
        }
        return clip
    }

    // MARK: Clips of other lengths

    /// What to say of a clip that was padded, or cut to what the model hears; nil when neither was necessary.
    public func padding(of sampleCount: Int) -> String? {
        padding(of: sampleCount) { "The audio lasts \($0) s and was" }
    }

    /// What to say of a window that was padded or cut.
    func padding(of window: AudioWindow, plan: WindowPlan) -> String? {
        let isWhole = window.samples.count == plan.windowSamples
        if window.index == 0, !isWhole { return padding(of: window.samples.count) }
        return padding(of: window.samples.count) { seconds in
            isWhole
                ? "Windows of \(seconds) s were"
                : "The last window, from \(String(format: "%.3f", window.startSeconds)) s, lasts \(seconds) s and was"
        }
    }

    private func padding(of sampleCount: Int, subject: (_ seconds: String) -> String) -> String? {
        let longest = network.graph.input.longestSampleCount ?? .max
        guard sampleCount < minimumSampleCount || sampleCount > longest else {
            let surplus = fittingSampleCount(sampleCount) - sampleCount
            guard surplus > 0 else { return nil }
            let seconds = String(format: "%.3f", Double(surplus) / Double(sampleRate))
            return "\(seconds) s of silence were added at the end: the model's two inputs do not fit together at every "
                + "length."
        }
        let text = { (count: Int) in String(format: "%.3f", Double(count) / Double(self.sampleRate)) }
        if sampleCount > longest {
            return "\(subject(text(sampleCount))) cut to the first \(text(longest)) s, which is all that this model "
                + "hears; shorter windows hear all of it."
        }
        return "\(subject(text(sampleCount))) padded with silence to the model's minimum of "
            + "\(text(minimumSampleCount)) s; scores of so short a clip mean little."
    }
}

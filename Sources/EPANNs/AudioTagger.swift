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
    public struct Options: Hashable, Sendable {
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
    /// Rate at which the model wants its samples.
    public let sampleRate: Int
    /// Fewest samples the model can take; shorter clips are padded with silence.
    public let minimumSampleCount: Int
    /// The network behind the tagger.
    public let network: InferenceNetwork
    /// What the model's file made worth knowing.
    public let modelNotes: [String]

    private let model: Model
    private let spectrogram: LogMelSpectrogram
    private let digest = Mutex<String??>(nil)

    /// Whole clips that would need more working memory than this are refused with the advice to use windows.
    static let maximumWorkspaceByteCount = 4 << 30
    /// Longest clip that is read into memory as one.
    static let maximumClipSeconds = 3600.0

    /// Opens the model that is built in; see `Model.builtIn()`.
    ///
    /// - Throws: `EPANNsError` with code `modelUnavailable` when the program was built without one,
    ///   `invalidConfiguration` when an option makes no sense.
    public convenience init(options: Options = Options()) throws {
        try self.init(model: .builtIn(), options: options)
    }

    /// Opens a model file: one of ours, or a published PyTorch checkpoint.
    ///
    /// - Throws: `EPANNsError` as `Model.read(path:)`.
    public convenience init(modelPath: String, options: Options = Options()) throws {
        try self.init(model: Model.read(path: modelPath), options: options)
    }

    /// Wraps a model.
    ///
    /// - Throws: `EPANNsError` with code `invalidConfiguration` when an option makes no sense.
    public init(model: Model, options: Options = Options()) throws {
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
        self.model = model
        labels = model.labels
        sampleRate = graph.input.sampleRate
        minimumSampleCount = graph.minimumSampleCount
        modelNotes = model.notes
        spectrogram = try LogMelSpectrogram(configuration: graph.input, melWeights: model.melWeights)
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
    public var modelName: String { model.name }

    /// From which score on the model's classes count as heard, where it knows.
    public var thresholds: ClassThresholds? { model.thresholds }

    func identity(includesDigest: Bool) -> ModelIdentity {
        let isBuiltIn = model.isBuiltIn ? true : nil
        guard includesDigest else {
            return ModelIdentity(name: model.name, sha256: nil, precision: precision, isBuiltIn: isBuiltIn)
        }
        let sha256 = digest.withLock { digest in
            if let known = digest { return known }
            let computed = model.sha256()
            digest = .some(computed)
            return computed
        }
        return ModelIdentity(name: model.name, sha256: sha256, precision: precision, isBuiltIn: isBuiltIn)
    }

    /// Compiles the plan for clips of a length, so that the first run is as quick as the others.
    ///
    /// - Throws: As `InferencePlan`.
    public func prepare(sampleCount: Int) throws {
        _ = try plan(sampleCount: max(sampleCount, minimumSampleCount))
    }

    // MARK: Samples

    /// Runs the model on one clip.
    ///
    /// - Parameter samples: Mono samples in −1…1 at ``sampleRate``; fewer than ``minimumSampleCount`` are padded with
    ///   silence at the end.
    /// - Returns: Scores, logits and embedding of the clip.
    /// - Throws: `EPANNsError` with code `invalidAudio` for an empty clip, or one that is too long to be
    ///   taken as a whole.
    public func outputs(samples: [Float]) throws -> InferencePlan.Outputs {
        guard !samples.isEmpty else { throw EPANNsError(.invalidAudio, "The clip holds no samples.") }
        var samples = samples
        if samples.count < minimumSampleCount {
            samples += [Float](repeating: 0, count: minimumSampleCount - samples.count)
        }
        let plan = try plan(sampleCount: samples.count)
        return try plan.run(try spectrogram(samples))
    }

    /// Tags one clip of samples.
    ///
    /// - Parameters:
    ///   - samples: Mono samples in −1…1 at ``sampleRate``.
    ///   - selection: Which tags are reported.
    /// - Returns: The tags, best first.
    /// - Throws: As ``outputs(samples:)``.
    public func tag(samples: [Float], selection: TagSelection = TagSelection()) throws -> [Tag] {
        selection.tags(try outputs(samples: samples).scores, labels: labels)
    }

    private func plan(sampleCount: Int) throws -> InferencePlan {
        let frames = network.graph.input.frameCount(sampleCount: sampleCount)
        let plan = try network.plan(for: .init(frames: frames))
        guard plan.workspaceByteCount <= Self.maximumWorkspaceByteCount else {
            throw EPANNsError(
                .invalidAudio,
                "A clip of \(sampleCount / sampleRate) s taken as a whole would need "
                    + "\(plan.workspaceByteCount >> 20) MiB; tag it in windows of 10 s (--window 10).")
        }
        return plan
    }

    // MARK: Files and streams

    /// Tags a file as one clip.
    ///
    /// - Throws: `EPANNsError` as `AudioReader`, and with code `invalidAudio` for a
    ///   recording that is too long to be taken as a whole.
    public func tag(file path: String, selection: TagSelection = TagSelection()) throws -> TaggedAudio {
        try tag(.file(path: path), name: path, selection: selection)
    }

    /// Tags a source as one clip.
    ///
    /// - Parameters:
    ///   - source: A file, a pipe or standard input.
    ///   - name: What the result calls the source.
    ///   - selection: Which tags are reported.
    ///   - includesDigest: Whether the result has the digest of the model's file, which is read for it once.
    /// - Throws: As ``tag(file:selection:)``.
    public func tag(
        _ source: AudioSource, name: String, selection: TagSelection = TagSelection(), includesDigest: Bool = true
    ) throws -> TaggedAudio {
        let clip = try load(source)
        let tags = try tag(samples: clip.samples, selection: selection)
        return TaggedAudio(
            file: name, durationSeconds: clip.durationSeconds, model: identity(includesDigest: includesDigest),
            windows: [TaggedWindow(startSeconds: 0, endSeconds: clip.durationSeconds, tags: tags)],
            warnings: clip.sourceInfo.warnings + [padding(of: clip.samples.count)].compactMap(\.self))
    }

    /// Reads a source whole at the model's rate.
    ///
    /// - Throws: As ``tag(file:selection:)``.
    public func load(_ source: AudioSource) throws -> Waveform {
        let clip = try AudioFile.load(
            source, sampleRate: sampleRate, maximumDurationSeconds: Self.maximumClipSeconds + 1)
        guard clip.durationSeconds <= Self.maximumClipSeconds else {
            throw EPANNsError(
                .invalidAudio,
                "\(source) is longer than an hour, too long to be taken as a whole; tag it in windows of 10 s "
                    + "(--window 10).")
        }
        return clip
    }

    /// What to say of a clip that was padded; nil when it was long enough.
    public func padding(of sampleCount: Int) -> String? {
        padding(of: sampleCount) { "The audio lasts \($0) s and was" }
    }

    /// What to say of a window that was padded; nil when it was long enough.
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
        guard sampleCount < minimumSampleCount else { return nil }
        let text = { (count: Int) in String(format: "%.3f", Double(count) / Double(self.sampleRate)) }
        return "\(subject(text(sampleCount))) padded with silence to the model's minimum of "
            + "\(text(minimumSampleCount)) s; scores of so short a clip mean little."
    }
}

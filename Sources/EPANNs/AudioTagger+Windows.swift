import EPANNsAudio
import EPANNsCore
import EPANNsGraph
import EPANNsModels
import EPANNsRuntime
import Foundation

extension AudioTagger {
    /// Length of an embedding.
    public var embeddingWidth: Int { network.graph.channels(of: .embedding) }

    // MARK: The stream

    /// Opens a source and runs the model over it, window by window, on the calling thread.
    ///
    /// - Parameters:
    ///   - source: A file, a pipe, bytes or standard input.
    ///   - policy: How it is cut.
    ///   - channels: Which channels are listened to.
    ///   - concurrency: Windows that are computed side by side; with more than 1, give the tagger 1 thread.
    /// - Throws: `EPANNsError` as `AudioReader`, and with code `invalidConfiguration` when a number is out of range.
    public func reader(
        of source: AudioSource, _ policy: WindowPolicy = .automatic, channels: ChannelSelection = .automatic,
        concurrency: Int = 1
    ) throws -> ScoredWindowReader {
        try ScoredWindowReader(
            self, source: AudioReader(source, sampleRate: isEnsemble ? nil : sampleRate, channels: channels),
            policy: policy,
            concurrency: concurrency)
    }

    /// The scored windows of a source as an asynchronous sequence.
    ///
    /// - Parameters:
    ///   - source: A file, a pipe, bytes or standard input; opened by each iteration.
    ///   - policy: How it is cut; `.whole` and `.automatic` give one window.
    ///   - channels: Which channels are listened to.
    ///   - concurrency: Windows that are computed side by side; with more than 1, give the tagger 1 thread.
    ///   - onWarning: Called, on the thread that reads, with what is worth knowing: once when a window had to be
    ///     padded, and at the end of the source for what was found in it.
    public func windows(
        of source: AudioSource, _ policy: WindowPolicy = .automatic, channels: ChannelSelection = .automatic,
        concurrency: Int = 1, onWarning: @escaping @Sendable (String) -> Void = { _ in }
    ) -> ScoredWindows {
        ScoredWindows(
            open: { try self.reader(of: source, policy, channels: channels, concurrency: concurrency) },
            onWarning: onWarning)
    }

    /// The scored windows of samples that somebody pushes, as an asynchronous sequence.
    ///
    /// - Parameters:
    ///   - source: Samples at any rate; one iteration takes them.
    ///   - policy: How they are cut.
    ///   - concurrency: Windows that are computed side by side; 1 for live sound, which waits for no others.
    ///   - onWarning: As in ``windows(of:_:channels:concurrency:onWarning:)``.
    public func windows(
        of source: PushedSamples, _ policy: WindowPolicy, concurrency: Int = 1,
        onWarning: @escaping @Sendable (String) -> Void = { _ in }
    ) -> ScoredWindows {
        ScoredWindows(
            open: { try ScoredWindowReader(self, source: source, policy: policy, concurrency: concurrency) },
            onWarning: onWarning)
    }

    /// Runs the model on a clip off Swift's cooperative threads.
    ///
    /// - Returns: The clip as one window: as a whole, or the mean over windows of a longer one.
    /// - Throws: As ``ScoredWindowReader/next()``; `CancellationError` when the task is cancelled.
    public func clip(_ source: AudioSource) async throws -> ScoredWindow {
        for try await window in windows(of: source) { return window }
        throw EPANNsError(.invalidAudio, "\(source) holds no samples.")
    }

    /// Runs the model on one clip of samples, as one window.
    ///
    /// - Throws: As ``outputs(samples:)``.
    public func window(samples: [Float]) throws -> ScoredWindow {
        try window(samples: samples, outputs(samples: samples))
    }

    /// Of an ensemble's first model alone.
    func ownWindow(samples: [Float]) throws -> ScoredWindow {
        try window(samples: samples, outputs(samples: samples, spectrogram: nil))
    }

    private func window(samples: [Float], _ outputs: InferencePlan.Outputs) -> ScoredWindow {
        ScoredWindow(
            startSeconds: 0, endSeconds: Double(samples.count) / Double(sampleRate), scores: outputs.scores,
            embedding: outputs.embedding, framewise: outputs.framewise.first)
    }

    // MARK: Results

    /// Tags a file as one clip.
    ///
    /// - Throws: As ``tag(_:name:policy:selection:concurrency:includesDigest:progress:)``.
    public func tag(file path: String, selection: TagSelection = TagSelection()) throws -> TaggedAudio {
        try tag(.file(path: path), name: path, selection: selection)
    }

    /// Tags a source.
    ///
    /// - Parameters:
    ///   - source: A file, a pipe, bytes or standard input.
    ///   - name: What the result calls the source.
    ///   - policy: How it is cut.
    ///   - selection: Which tags are reported.
    ///   - concurrency: Windows that are computed side by side; with more than 1, give the tagger 1 thread.
    ///   - includesDigest: Whether the result has the digest of the model's file, which is read for it once.
    ///   - progress: Called after every window; false stops.
    /// - Throws: As ``reader(of:_:channels:concurrency:)`` and ``ScoredWindowReader/next()``.
    public func tag(
        _ source: AudioSource, name: String, policy: WindowPolicy = .automatic,
        selection: TagSelection = TagSelection(), concurrency: Int = 1, includesDigest: Bool = true,
        progress: (TaggedWindow) throws -> Bool = { _ in true }
    ) throws -> TaggedAudio {
        let reader = try reader(of: source, policy, concurrency: concurrency)
        var windows: [TaggedWindow] = []
        while let window = try reader.next() {
            let tagged = try window.tags(selection, labels: labels)
            windows.append(tagged)
            guard try progress(tagged) else { break }
        }
        return TaggedAudio(
            file: name, durationSeconds: reader.durationSeconds, model: identity(includesDigest: includesDigest),
            windows: windows, warnings: reader.warnings)
    }

    /// Refuses an ensemble.
    ///
    /// - Throws: `EPANNsError` with code `invalidConfiguration`.
    public func checkEmbeds() throws {
        guard isEnsemble else { return }
        throw EPANNsError(
            .invalidConfiguration,
            "\(modelName.quoted) is an ensemble, whose models have an embedding each, and no common one; take one of them."
        )
    }

    /// Refuses a model that does not tell where in a clip a class is heard.
    ///
    /// - Throws: `EPANNsError` with code `invalidConfiguration` that names the networks that do.
    public func checkFramewise() throws {
        guard !isEnsemble else {
            throw EPANNsError(
                .invalidConfiguration,
                "\(modelName.quoted) is an ensemble, whose models have frames of different lengths; take one of them.")
        }
        guard network.graph.outputs[.segments] == nil else { return }
        // A file of ours says itself what it is.
        let looksAlike = architecture == CNNConfiguration.Variant.cnn14.rawValue && model.format != .safetensors
        throw EPANNsError(
            .invalidConfiguration,
            "\(modelName.quoted) (\(architecture)) scores clips, not stretches of time; "
                + "\(DecisionLevelConfiguration.title) do that.",
            remedy: looksAlike
                ? .nameArchitecture
                : .downloadModel(name: DecisionLevelConfiguration.Variant.max.rawValue, again: false))
    }

    /// Embeds a source: the vector before the classifier, which describes the whole scene.
    ///
    /// - Parameters:
    ///   - source: A file, a pipe, bytes or standard input.
    ///   - name: What the result calls the source.
    ///   - policy: How it is cut.
    ///   - concurrency: Windows that are computed side by side; with more than 1, give the tagger 1 thread.
    /// - Throws: As ``tag(_:name:policy:selection:concurrency:includesDigest:progress:)``.
    public func embed(
        _ source: AudioSource, name: String, policy: WindowPolicy = .automatic, concurrency: Int = 1
    ) throws -> EmbeddedAudio {
        try checkEmbeds()
        let reader = try reader(of: source, policy, concurrency: concurrency)
        var windows: [EmbeddedWindow] = []
        while let window = try reader.next() { windows.append(window.embedded) }
        return EmbeddedAudio(
            file: name, durationSeconds: reader.durationSeconds, model: identity, windows: windows,
            warnings: reader.warnings)
    }
}

extension ModelGraph {
    /// Channels of an output.
    func channels(of output: Output) -> Int {
        guard let node = outputs[output] else { preconditionFailure("a graph has scores, logits and an embedding") }
        return nodes[node].channels
    }
}

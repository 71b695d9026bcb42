import EPANNsAudio
import EPANNsCore
import EPANNsGraph
import EPANNsRuntime

extension AudioTagger {
    /// Length of an embedding.
    public var embeddingWidth: Int { network.graph.channels(of: .embedding) }

    /// Embeds a source: the vector before the classifier, which describes the whole scene.
    ///
    /// - Parameters:
    ///   - source: A file, a pipe or standard input.
    ///   - name: What the result calls the source.
    ///   - windowSeconds: Length of a window; nil takes the clip as a whole.
    ///   - hopSeconds: Distance between the starts of two windows; nil for windows side by side.
    ///   - concurrency: Windows that are computed side by side; with more than 1, give the tagger 1 thread.
    /// - Throws: `EPANNsError` as ``tag(_:name:selection:includesDigest:)``.
    public func embed(
        _ source: AudioSource, name: String, windowSeconds: Double? = nil, hopSeconds: Double? = nil,
        concurrency: Int = 1
    ) throws -> EmbeddedAudio {
        guard let windowSeconds else { return try embedWhole(source, name: name) }
        var windows: [EmbeddedWindow] = []
        let (duration, warnings) = try forEachWindow(
            of: source, windowSeconds: windowSeconds, hopSeconds: hopSeconds, concurrency: concurrency
        ) { window, outputs in
            windows.append(
                EmbeddedWindow(
                    startSeconds: window.startSeconds, endSeconds: window.endSeconds, embedding: outputs.embedding))
            return true
        }
        return EmbeddedAudio(
            file: name, durationSeconds: duration, model: identity, windows: windows, warnings: warnings)
    }

    private func embedWhole(_ source: AudioSource, name: String) throws -> EmbeddedAudio {
        let clip = try load(source)
        let window = EmbeddedWindow(
            startSeconds: 0, endSeconds: clip.durationSeconds, embedding: try outputs(samples: clip.samples).embedding)
        return EmbeddedAudio(
            file: name, durationSeconds: clip.durationSeconds, model: identity, windows: [window],
            warnings: clip.sourceInfo.warnings + [padding(of: clip.samples.count)].compactMap(\.self))
    }
}

extension ModelGraph {
    /// Channels of an output.
    func channels(of output: Output) -> Int {
        guard let node = outputs[output] else { preconditionFailure("a graph has scores, logits and an embedding") }
        return nodes[node].channels
    }
}

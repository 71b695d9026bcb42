import EPANNsAudio
import EPANNsCore
import EPANNsGraph
import EPANNsRuntime
import Foundation
import Synchronization

extension AudioTagger {
    /// Runs the model on successive windows of a source, in bounded memory, and gives each window's outputs in order.
    ///
    /// The last window is what is left, from 0.05 s on: windows below ``minimumSampleCount`` are padded with silence.
    ///
    /// - Parameters:
    ///   - source: A file, a pipe or standard input.
    ///   - windowSeconds: Length of a window.
    ///   - hopSeconds: Distance between the starts of two windows; nil for windows side by side.
    ///   - concurrency: Windows that are computed side by side; with more than 1, give the tagger 1 thread.
    ///   - body: Called in order, on the calling thread, with the window and its outputs; false stops.
    /// - Returns: Length of the audio that was read, and what its source and padded windows made worth knowing.
    /// - Throws: `EPANNsError` as `AudioReader`, and with code `invalidConfiguration` when a
    ///   number makes no sense.
    public func forEachWindow(
        of source: AudioSource, windowSeconds: Double, hopSeconds: Double? = nil, concurrency: Int = 1,
        _ body: (AudioWindow, InferencePlan.Outputs) throws -> Bool
    ) throws -> (durationSeconds: Double, warnings: [String]) {
        let reader = try windowReader(
            of: source, windowSeconds: windowSeconds, hopSeconds: hopSeconds, concurrency: concurrency)
        var warnings: [String] = []
        var isStopped = false
        while !isStopped {
            let results = try nextOutputs(reader, concurrency: concurrency)
            if results.isEmpty { break }
            for (window, outputs) in results where !isStopped {
                if warnings.isEmpty, let note = padding(of: window, plan: reader.plan) { warnings.append(note) }
                isStopped = try !body(window, outputs)
            }
        }
        let audio = reader.reader
        return (Double(audio.sampleCount) / Double(sampleRate), warnings + audio.info.warnings)
    }

    /// Tags successive windows of a source.
    ///
    /// - Parameters:
    ///   - source: A file, a pipe or standard input.
    ///   - name: What the result calls the source.
    ///   - windowSeconds: Length of a window.
    ///   - hopSeconds: Distance between the starts of two windows; nil for windows side by side.
    ///   - selection: Which tags are reported.
    ///   - concurrency: Windows that are computed side by side; with more than 1, give the tagger 1 thread.
    ///   - includesDigest: Whether the result has the digest of the model's file, which is read for it once.
    ///   - progress: Called after every window; false stops.
    /// - Throws: As ``forEachWindow(of:windowSeconds:hopSeconds:concurrency:_:)``.
    public func tag(
        _ source: AudioSource, name: String, windowSeconds: Double, hopSeconds: Double? = nil,
        selection: TagSelection = TagSelection(), concurrency: Int = 1, includesDigest: Bool = true,
        progress: (TaggedWindow) throws -> Bool = { _ in true }
    ) throws -> TaggedAudio {
        var windows: [TaggedWindow] = []
        let (duration, warnings) = try forEachWindow(
            of: source, windowSeconds: windowSeconds, hopSeconds: hopSeconds, concurrency: concurrency
        ) { window, outputs in
            let tagged = TaggedWindow(
                startSeconds: window.startSeconds, endSeconds: window.endSeconds,
                tags: selection.tags(outputs.scores, labels: labels))
            windows.append(tagged)
            return try progress(tagged)
        }
        return TaggedAudio(
            file: name, durationSeconds: duration, model: identity(includesDigest: includesDigest), windows: windows,
            warnings: warnings)
    }

    /// Tags successive windows of a source as an asynchronous sequence.
    ///
    /// Reading and computing go on in a thread of their own and wait for the consumer: at most `concurrency` windows
    /// are ahead of it. Breaking out of the loop stops them. Cancelling the task is noticed between windows: a `next()`
    /// that waits for a silent pipe goes on waiting until the pipe gives something or is closed.
    ///
    /// - Parameters:
    ///   - source: A file, a pipe or standard input.
    ///   - windowSeconds: Length of a window.
    ///   - hopSeconds: Distance between the starts of two windows; nil for windows side by side.
    ///   - selection: Which tags are reported.
    ///   - concurrency: Windows that are computed side by side; with more than 1, give the tagger 1 thread.
    ///   - onWarning: Called, on the thread that reads, with what is worth knowing: once when a window had to be
    ///     padded, and at the end of the source for what was found in it.
    public func windows(
        of source: AudioSource, windowSeconds: Double, hopSeconds: Double? = nil,
        selection: TagSelection = TagSelection(), concurrency: Int = 1,
        onWarning: @escaping @Sendable (String) -> Void = { _ in }
    ) -> TaggedWindows {
        TaggedWindows(
            tagger: self, source: source, windowSeconds: windowSeconds, hopSeconds: hopSeconds, selection: selection,
            concurrency: concurrency, onWarning: onWarning)
    }

    /// Shortest last stretch of a recording that becomes a window.
    private static let shortestTailSeconds = 0.05

    func windowReader(
        of source: AudioSource, windowSeconds: Double, hopSeconds: Double?, concurrency: Int
    ) throws -> WindowReader {
        guard concurrency > 0 else {
            throw EPANNsError(
                .invalidConfiguration,
                "\(concurrency) windows side by side make no sense; the concurrency must be at least 1.")
        }
        // A short last window is padded, and not lost. What resampling or a codec leaves over, less than anyone could
        // hear something in, makes no window of its own.
        let plan = try WindowPlan(
            sampleRate: sampleRate, windowSeconds: windowSeconds, hopSeconds: hopSeconds,
            minimumSeconds: min(windowSeconds, Self.shortestTailSeconds))
        return try WindowReader(AudioReader(source, sampleRate: sampleRate), plan: plan)
    }

    /// Reads and computes the next windows, as many as go side by side; empty at the end.
    func nextOutputs(
        _ reader: WindowReader, concurrency: Int
    ) throws -> [(window: AudioWindow, outputs: InferencePlan.Outputs)] {
        precondition(concurrency > 0)
        var windows: [AudioWindow] = []
        while windows.count < concurrency, let window = try reader.next() { windows.append(window) }
        if windows.count == 1 { return [(windows[0], try outputs(samples: windows[0].samples))] }
        let batch = windows
        let results = Mutex([Result<InferencePlan.Outputs, any Error>?](repeating: nil, count: batch.count))
        DispatchQueue.concurrentPerform(iterations: batch.count) { index in
            let result = Result { try outputs(samples: batch[index].samples) }
            results.withLock { $0[index] = result }
        }
        let finished = results.withLock { $0 }
        return try zip(batch, finished).map { window, result in
            guard let result else { preconditionFailure("a window was not computed") }
            return (window, try result.get())
        }
    }
}

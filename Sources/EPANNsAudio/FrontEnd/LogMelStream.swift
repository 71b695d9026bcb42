import EPANNsCore
import EPANNsGraph

/// Computes a log-mel spectrogram block by block, in bounded memory.
///
/// The frames are bit-identical to ``LogMelSpectrogram``'s for the whole clip, however the waveform is split into
/// blocks. A frame comes as soon as its last sample has; those whose window reaches past the end come from
/// ``finish()``. A stream belongs to one thread at a time. Test: `LogMelStreamTests`.
public final class LogMelStream {
    /// Samples taken so far.
    public private(set) var sampleCount = 0
    /// Frames given so far.
    public private(set) var frameCount = 0

    private let spectrogram: LogMelSpectrogram
    private let workspace: FrameWorkspace
    private var isFinished = false
    /// The tail of the (pre-emphasised) waveform that coming frames need, from position `historyStart` on.
    private var history: [Float] = []
    private var historyStart = 0
    /// The last raw sample, for the pre-emphasis across blocks.
    private var previous: Float?

    /// Starts at the beginning of a waveform.
    ///
    /// - Throws: `EPANNsError` with code `backendFailure` when libavutil refuses.
    public init(_ spectrogram: LogMelSpectrogram) throws {
        self.spectrogram = spectrogram
        workspace = try spectrogram.takeWorkspace()
    }

    deinit { spectrogram.returnWorkspace(workspace) }

    /// Takes the next samples.
    ///
    /// - Parameter samples: Any number of them, none included.
    /// - Returns: The frames that are now complete, row-major, shape `(frames, mels)`; often none.
    /// - Throws: `EPANNsError` with code `invalidAudio` when a sample is not finite.
    public func append(_ samples: [Float]) throws -> [Float] {
        precondition(!isFinished, "The stream is finished")
        guard let last = samples.last else { return [] }
        try samples.withUnsafeBufferPointer { try LogMelSpectrogram.checkFinite($0) }
        sampleCount += samples.count
        switch spectrogram.configuration.kind {
        case .panns:
            history += samples
        case .efficientAT:
            if let previous { history.append(samples[0] - 0.97 * previous) }
            samples.withUnsafeBufferPointer { history += spectrogram.plan.preEmphasised($0) }
            previous = last
        }
        // The first frame reaches one sample further to the right by its reflection than by its window.
        guard waveformCount > spectrogram.plan.half else { return [] }
        let ready = (waveformCount - spectrogram.plan.half) / spectrogram.configuration.hopSize + 1
        let rows = computeFrames(upTo: max(ready, frameCount))
        discardHistory()
        return rows
    }

    /// Ends the waveform.
    ///
    /// - Returns: The remaining frames, row-major, shape `(frames, mels)`.
    /// - Throws: `EPANNsError` with code `invalidAudio` when the whole waveform was too short.
    public func finish() throws -> [Float] {
        precondition(!isFinished, "The stream is finished")
        try spectrogram.checkSampleCount(sampleCount)
        isFinished = true
        return computeFrames(upTo: spectrogram.configuration.frameCount(sampleCount: sampleCount))
    }

    private var waveformCount: Int { historyStart + history.count }

    private func computeFrames(upTo end: Int) -> [Float] {
        let configuration = spectrogram.configuration
        let plan = spectrogram.plan
        let (first, bands) = (frameCount, configuration.melBands)
        let total = waveformCount
        frameCount = end
        return [Float](unsafeUninitializedCapacity: (end - first) * bands) { buffer, initialized in
            history.withUnsafeBufferPointer { history in
                guard let rows = buffer.baseAddress, let base = history.baseAddress else { return }
                for frame in first..<end {
                    let start = frame * configuration.hopSize - plan.half
                    let row = rows + (frame - first) * bands
                    if start >= 0, start + configuration.fftSize <= total {
                        plan.computeFrame(base + (start - historyStart), into: row, workspace: workspace)
                    } else {
                        let scratch = workspace.frame.pointer
                        plan.reflect(
                            start: start, count: total, waveform: base, waveformStart: historyStart, into: scratch)
                        plan.computeFrame(scratch, into: row, workspace: workspace)
                    }
                }
                initialized = (end - first) * bands
            }
        }
    }

    /// Drops what neither the next frame's window nor the reflection at the end can reach.
    private func discardHistory() {
        let next = frameCount * spectrogram.configuration.hopSize - spectrogram.plan.half
        let reflected = waveformCount - 1 - spectrogram.plan.half
        let surplus = min(next, reflected) - historyStart
        // Moving the tail costs its length, so not for every small block.
        guard surplus >= 4096 else { return }
        history.removeFirst(surplus)
        historyStart += surplus
    }
}

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
    /// - Throws: `EPANNsError` with code `backendFailure` when libavutil refuses, `invalidConfiguration` when the front
    ///   end needs the whole clip: its mean, or a fixed number of frames.
    public init(_ spectrogram: LogMelSpectrogram) throws {
        guard !spectrogram.configuration.needsWholeClip else {
            throw EPANNsError(
                .invalidConfiguration, "This front end works on whole clips; cut the audio into windows instead.")
        }
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
        if let coefficient = spectrogram.plan.waveformPreEmphasis {
            if let previous { history.append(samples[0] - coefficient * previous) }
            samples.withUnsafeBufferPointer { history += FrontEndPlan.preEmphasised($0, coefficient) }
            previous = last
        } else {
            history += samples
        }
        let ready = spectrogram.plan.completeFrameCount(of: waveformCount)
        guard ready > 0 else { return [] }
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
        let (first, total) = (frameCount, waveformCount)
        frameCount = end
        let count = (end - first) * spectrogram.configuration.melBands
        return [Float](unsafeUninitializedCapacity: count) { buffer, initialized in
            history.withUnsafeBufferPointer { history in
                guard let rows = buffer.baseAddress, let base = history.baseAddress else { return }
                spectrogram.plan.computeFrames(
                    first..<end, count: total, waveform: base, waveformStart: historyStart, into: rows,
                    workspace: workspace)
                initialized = count
            }
        }
    }

    /// Drops what neither the next frame's window nor the reflection at the end can reach.
    private func discardHistory() {
        let next = frameCount * spectrogram.configuration.hopSize - spectrogram.plan.windowLead
        let reflected = waveformCount - 1 - spectrogram.plan.reflectedCount
        let surplus = min(next, reflected) - historyStart
        // Moving the tail costs its length, so not for every small block.
        guard surplus >= 4096 else { return }
        history.removeFirst(surplus)
        historyStart += surplus
    }
}

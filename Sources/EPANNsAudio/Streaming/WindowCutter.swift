import EPANNsCore

/// Cuts blocks of any size into the windows of a ``WindowPlan``, holding hardly more than one window and one block.
///
/// Test: `WindowTests`.
public struct WindowCutter: Sendable {
    /// The plan.
    public let plan: WindowPlan
    private var buffer: [Float] = []
    private var bufferStart = 0
    private var index = 0
    private var isFinished = false
    private var hasGivenLast = false

    /// Starts at the beginning of a stream.
    public init(_ plan: WindowPlan) { self.plan = plan }

    /// Takes the next samples, mono at the plan's rate; call ``next()`` until it gives nil before the next block.
    ///
    /// - Throws: `EPANNsError` with code `invalidAudio` after ``finish()``.
    public mutating func append(_ samples: [Float]) throws {
        guard !isFinished else {
            throw EPANNsError(.invalidAudio, "Samples came after the end of the audio that is cut into windows.")
        }
        discard()
        // Between windows, when the hop is longer than the window, samples need not be kept at all.
        let unwanted = min(samples.count, max(0, start - bufferStart))
        if buffer.isEmpty, unwanted > 0 {
            bufferStart += unwanted
            buffer += samples[unwanted...]
        } else {
            buffer += samples
        }
    }

    /// Ends the stream; ``next()`` then gives what is left.
    public mutating func finish() { isFinished = true }

    /// The next window that is complete, or after ``finish()`` the last one; nil when there is none now.
    public mutating func next() -> AudioWindow? {
        let available = bufferStart + buffer.count - start
        if available >= plan.windowSamples { return take(plan.windowSamples) }
        guard isFinished, !hasGivenLast, available > 0 else { return nil }
        // What the window before this one held already.
        let seen = index == 0 ? 0 : max(0, plan.windowSamples - plan.hopSamples)
        guard index == 0 || (available > seen && available >= plan.minimumSamples) else { return nil }
        hasGivenLast = true
        return take(available)
    }

    private var start: Int { index * plan.hopSamples }

    private mutating func take(_ count: Int) -> AudioWindow {
        let first = start - bufferStart
        let window = AudioWindow(
            index: index, startSample: start, samples: Array(buffer[first..<first + count]),
            sampleRate: plan.sampleRate)
        index += 1
        return window
    }

    private mutating func discard() {
        let surplus = min(start - bufferStart, buffer.count)
        guard surplus > 0 else { return }
        buffer.removeFirst(surplus)
        bufferStart += surplus
    }
}

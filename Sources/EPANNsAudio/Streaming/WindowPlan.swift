import EPANNsGraph

/// How a stream is cut into windows: their length, the distance between their starts, the shortest last one.
///
/// Window *i* starts at sample `i·hop`. Whole windows come first. At the end of the stream at most one shorter window
/// follows, at the next start, if it holds samples that no window held before and is at least the minimum long, or
/// if it is the only one. It is given as it is; whoever runs a network on it pads it with zeros to the network's
/// minimum. Hence no sample is lost but a last stretch shorter than the minimum (and what lies between windows when
/// the hop is longer than the window).
public struct WindowPlan: Sendable, Hashable {
    /// Samples a second.
    public let sampleRate: Int
    /// Length of a window, in samples.
    public let windowSamples: Int
    /// Distance between the starts of windows, in samples.
    public let hopSamples: Int
    /// Length of the shortest last window, in samples.
    public let minimumSamples: Int

    /// Plans windows.
    ///
    /// - Parameters:
    ///   - sampleRate: Samples a second.
    ///   - windowSeconds: Length of a window.
    ///   - hopSeconds: Distance between the starts of windows; nil for windows side by side.
    ///   - minimumSeconds: Length of the shortest last window.
    /// - Throws: ``EPANNsGraph/EPANNsError`` with code `invalidConfiguration` when a number makes no sense.
    public init(
        sampleRate: Int, windowSeconds: Double, hopSeconds: Double? = nil, minimumSeconds: Double = 0
    ) throws {
        let hopSeconds = hopSeconds ?? windowSeconds
        let limit = 86400.0
        guard (1...1_536_000).contains(sampleRate), windowSeconds > 0, windowSeconds <= limit, hopSeconds > 0,
            hopSeconds <= limit, minimumSeconds >= 0, minimumSeconds <= windowSeconds
        else {
            throw EPANNsError(
                .invalidConfiguration,
                "A window of \(windowSeconds) s every \(hopSeconds) s with a minimum of \(minimumSeconds) s at "
                    + "\(sampleRate) Hz makes no sense; window and hop are above 0 and at most a day, the minimum is at "
                    + "most the window.")
        }
        func samples(_ seconds: Double) -> Int { Int((seconds * Double(sampleRate)).rounded()) }
        guard samples(windowSeconds) > 0, samples(hopSeconds) > 0 else {
            throw EPANNsError(
                .invalidConfiguration,
                "A window of \(windowSeconds) s every \(hopSeconds) s is less than one sample at \(sampleRate) Hz.")
        }
        self.sampleRate = sampleRate
        windowSamples = samples(windowSeconds)
        hopSamples = samples(hopSeconds)
        minimumSamples = max(1, samples(minimumSeconds))
    }
}

/// A stretch of a stream.
public struct AudioWindow: Sendable, Hashable {
    /// Its number, counted from 0.
    public let index: Int
    /// The position of its first sample in the stream.
    public let startSample: Int
    /// Its samples, shape `(samples)`.
    public let samples: [Float]
    /// Samples a second.
    public let sampleRate: Int

    /// Where it starts, in seconds from the beginning of the stream.
    public var startSeconds: Double { Double(startSample) / Double(sampleRate) }
    /// Where it ends, in seconds from the beginning of the stream.
    public var endSeconds: Double { Double(startSample + samples.count) / Double(sampleRate) }
}

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

    /// Takes the next samples; call ``next()`` until it gives nil before the next block.
    public mutating func append(_ samples: [Float]) {
        precondition(!isFinished, "The stream is finished")
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

/// Pulls windows out of an ``AudioReader``.
public final class WindowReader {
    /// Where the blocks come from.
    public let reader: AudioReader
    private var cutter: WindowCutter
    private var isAtEnd = false

    /// Cuts the rest of what a reader gives.
    ///
    /// - Throws: ``EPANNsGraph/EPANNsError`` with code `invalidConfiguration` when the plan is for another rate.
    public init(_ reader: AudioReader, plan: WindowPlan) throws {
        guard reader.sampleRate == plan.sampleRate else {
            throw EPANNsError(
                .invalidConfiguration,
                "The windows are planned at \(plan.sampleRate) Hz, but the audio is read at \(reader.sampleRate) Hz.")
        }
        self.reader = reader
        cutter = WindowCutter(plan)
    }

    /// The next window; nil at the end.
    ///
    /// - Throws: As ``AudioReader/next()``.
    public func next() throws -> AudioWindow? {
        while true {
            if let window = cutter.next() { return window }
            if isAtEnd { return nil }
            if let block = try reader.next() {
                cutter.append(block)
            } else {
                isAtEnd = true
                cutter.finish()
            }
        }
    }
}

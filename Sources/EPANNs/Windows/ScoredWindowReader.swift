import EPANNsAudio
import EPANNsCore
import Foundation
import Synchronization

/// Runs a model over a source and gives the scored windows one after the other, in bounded memory.
///
/// Reading and computing block the thread; a reader belongs to one thread at a time. ``ScoredWindows`` is the
/// asynchronous form. Tests: `AudioTaggerTests`, `WindowPolicyTests`.
public final class ScoredWindowReader {
    /// How the source is cut.
    public let policy: WindowPolicy
    /// Where the samples come from.
    public let source: any SampleSource
    /// Samples read so far, at the model's rate.
    public private(set) var sampleCount = 0
    /// Length of the audio read so far.
    public var durationSeconds: Double { Double(sampleCount) / Double(tagger.sampleRate) }
    /// What is worth knowing: silence that was added to a short window, damage, what is wrong with the sound.
    ///
    /// Complete once ``next()`` has given nil.
    public var warnings: [String] {
        let info = source.info
        // Of a clip that had to be padded it is known that it is short.
        let findings = info.findings.filter { padding == nil || $0.code != .shortClip }
        let paddings = ([self] + companions).compactMap(\.padding)
        return (paddings.isEmpty ? [] : [paddings[0]]) + info.warnings + findings.map(\.message)
    }
    /// Called whenever a block was read, with the length of the audio so far in seconds.
    public var onRead: (Double) -> Void = { _ in }

    private let tagger: AudioTagger
    /// Of an ensemble's further models, in step with this one.
    private var companions: [ScoredWindowReader] = []
    private let concurrency: Int
    /// Length of a window, and up to which it is known that memory suffices.
    private var (windowSamples, checkedSamples) = (0, Int.max)
    /// What to say of a window that was padded.
    private(set) var padding: String?
    private var state = State.begin

    private enum State {
        case begin
        case windows(WindowPump, ready: ArraySlice<ScoredWindow>)
        case end
    }

    /// Puts a model behind a source.
    ///
    /// - Parameters:
    ///   - tagger: The model.
    ///   - source: Samples at any rate; they are converted to the model's.
    ///   - policy: How the source is cut.
    ///   - concurrency: Windows that are computed side by side; with more than 1, give the tagger 1 thread.
    /// - Throws: `EPANNsError` with code `invalidConfiguration` when a number is out of range, `invalidAudio` when a window
    ///   would need too much memory.
    public init(
        _ tagger: AudioTagger, source: any SampleSource, policy: WindowPolicy = .automatic, concurrency: Int = 1
    ) throws {
        guard (1...1024).contains(concurrency) else {
            throw EPANNsError(
                .invalidConfiguration,
                "\(concurrency) windows side by side are invalid; the number must be between 1 and 1024.")
        }
        var concurrency = concurrency
        if case .every(let seconds, let hop) = policy {
            let plan = try WindowPolicy.plan(sampleRate: tagger.sampleRate, seconds: seconds, hopSeconds: hop)
            windowSamples = plan.windowSamples
            let longest = Int(WindowPolicy.longestWholeSeconds * Double(tagger.sampleRate))
            if plan.windowSamples > longest {
                // A window that is longer than the recording needs no more than the recording.
                let promised = source.info.durationSeconds.map {
                    Int(min($0 + 1, AudioTagger.maximumClipSeconds + 1) * Double(tagger.sampleRate))
                }
                checkedSamples = min(plan.windowSamples, max(promised ?? .max, longest))
                let byteCount = try tagger.checkClip(sampleCount: checkedSamples, isWindow: true)
                // As many as wait for one another are in memory, too.
                concurrency = min(concurrency, max(1, AudioTagger.maximumClipByteCount / byteCount))
            }
        }
        self.tagger = tagger
        self.policy = policy
        self.concurrency = concurrency
        var source = source
        if tagger.isEnsemble {
            let shared = SharedSamples(source)
            source = shared.branch()
            companions = try tagger.companions.map { companion in
                try ScoredWindowReader(
                    companion.tagger, source: shared.branch(), policy: policy, concurrency: concurrency)
            }
        }
        self.source =
            source.sampleRate == tagger.sampleRate
            ? source : try ResampledSamples(source, sampleRate: tagger.sampleRate)
    }

    /// The next window; nil at the end.
    ///
    /// - Throws: As the source; `EPANNsError` with code `invalidAudio` for a clip without samples, or one that is too long
    ///   to be taken as a whole; `invalidCheckpoint` when the model's scores are not finite.
    public func next() throws -> ScoredWindow? {
        do {
            return try nextOrFail().map { try joined($0) }
        } catch {
            state = .end
            throw error
        }
    }

    /// The mean of a window's scores and the other models'.
    ///
    /// Windows begin at the same times for all; of clips whose lengths at two rates differ by a rounding, one model may
    /// have a last window that another does not have.
    private func joined(_ window: ScoredWindow) throws -> ScoredWindow {
        guard !companions.isEmpty else { return window }
        var window = window
        window.scores = tagger.mean(window.scores, try companions.map { try $0.next()?.scores })
        return window
    }

    /// Whether all has been read.
    var isAtEnd: Bool {
        if case .end = state { return true }
        return false
    }

    private func nextOrFail() throws -> ScoredWindow? {
        switch state {
        case .begin:
            switch policy {
            case .whole: return try whole()
            case .automatic: return try automatic()
            case .every(let seconds, let hop):
                state = .windows(try pump(seconds: seconds, hopSeconds: hop), ready: [])
                return try nextOrFail()
            }
        case .windows(let pump, var ready):
            if ready.isEmpty { ready = try score(pump.next(concurrency, readBlock), pump.plan)[...] }
            let first = ready.popFirst()
            state = first == nil ? .end : .windows(pump, ready: ready)
            if first == nil { try checkNotEmpty() }
            return first
        case .end: return nil
        }
    }

    private func readBlock() throws -> [Float]? {
        guard let block = try source.next() else { return nil }
        sampleCount += block.count
        if sampleCount > checkedSamples {
            // The header has promised less.
            _ = try tagger.checkClip(sampleCount: windowSamples, isWindow: true)
            checkedSamples = .max
        }
        onRead(durationSeconds)
        return block
    }

    private func checkNotEmpty() throws {
        guard sampleCount > 0 else { throw EPANNsError(.invalidAudio, "The audio holds no samples.") }
    }

    // MARK: One window for the clip

    /// Takes all of the source as one window.
    private func whole() throws -> ScoredWindow {
        let rate = Double(tagger.sampleRate)
        // What the header promises is refused before it is read.
        if let promised = source.info.durationSeconds, promised > WindowPolicy.longestWholeSeconds {
            _ = try tagger.checkClip(sampleCount: Int(min(promised, AudioTagger.maximumClipSeconds + 1) * rate))
        }
        var samples: [Float] = []
        while let block = try readBlock() {
            samples += block
            if Double(samples.count) > AudioTagger.maximumClipSeconds * rate {
                _ = try tagger.checkClip(sampleCount: samples.count)
            }
        }
        return try scored(samples)
    }

    private func scored(_ samples: [Float]) throws -> ScoredWindow {
        state = .end
        try checkNotEmpty()
        padding = tagger.padding(of: samples.count)
        return try tagger.ownWindow(samples: samples)
    }

    /// Takes a short source as one window, and of a longer one the mean over windows.
    private func automatic() throws -> ScoredWindow? {
        let longest = Int(WindowPolicy.longestWholeSeconds * Double(tagger.sampleRate))
        var samples: [Float] = []
        while samples.count <= longest {
            guard let block = try readBlock() else { return try scored(samples) }
            samples += block
        }
        let pump = try pump(seconds: WindowPolicy.meanSeconds, hopSeconds: nil)
        var sum = WindowSum()
        var first: [Float]? = samples
        samples = []
        while true {
            let windows = try pump.next(concurrency) {
                defer { first = nil }
                return try first ?? readBlock()
            }
            if windows.isEmpty { break }
            for window in try score(windows, pump.plan, isMean: true) { sum.add(window) }
        }
        state = .end
        return sum.mean(windowSeconds: WindowPolicy.meanSeconds)
    }

    // MARK: Windows

    private func pump(seconds: Double, hopSeconds: Double?) throws -> WindowPump {
        let plan = try WindowPolicy.plan(sampleRate: tagger.sampleRate, seconds: seconds, hopSeconds: hopSeconds)
        return try WindowPump(plan, frontEnd: tagger.frontEnd, concurrency: concurrency)
    }

    private func score(
        _ windows: [WindowPump.Window], _ plan: WindowPlan, isMean: Bool = false
    ) throws -> [ScoredWindow] {
        for window in windows where padding == nil {
            // In a mean what is left at the end is as light as it is short, and no reason to doubt the clip's scores.
            if isMean, window.audio.index > 0, window.audio.samples.count < plan.windowSamples { continue }
            padding = tagger.padding(of: window.audio, plan: plan)
        }
        let tagger = tagger
        @Sendable func score(_ window: WindowPump.Window) throws -> ScoredWindow {
            let outputs = try tagger.outputs(samples: window.audio.samples, spectrogram: window.spectrogram)
            return ScoredWindow(
                startSeconds: window.audio.startSeconds, endSeconds: window.audio.endSeconds, scores: outputs.scores,
                embedding: outputs.embedding, framewise: outputs.framewise.first)
        }
        if windows.count < 2 { return try windows.map(score) }
        let results = Mutex([Result<ScoredWindow, any Error>?](repeating: nil, count: windows.count))
        DispatchQueue.concurrentPerform(iterations: windows.count) { index in
            let result = Result { try score(windows[index]) }
            results.withLock { $0[index] = result }
        }
        return try results.withLock { $0 }.map { result in
            guard let result else { preconditionFailure("a window was not computed") }
            return try result.get()
        }
    }
}

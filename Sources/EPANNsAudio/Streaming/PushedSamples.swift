import EPANNsCore
import Foundation

/// Samples that somebody pushes: a microphone's callback, a WebSocket, a test.
///
/// ``push(_:)`` never waits and may be called on any thread; the reader waits in ``next()``. What waits to be read is
/// bounded. Tests: `SampleSourceTests`.
public final class PushedSamples: SampleSource, @unchecked Sendable {
    /// Samples a second, in Hz.
    public let sampleRate: Int
    /// Nothing but the rate is known of pushed samples.
    public var info: AudioSourceInfo {
        AudioSourceInfo(container: "raw", codec: "f32", sampleRate: sampleRate, channels: 1)
    }

    private let capacity: Int
    // All of it behind the condition's lock.
    private let condition = NSCondition()
    private var blocks: [[Float]] = []
    private var waitingCount = 0
    private var isFinished = false
    private var isCancelled = false

    /// Opens a source without samples.
    ///
    /// - Parameters:
    ///   - sampleRate: Samples a second, in Hz.
    ///   - capacitySeconds: How much may wait to be read.
    /// - Throws: `EPANNsError` with code `invalidConfiguration` for a rate that no audio has, or no room.
    public init(sampleRate: Int, capacitySeconds: Double = 60) throws {
        try ResampledSamples.check(sampleRate)
        guard capacitySeconds > 0, capacitySeconds <= 86400 else {
            throw EPANNsError(
                .invalidConfiguration,
                "Room for \(capacitySeconds) s of samples is invalid; it must be above 0 and at most a day.")
        }
        self.sampleRate = sampleRate
        capacity = max(1, Int(capacitySeconds * Double(sampleRate)))
    }

    /// Adds mono samples, nominally −1…1; all of them, or with an error none.
    ///
    /// - Throws: `EPANNsError` with code `invalidAudio` when a sample is not a finite number around −1…1, the reader is so
    ///   far behind that there is no room, or the source is finished.
    public func push(_ samples: [Float]) throws {
        guard samples.allSatisfy({ abs($0) <= AudioLimits.magnitude }) else {
            throw EPANNsError(.invalidAudio, "A pushed sample is not a finite number around −1…1.")
        }
        try condition.withLock {
            guard !isFinished, !isCancelled else {
                throw EPANNsError(.invalidAudio, "Samples were pushed into a source that is finished.")
            }
            guard waitingCount + samples.count <= capacity else {
                throw EPANNsError(
                    .invalidAudio,
                    "\(Double(waitingCount) / Double(sampleRate)) s of pushed samples wait to be read, and there is no "
                        + "room for more: reading is too slow.")
            }
            guard !samples.isEmpty else { return }
            blocks.append(samples)
            waitingCount += samples.count
            condition.signal()
        }
    }

    /// Ends the audio: what was pushed is still read.
    public func finish() {
        condition.withLock {
            isFinished = true
            condition.broadcast()
        }
    }

    /// Ends the audio at once: whoever waits in ``next()`` gets a `CancellationError`.
    public func cancel() {
        condition.withLock {
            isCancelled = true
            condition.broadcast()
        }
    }

    /// The next block, for which it waits; nil after ``finish()``.
    ///
    /// - Throws: `CancellationError` after ``cancel()``.
    public func next() throws -> [Float]? {
        condition.lock()
        defer { condition.unlock() }
        while blocks.isEmpty, !isFinished, !isCancelled { condition.wait() }
        if isCancelled { throw CancellationError() }
        guard !blocks.isEmpty else { return nil }
        let block = blocks.count == 1 ? blocks[0] : Array(blocks.joined())
        blocks.removeAll(keepingCapacity: true)
        waitingCount = 0
        return block
    }
}

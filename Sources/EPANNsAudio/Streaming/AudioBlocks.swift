import Dispatch
import EPANNsCore

/// The blocks of an ``AudioReader`` as an asynchronous sequence.
///
/// Each iteration opens the source anew. Reading happens on a thread of its own queue, since it may wait for a pipe as
/// long as it likes. The next block is read only when it is asked for, so memory stays bounded however slow the consumer is.
///
/// ```swift
/// for try await block in AudioBlocks(.standardInput, sampleRate: 32000) { … }
/// ```
public struct AudioBlocks: AsyncSequence, Sendable {
    /// Samples, shape `(samples)`, never empty.
    public typealias Element = [Float]
    /// Any error, in fact an `EPANNsError` or a `CancellationError`.
    public typealias Failure = any Error

    private let source: AudioSource
    private let sampleRate: Int
    private let channels: ChannelSelection
    private let maximumDurationSeconds: Double?

    /// Names a source without opening it.
    ///
    /// - Parameters:
    ///   - source: Where the audio comes from.
    ///   - sampleRate: The wanted rate, in Hz.
    ///   - channels: Which channels are listened to.
    ///   - maximumDurationSeconds: Where to stop; nil reads to the end.
    public init(
        _ source: AudioSource, sampleRate: Int, channels: ChannelSelection = .automatic,
        maximumDurationSeconds: Double? = nil
    ) {
        self.source = source
        self.sampleRate = sampleRate
        self.channels = channels
        self.maximumDurationSeconds = maximumDurationSeconds
    }

    /// Starts reading from the beginning.
    public func makeAsyncIterator() -> Iterator {
        Iterator(
            worker: Worker(
                source: source, sampleRate: sampleRate, channels: channels,
                maximumDurationSeconds: maximumDurationSeconds))
    }

    /// Gives one block after another.
    public struct Iterator: AsyncIteratorProtocol {
        fileprivate let worker: Worker

        /// The next block, nil at the end.
        ///
        /// - Throws: As ``AudioReader/init(_:sampleRate:channels:maximumDurationSeconds:)`` and ``AudioReader/next()``;
        ///   `CancellationError` when the task is cancelled.
        public mutating func next() async throws -> [Float]? {
            try Task.checkCancellation()
            return try await worker.next()
        }
    }

    /// Confines a reader to a serial queue; `@unchecked Sendable` because only that queue touches it.
    fileprivate final class Worker: @unchecked Sendable {
        private let queue = DispatchQueue(label: "EPANNsAudio.AudioBlocks")
        private let open: @Sendable () throws -> AudioReader
        private var reader: AudioReader?

        init(source: AudioSource, sampleRate: Int, channels: ChannelSelection, maximumDurationSeconds: Double?) {
            open = {
                try AudioReader(
                    source, sampleRate: sampleRate, channels: channels, maximumDurationSeconds: maximumDurationSeconds)
            }
        }

        func next() async throws -> [Float]? {
            try await withCheckedThrowingContinuation { continuation in
                queue.async {
                    continuation.resume(with: Result { try self.nextOnQueue() })
                }
            }
        }

        private func nextOnQueue() throws -> [Float]? {
            let reader = try self.reader ?? open()
            self.reader = reader
            return try reader.next()
        }
    }
}

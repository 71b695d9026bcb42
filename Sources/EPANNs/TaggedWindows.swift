import EPANNsAudio
import EPANNsCore
import EPANNsGraph
import EPANNsRuntime
import Foundation

/// The tagged windows of a source, one after the other.
public struct TaggedWindows: AsyncSequence, Sendable {
    /// A window with its tags.
    public typealias Element = TaggedWindow
    /// What can go wrong while reading.
    public typealias Failure = any Error

    let tagger: AudioTagger
    let source: AudioSource
    let windowSeconds: Double
    let hopSeconds: Double?
    let selection: TagSelection
    let concurrency: Int
    let onWarning: @Sendable (String) -> Void

    /// Starts reading.
    public func makeAsyncIterator() -> Iterator { Iterator(worker: Worker(self)) }

    /// Gives one window at a time.
    public struct Iterator: AsyncIteratorProtocol {
        let worker: Worker

        /// The next window; nil at the end.
        ///
        /// A task that is cancelled meanwhile is not woken: reading may wait for a silent pipe as long as it likes.
        ///
        /// - Throws: As ``AudioTagger/forEachWindow(of:windowSeconds:hopSeconds:concurrency:_:)``; `CancellationError`
        ///   when the task was cancelled before the call.
        public mutating func next() async throws -> TaggedWindow? { try await worker.next() }
    }

    /// Owns reader and thread.
    ///
    /// Reading and computing block, so they stay off Swift's cooperative threads.
    final class Worker: @unchecked Sendable {
        // Touched on `queue` only.
        private var state: State
        private var hasPadded = false
        private let sequence: TaggedWindows
        private let queue = DispatchQueue(label: "epanns.windows")

        private enum State {
            case initial
            case reading(WindowReader, [TaggedWindow])
            case finished
        }

        init(_ sequence: TaggedWindows) {
            self.sequence = sequence
            state = .initial
        }

        func next() async throws -> TaggedWindow? {
            try Task.checkCancellation()
            return try await withCheckedThrowingContinuation { continuation in
                queue.async { continuation.resume(with: Result { try self.pull() }) }
            }
        }

        private func pull() throws -> TaggedWindow? {
            do {
                if case .initial = state {
                    let reader = try sequence.tagger.windowReader(
                        of: sequence.source, windowSeconds: sequence.windowSeconds, hopSeconds: sequence.hopSeconds,
                        concurrency: sequence.concurrency)
                    state = .reading(reader, [])
                }
                guard case .reading(let reader, var ready) = state else { return nil }
                if ready.isEmpty {
                    let results = try sequence.tagger.nextOutputs(reader, concurrency: sequence.concurrency)
                    if results.isEmpty { reader.reader.info.warnings.forEach(sequence.onWarning) }
                    for (window, _) in results where !hasPadded {
                        guard let note = sequence.tagger.padding(of: window, plan: reader.plan) else { continue }
                        hasPadded = true
                        sequence.onWarning(note)
                    }
                    ready = results.map { window, outputs in
                        TaggedWindow(
                            startSeconds: window.startSeconds, endSeconds: window.endSeconds,
                            tags: sequence.selection.tags(outputs.scores, labels: sequence.tagger.labels))
                    }
                }
                guard !ready.isEmpty else {
                    state = .finished
                    return nil
                }
                let first = ready.removeFirst()
                state = .reading(reader, ready)
                return first
            } catch {
                state = .finished
                throw error
            }
        }
    }
}

import EPANNsAudio
import EPANNsCore
import Foundation

/// The scored windows of a source as an asynchronous sequence.
///
/// Each iteration opens the source anew and has a thread of its own, off Swift's cooperative ones, since reading may wait
/// for a silent pipe as long as it likes. The thread waits for the consumer: at most the windows that go side by side
/// are ahead. Breaking out of the loop or cancelling the task ends the iteration at once, also a ``Iterator/next()`` that
/// waits; the thread itself ends as soon as its read returns. Tests: `ScoredWindowsTests`.
public struct ScoredWindows: AsyncSequence, Sendable {
    /// A window with its scores.
    public typealias Element = ScoredWindow
    /// Any error, in fact an `EPANNsError` or a `CancellationError`.
    public typealias Failure = any Error

    let open: @Sendable () throws -> ScoredWindowReader
    let onWarning: @Sendable (String) -> Void

    /// Starts reading.
    public func makeAsyncIterator() -> Iterator {
        Iterator(owner: Iterator.Owner(WindowChannel(open: open, onWarning: onWarning)))
    }

    /// Gives one window at a time.
    public struct Iterator: AsyncIteratorProtocol {
        /// Lets the thread go when nobody listens any more.
        final class Owner: Sendable {
            let channel: WindowChannel
            init(_ channel: WindowChannel) { self.channel = channel }
            deinit { channel.cancel() }
        }

        let owner: Owner

        /// The next window; nil at the end.
        ///
        /// - Throws: As ``ScoredWindowReader/next()``; `CancellationError` when the task is cancelled, at once.
        public mutating func next() async throws -> ScoredWindow? { try await owner.channel.next() }
    }
}

/// Hands windows from the thread that reads to the task that wants them.
final class WindowChannel: @unchecked Sendable {
    private typealias Wish = CheckedContinuation<ScoredWindow?, any Error>

    private let open: @Sendable () throws -> ScoredWindowReader
    private let onWarning: @Sendable (String) -> Void
    // All of it behind the condition's lock.
    private let condition = NSCondition()
    private var wish: Wish?
    private var isStarted = false
    private var isOver = false
    private var isCancelled = false

    init(
        open: @escaping @Sendable () throws -> ScoredWindowReader, onWarning: @escaping @Sendable (String) -> Void
    ) {
        self.open = open
        self.onWarning = onWarning
    }

    func next() async throws -> ScoredWindow? {
        try Task.checkCancellation()
        return try await withTaskCancellationHandler {
            try await withCheckedThrowingContinuation { take($0) }
        } onCancel: {
            cancel()
        }
    }

    func cancel() {
        let waiting: Wish? = condition.withLock {
            isCancelled = true
            condition.signal()
            defer { wish = nil }
            return wish
        }
        waiting?.resume(throwing: CancellationError())
    }

    private func take(_ new: Wish) {
        enum Answer { case later, nothing, cancelled }
        let answer: Answer = condition.withLock {
            if isCancelled { return .cancelled }
            if isOver { return .nothing }
            wish = new
            condition.signal()
            if !isStarted {
                isStarted = true
                Thread.detachNewThread { self.serve() }
            }
            return .later
        }
        switch answer {
        case .later: break
        case .nothing: new.resume(returning: nil)
        case .cancelled: new.resume(throwing: CancellationError())
        }
    }

    private func serve() {
        var reader: ScoredWindowReader?
        var said: Set<String> = []
        while waitForWish() {
            let result = Result {
                let opened = try reader ?? open()
                reader = opened
                let window = try opened.next()
                // The source's own are complete at its end.
                let warnings = opened.isAtEnd ? opened.warnings : [opened.padding].compactMap(\.self)
                for warning in warnings where said.insert(warning).inserted { onWarning(warning) }
                return window
            }
            let isLast = (try? result.get()) == nil
            let waiting: Wish? = condition.withLock {
                isOver = isOver || isLast
                defer { wish = nil }
                return wish
            }
            waiting?.resume(with: result)
            if isLast { return }
        }
    }

    private func waitForWish() -> Bool {
        condition.withLock {
            while wish == nil, !isCancelled { condition.wait() }
            return !isCancelled
        }
    }
}

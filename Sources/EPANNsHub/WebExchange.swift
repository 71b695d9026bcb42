import Foundation
import Synchronization

/// One question to a web server and its answer: the head, then the body piece by piece.
///
/// By libcurl, in a thread of its own. Not by Foundation's `URLSession`, which on Linux is libcurl, too, but ends the
/// program when a server hangs up within its header, cannot be made to wait for a slow disk, and tells an untrusted
/// certificate from a cut only by its words.
///
/// Follows no redirect: the head of one is an answer like any other. Proxies are taken from the environment
/// (`https_proxy`, `http_proxy`, `no_proxy`). Used by one task, which must end it with ``cancel()``.
///
/// Test: `ModelDownloaderTests`, `BadServerTests`.
final class WebExchange: Sendable {
    /// What is asked for.
    struct Question: Hashable {
        var url: URL
        /// Header fields, in order.
        var fields: [String]
    }

    /// How long a server is borne with.
    struct Patience: Hashable {
        /// The longest wait for the answer's head.
        var answer: Duration
        /// The longest silence after it.
        var silence: Duration
        /// The least bytes a second, averaged over ``paceWindow``.
        var bytesPerSecond: Int
        /// The time over which the pace is measured.
        var paceWindow: Duration
    }

    /// Why an exchange ended early.
    enum Failure: Error, Hashable {
        /// No answer within ``Patience/answer``.
        case noAnswer
        /// Nothing came for ``Patience/silence``.
        case silence
        /// Less came than ``Patience/bytesPerSecond``.
        case tooSlow(bytesPerSecond: Int)
        /// The connection or the answer failed.
        case transport(TransportError)
    }

    /// What has come and not been taken, and how the exchange stands.
    struct State {
        var answer: WebAnswer?
        var pieces: [Data] = []
        /// The bytes in ``pieces``.
        var backlog = 0
        var end: Result<Void, any Error>?
        var pace: PaceMeter
        var watchdog: Task<Void, Never>?
        var waiter: CheckedContinuation<Void, Never>?
        var hasNews = false
    }

    /// From how many waiting bytes on the server is kept waiting.
    static let maximumBacklog = 4 << 20

    let question: Question
    let patience: Patience
    private let state: Mutex<State>
    /// Told when room has become free in the backlog.
    private let room = DispatchSemaphore(value: 0)

    /// Asks.
    init(_ question: Question, patience: Patience) {
        self.question = question
        self.patience = patience
        state = Mutex(State(pace: PaceMeter(window: patience.paceWindow)))
        let watchdog = Task {
            while !Task.isCancelled, self.watch() { try? await Task.sleep(for: self.tick) }
        }
        state.withLock { $0.watchdog = watchdog }
        Thread.detachNewThread { self.end(CurlTransfer(self).perform()) }
    }

    /// Waits for the head of the answer.
    ///
    /// - Throws: ``Failure``, `CancellationError`.
    func answer() async throws -> WebAnswer {
        try await wait { state in
            if let answer = state.answer { return answer }
            switch state.end {
            case .failure(let error): throw error
            case .success: throw Failure.transport(TransportError(kind: .cut, text: "it ended within its header"))
            case nil: return nil
            }
        }
    }

    /// Waits for the next piece of the body; `nil` at its end.
    ///
    /// - Throws: ``Failure``, `CancellationError`; what came before a failure is handed over first.
    func next() async throws -> Data? {
        defer { room.signal() }
        return try await wait { state -> Data?? in
            if case .failure(let error) = state.end, error is CancellationError { throw error }
            if !state.pieces.isEmpty {
                let pieces = state.pieces
                state.pieces = []
                state.backlog = 0
                return pieces.count == 1 ? pieces[0] : Data(pieces.joined())
            }
            switch state.end {
            case .failure(let error): throw error
            case .success: return .some(nil)
            case nil: return nil
            }
        }
    }

    /// Ends the exchange, whatever is still to come.
    func cancel() { end(.failure(CancellationError())) }

    /// Waits until `ready` gives something.
    private func wait<Value>(_ ready: (inout State) throws -> Value?) async throws -> Value {
        try await withTaskCancellationHandler {
            while true {
                if let value = try state.withLock({ try ready(&$0) }) { return value }
                await withCheckedContinuation { continuation in
                    let isDue = state.withLock { state in
                        if !state.hasNews { state.waiter = continuation }
                        defer { state.hasNews = false }
                        return state.hasNews
                    }
                    if isDue { continuation.resume() }
                }
            }
        } onCancel: {
            cancel()
        }
    }

    /// Changes the state, unless the exchange has ended, and wakes whoever waits for a change.
    ///
    /// - Returns: Whether it has not.
    @discardableResult
    private func update(_ change: (inout State) -> Void) -> Bool {
        let (isOpen, waiter) = state.withLock { state in
            guard state.end == nil else { return (false, CheckedContinuation<Void, Never>?.none) }
            change(&state)
            state.hasNews = state.waiter == nil
            defer { state.waiter = nil }
            return (true, state.waiter)
        }
        waiter?.resume()
        return isOpen
    }

    /// Notes the end; the first one counts.
    private func end(_ outcome: Result<Void, any Error>) {
        update { state in
            state.end = outcome
            state.watchdog?.cancel()
            state.watchdog = nil
        }
        room.signal()
    }
}

/// What the thread of the transfer tells.
extension WebExchange {
    /// Whether the transfer is still wanted.
    var isWanted: Bool { state.withLock { $0.end == nil } }

    /// Notes the head of the answer.
    ///
    /// - Returns: Whether to go on.
    func note(_ answer: WebAnswer) -> Bool {
        update { state in
            state.answer = answer
            state.pace.note(0)
        }
    }

    /// Notes a piece of the body; waits while too many have not been taken.
    ///
    /// - Returns: Whether to go on.
    func note(_ piece: Data) -> Bool {
        guard
            update({ state in
                state.pieces.append(piece)
                state.backlog += piece.count
                state.pace.note(piece.count)
            })
        else { return false }
        while state.withLock({ $0.end == nil && $0.backlog > Self.maximumBacklog }) {
            _ = room.wait(timeout: .now() + 1)
            // A server that is kept waiting is not to blame.
            state.withLock { $0.pace.restart() }
        }
        return true
    }
}

/// What ends an exchange with a server that is silent, or nearly so.
extension WebExchange {
    /// How often the watchdog looks.
    private var tick: Duration {
        let shortest = min(patience.answer, patience.silence, patience.paceWindow)
        return min(max(shortest / 8, .milliseconds(10)), .seconds(1))
    }

    /// Looks whether the server is still worth waiting for.
    ///
    /// - Returns: Whether to look again.
    private func watch() -> Bool {
        let failure: Failure? = state.withLock { state in
            guard state.end == nil else { return nil }
            let silence = state.pace.silence
            if state.answer == nil { return silence > patience.answer ? .noAnswer : nil }
            if silence > patience.silence { return .silence }
            if let pace = state.pace.bytesPerSecond, pace < Double(patience.bytesPerSecond) {
                return .tooSlow(bytesPerSecond: Int(pace))
            }
            return nil
        }
        if let failure { end(.failure(failure)) }
        return isWanted
    }
}

import EPANNs
import Foundation
import Synchronization

/// A line on standard error that says how far long work is; silent when that is no terminal.
final class ProgressBar: Sendable {
    private struct State {
        var done = 0
        var failed = 0
        var audioSeconds = 0.0
        var lastDrawn = ContinuousClock.now - .seconds(1)
        var isDrawn = false
    }

    private let total: Int
    private let isShown: Bool
    private let start = ContinuousClock.now
    private let state = Mutex(State())

    init(total: Int) {
        self.total = total
        isShown = total > 1 && StandardError.isTerminal
    }

    /// Counts an input.
    func advance(audioSeconds: Double?) {
        state.withLock { state in
            state.done += 1
            if let audioSeconds { state.audioSeconds += audioSeconds } else { state.failed += 1 }
            draw(&state, force: state.done == total)
        }
    }

    /// Writes a line above the bar.
    func message(_ text: String) {
        state.withLock { state in
            clear(&state)
            write(text + "\n")
            draw(&state, force: true)
        }
    }

    /// Runs `body` with the bar out of the way of what it prints on standard output.
    func aside<Result>(_ body: () throws -> Result) rethrows -> Result {
        try state.withLock { state in
            clear(&state)
            return try body()
        }
    }

    /// Removes the bar.
    func finish() { state.withLock { clear(&$0) } }

    private func clear(_ state: inout State) {
        guard state.isDrawn else { return }
        write("\r\u{1B}[K")
        state.isDrawn = false
    }

    private func draw(_ state: inout State, force: Bool) {
        let now = ContinuousClock.now
        guard isShown, force || now - state.lastDrawn > .milliseconds(100) else { return }
        state.lastDrawn = now
        state.isDrawn = true
        let elapsed = Double((now - start).components.seconds) + Double((now - start).components.attoseconds) * 1e-18
        let width = 24
        let filled = state.done * width / max(total, 1)
        let bar = String(repeating: "█", count: filled) + String(repeating: "·", count: width - filled)
        let left = state.done > 0 ? elapsed / Double(state.done) * Double(total - state.done) : 0
        let speed = elapsed > 0 ? state.audioSeconds / elapsed : 0
        let failures = state.failed > 0 ? ", \(state.failed) failed" : ""
        write(
            "\r\u{1B}[K\(bar) \(state.done)/\(total)\(failures), \(Int(speed))× real time, "
                + "\(ResultFormat.clock(left.rounded())) left")
    }

    private func write(_ text: String) { StandardError.writeBare(text) }
}

import EPANNs
import EPANNsCore
import Foundation
import Synchronization

/// A line on standard error that says how far long work is; silent when that is no terminal.
///
/// Of several processes the first one tells, and to a launcher's pipe: a line every ten seconds.
final class ProgressBar: Sendable {
    private enum Style { case silent, bar, lines }

    private struct State {
        var done = 0
        var failed = 0
        var audioSeconds = 0.0
        var lastDrawn = ContinuousClock.now - .seconds(9)
        var isDrawn = false
    }

    private let total: Int
    private let style: Style
    private let start = ContinuousClock.now
    private let state = Mutex(State())

    init(total: Int, isShared: Bool = false) {
        self.total = total
        style = total < 2 ? .silent : StandardError.isTerminal ? .bar : isShared ? .lines : .silent
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
            draw(&state, force: style == .bar)
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
        let interval = Duration.milliseconds(style == .bar ? 100 : 10000)
        guard style != .silent, force || now - state.lastDrawn > interval else { return }
        state.lastDrawn = now
        state.isDrawn = style == .bar
        let elapsed = Double((now - start).components.seconds) + Double((now - start).components.attoseconds) * 1e-18
        let width = 24
        let filled = state.done * width / max(total, 1)
        let bar = String(repeating: "█", count: filled) + String(repeating: "·", count: width - filled)
        let left = state.done > 0 ? elapsed / Double(state.done) * Double(total - state.done) : 0
        let speed = elapsed > 0 ? state.audioSeconds / elapsed : 0
        let failures = state.failed > 0 ? ", \(state.failed) failed" : ""
        let numbers =
            "\(state.done)/\(total)\(failures), \(Int(speed))× real time, \(ResultFormat.clock(left.rounded())) left"
        write(style == .bar ? "\r\u{1B}[K\(bar) \(numbers)" : numbers + "\n")
    }

    private func write(_ text: String) { StandardError.writeBare(text) }
}

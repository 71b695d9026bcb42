import EPANNs
import EPANNsCore
import Foundation
import Synchronization

/// A line on standard error that says how far long work is; silent when that is not a terminal.
///
/// Of several processes the first one tells, and to a launcher's pipe: a line every ten seconds.
final class ProgressBar: Sendable {
    private enum Style { case silent, bar, lines }

    private struct State {
        var done = 0
        var failed = 0
        var audioSeconds = 0.0
        /// Seconds of the only input, and how many its header promises.
        var single: (done: Double, total: Double?)?
        var lastDrawn = ContinuousClock.now - .seconds(9)
        var isDrawn = false
    }

    private let total: Int
    private let style: Style
    private let start = ContinuousClock.now
    private let state = Mutex(State())

    init(total: Int, isShared: Bool = false) {
        self.total = total
        style = StandardError.isTerminal ? .bar : total > 1 && isShared ? .lines : .silent
    }

    /// Counts an input.
    func advance(audioSeconds: Double?) {
        state.withLock { state in
            state.done += 1
            if let audioSeconds { state.audioSeconds += audioSeconds } else { state.failed += 1 }
            if total > 1 { draw(&state, force: state.done == total) }
        }
    }

    /// Takes note of how far the only input is; a short one is done before anybody looks.
    func advance(seconds: Double, of promised: Double?) {
        guard style == .bar else { return }
        state.withLock { state in
            state.single = (seconds, promised)
            if ContinuousClock.now - start > .seconds(1) { draw(&state, force: false) }
        }
    }

    /// Writes a line above the bar.
    func message(_ text: String) {
        state.withLock { state in
            clear(&state)
            write(text + "\n")
            if total > 1 { draw(&state, force: style == .bar) }
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
        let share = state.single.map { $0.done / max($0.total ?? .infinity, 1e-9) }
        let filled = Int(Double(Self.width) * min(1, share ?? Double(state.done) / Double(max(total, 1))))
        let bar = String(repeating: "█", count: filled) + String(repeating: "·", count: Self.width - filled)
        let numbers = numbers(state, elapsed)
        write(style == .bar ? "\r\u{1B}[K\(bar) \(numbers)" : numbers + "\n")
    }

    private static let width = 24

    private func numbers(_ state: State, _ elapsed: Double) -> String {
        func speed(_ audioSeconds: Double) -> String { "\(Int(elapsed > 0 ? audioSeconds / elapsed : 0))× real time" }
        func rest(_ done: Double, _ total: Double) -> String {
            done > 0 ? ", \(Self.time(elapsed / done * max(0, total - done))) left" : ""
        }
        if let (done, total) = state.single {
            let text = ResultFormat.clock(done, decimals: 0)
            guard let total, total >= done else { return "\(text), \(speed(done))" }
            return "\(text) of \(ResultFormat.clock(total, decimals: 0)), \(speed(done))\(rest(done, total))"
        }
        let failures = state.failed > 0 ? ", \(state.failed) failed" : ""
        return "\(state.done)/\(total)\(failures), \(speed(state.audioSeconds))"
            + rest(Double(state.done), Double(total))
    }

    /// As people say it: seconds, or minutes and seconds.
    private static func time(_ seconds: Double) -> String {
        seconds < 60 ? "\(Int(seconds.rounded())) s" : ResultFormat.clock(seconds, decimals: 0)
    }

    private func write(_ text: String) { StandardError.writeBare(text) }
}

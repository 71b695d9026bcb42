import EPANNs
import EPANNsCore
import EPANNsTraining
import Foundation

/// Shows a run: a line that is drawn anew on a terminal, a line every half a minute elsewhere.
final class TrainingProgress {
    private let iterations: Int
    private let isTerminal = StandardError.isTerminal
    private var lastShown = ContinuousClock.now - .seconds(60)
    private var isDrawn = false
    private var loss: Double?
    private var secondsPerIteration: Double?
    private var clipsPerSecond = 0.0

    init(iterations: Int) { self.iterations = iterations }

    func show(_ event: TrainingEvent) {
        switch event {
        case .packing(let progress):
            if progress.completed == progress.total {
                clear()
            } else {
                draw(
                    "Packing recordings: \(progress.completed) of \(progress.total)",
                    every: isTerminal ? .milliseconds(200) : .seconds(30))
            }
        case .note(let text, let remedy): line(text + (remedy.map { " \($0.commandText)" } ?? ""))
        case .start(let start):
            let memory = Double(start.memoryBytes) / 1e6
            line(
                "\(start.model): \(start.trainedParameters) of \(start.parameters) weights trained on "
                    + "\(start.clips.counted("clip")) of \(start.classes.counted("class")) (\(start.testClips) to test on), \(start.clipSeconds) s each; "
                    + "\(start.precision), \(start.threads.counted("thread"))"
                    + (start.processes > 1 ? " in each of \(start.processes) processes" : "")
                    + String(format: ", %.0f MB besides the recordings", memory))
        case .step(let step): stepDone(step)
        case .evaluation(let evaluation):
            var text = "\(evaluation.iteration): mAP " + TrainCommand.digits(evaluation.map)
            if let accuracy = evaluation.accuracy { text += ", accuracy " + TrainCommand.digits(accuracy) }
            text += ", loss " + TrainCommand.digits(evaluation.loss)
            line(text + String(format: " (%.1f s)", evaluation.seconds))
        case .best, .checkpoint: break
        case .resume(let iteration): line("Going on after \(iteration.counted("iteration")).")
        case .end: clear()
        }
    }

    private func stepDone(_ step: TrainingEvent.Step) {
        // Losses jump from batch to batch; the mean of the last twenty or so says more.
        loss = loss.map { 0.95 * $0 + 0.05 * step.loss } ?? step.loss
        secondsPerIteration = secondsPerIteration.map { 0.9 * $0 + 0.1 * step.seconds } ?? step.seconds
        clipsPerSecond = clipsPerSecond == 0 ? step.clipsPerSecond : 0.9 * clipsPerSecond + 0.1 * step.clipsPerSecond
        let done = step.iteration + 1
        let left = Double(iterations - done) * (secondsPerIteration ?? 0)
        let width = 20
        let filled = done * width / max(iterations, 1)
        let bar =
            isTerminal
            ? String(repeating: "█", count: filled) + String(repeating: "·", count: width - filled) + " " : ""
        draw(
            "\(bar)\(done)/\(iterations), loss \(TrainCommand.digits(loss ?? 0)), "
                + String(format: "%.1f", clipsPerSecond) + " clips/s, \(ResultFormat.clock(left.rounded())) left",
            every: isTerminal ? .milliseconds(200) : .seconds(30))
    }

    func finish() { clear() }

    private func line(_ text: String) {
        clear()
        StandardError.writeBare(text + "\n")
    }

    private func draw(_ text: String, every interval: Duration) {
        let now = ContinuousClock.now
        guard now - lastShown > interval else { return }
        lastShown = now
        if isTerminal {
            StandardError.writeBare("\r\u{1B}[K" + text)
            isDrawn = true
        } else {
            StandardError.writeBare(text + "\n")
        }
    }

    private func clear() {
        guard isDrawn else { return }
        StandardError.writeBare("\r\u{1B}[K")
        isDrawn = false
    }
}

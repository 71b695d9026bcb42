import EPANNsCore
import EPANNsData
import EPANNsReports
import Foundation

/// What a run tells while it goes on; also what its log holds, one line each.
public enum TrainingEvent: Sendable {
    /// Recordings are being packed.
    case packing(WaveformCache.Progress)
    /// Something that a person should know, and what can be done about it.
    case note(String, remedy: Remedy? = nil)
    /// The network is compiled; training begins.
    case start(Start)
    /// An iteration is done.
    case step(Step)
    /// The model was tested.
    case evaluation(Evaluation)
    /// The model is the best so far.
    case best(iteration: Int, metric: String, value: Double)
    /// A checkpoint was written.
    case checkpoint(iteration: Int, seconds: Double)
    /// A stopped run goes on.
    case resume(iteration: Int)
    /// The run is over.
    case end(iteration: Int, reason: String)

    /// The beginning of a run.
    public typealias Start = RunEntry.Start
    /// An iteration.
    public typealias Step = RunEntry.Step
    /// A test of the model.
    public typealias Evaluation = RunEntry.Evaluation
}

extension TrainingEvent {
    /// The log's line; nil for what is not logged.
    var logEntry: RunEntry? {
        switch self {
        case .packing: nil
        case .note(let text, let remedy): .note(text + (remedy.map { " \($0)" } ?? ""))
        case .start(let start): .start(start)
        case .step(let step): .step(step)
        case .evaluation(let evaluation): .evaluation(evaluation)
        case .best(let iteration, let metric, let value): .best(iteration: iteration, metric: metric, value: value)
        case .checkpoint(let iteration, let seconds): .checkpoint(iteration: iteration, seconds: seconds)
        case .resume(let iteration): .resume(iteration: iteration)
        case .end(let iteration, let reason): .end(iteration: iteration, reason: reason)
        }
    }
}

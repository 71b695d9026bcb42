import EPANNsData
import Foundation

/// What a run tells while it goes on; also what its log holds, one line each.
public enum TrainingEvent: Sendable {
    /// Recordings are being packed.
    case packing(WaveformCache.Progress)
    /// Something that a person should know.
    case note(String)
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
    public struct Start: Codable, Sendable {
        var kind = "start"
        /// When, as ISO 8601.
        public var time: String
        /// Name of the network.
        public var model: String
        /// Weights in the network.
        public var parameters: Int
        /// Weights that are trained.
        public var trainedParameters: Int
        /// Clips to train on.
        public var clips: Int
        /// Clips to test on.
        public var testClips: Int
        /// Number of classes.
        public var classes: Int
        /// Length of a training clip.
        public var clipSeconds: Double
        /// Processes that share the run.
        public var processes: Int
        /// Threads of a step.
        public var threads: Int
        /// Arithmetic of the network.
        public var precision: String
        /// Bytes of weights, gradients, moments, feature maps and scratchpad.
        public var memoryBytes: Int
    }

    /// An iteration.
    public struct Step: Codable, Sendable {
        var kind = "step"
        /// Counted from 0.
        public var iteration: Int
        /// Mean loss of the batch, before the step.
        public var loss: Double
        /// The learning rate of the step.
        public var learningRate: Double
        /// Clips that were read in a second of the iteration.
        public var clipsPerSecond: Double
        /// Seconds that the network waited for data.
        public var waitSeconds: Double
        /// Seconds that the iteration took.
        public var seconds: Double
    }

    /// A test of the model.
    public struct Evaluation: Codable, Sendable {
        var kind = "evaluation"
        /// Iterations that the model has behind it.
        public var iteration: Int
        /// What it was tested on.
        public var set = "test"
        /// Mean average precision over the classes that occur.
        public var map: Double
        /// Mean AUC.
        public var mauc: Double?
        /// d′.
        public var dPrime: Double?
        /// Share of right top classes, for single-label sets.
        public var accuracy: Double?
        /// Mean loss.
        public var loss: Double
        /// Seconds that the test took.
        public var seconds: Double
    }
}

extension TrainingEvent {
    /// The log's line; nil for what is not logged.
    var logEntry: (any Encodable)? {
        switch self {
        case .packing: nil
        case .note(let text): Line(kind: "note", text: text)
        case .start(let start): start
        case .step(let step): step
        case .evaluation(let evaluation): evaluation
        case .best(let iteration, let metric, let value):
            Line(kind: "best", iteration: iteration, metric: metric, value: value)
        case .checkpoint(let iteration, let seconds):
            Line(kind: "checkpoint", iteration: iteration, seconds: seconds)
        case .resume(let iteration): Line(kind: "resume", iteration: iteration)
        case .end(let iteration, let reason): Line(kind: "end", iteration: iteration, reason: reason)
        }
    }

    private struct Line: Encodable {
        var kind: String
        var iteration: Int?
        var text: String?
        var metric: String?
        var value: Double?
        var seconds: Double?
        var reason: String?
    }
}

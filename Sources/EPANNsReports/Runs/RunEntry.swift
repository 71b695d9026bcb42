import EPANNsModels

/// One line of a training run's log: what training writes and reports read.
///
/// A JSON object with a `kind`, and snake-case keys that are these types' coding keys. Readers take numbers that are
/// missing for NaN or nil, and leave out what they do not know, so that older and newer logs can be read.
///
/// Tests: `RunEntryTests`, `TrainingLogTests`.
public enum RunEntry: Sendable, Hashable {
    /// A run begins.
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
    /// Something that a person should know.
    case note(String)

    /// What tells lines apart.
    public enum Kind: String, Codable, Sendable {
        /// As the cases of ``RunEntry``.
        case start, step, evaluation, best, checkpoint, resume, end, note
    }

    /// What kind of line it is.
    public var kind: Kind {
        switch self {
        case .start: .start
        case .step: .step
        case .evaluation: .evaluation
        case .best: .best
        case .checkpoint: .checkpoint
        case .resume: .resume
        case .end: .end
        case .note: .note
        }
    }

    /// The beginning of a run.
    public struct Start: Codable, Sendable, Hashable {
        /// When, as ISO 8601.
        public var time: String
        /// Who trains: a program and its version, such as `epanns 0.2.0`.
        public var program: String
        /// Name of the network.
        public var model: String
        /// How the model that it starts from was made; empty for random weights.
        public var history: [ModelStep]
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

        enum CodingKeys: String, CodingKey {
            case time, program, model, history, parameters
            case trainedParameters = "trained_parameters"
            case clips
            case testClips = "test_clips"
            case classes
            case clipSeconds = "clip_seconds"
            case processes, threads, precision
            case memoryBytes = "memory_bytes"
        }

        /// Describes a run.
        public init(
            time: String, program: String, model: String, history: [ModelStep] = [], parameters: Int,
            trainedParameters: Int, clips: Int, testClips: Int, classes: Int, clipSeconds: Double, processes: Int,
            threads: Int, precision: String, memoryBytes: Int
        ) {
            self.time = time
            self.program = program
            self.model = model
            self.history = history
            self.parameters = parameters
            self.trainedParameters = trainedParameters
            self.clips = clips
            self.testClips = testClips
            self.classes = classes
            self.clipSeconds = clipSeconds
            self.processes = processes
            self.threads = threads
            self.precision = precision
            self.memoryBytes = memoryBytes
        }
    }

    /// An iteration; NaN stands for numbers that a log does not have.
    public struct Step: Codable, Sendable, Hashable {
        /// Iterations that were done before it: the first step has 0.
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

        enum CodingKeys: String, CodingKey {
            case iteration, loss
            case learningRate = "learning_rate"
            case clipsPerSecond = "clips_per_second"
            case waitSeconds = "wait_seconds"
            case seconds
        }

        /// Describes an iteration.
        public init(
            iteration: Int, loss: Double, learningRate: Double = .nan, clipsPerSecond: Double = .nan,
            waitSeconds: Double = .nan, seconds: Double = .nan
        ) {
            self.iteration = iteration
            self.loss = loss
            self.learningRate = learningRate
            self.clipsPerSecond = clipsPerSecond
            self.waitSeconds = waitSeconds
            self.seconds = seconds
        }
    }

    /// A test of the model; NaN stands for numbers that a log does not have.
    public struct Evaluation: Codable, Sendable, Hashable {
        /// Iterations that the model has behind it.
        public var iteration: Int
        /// The part of the data that it was tested on.
        public var set: String
        /// Mean average precision over the classes that occur.
        public var map: Double
        /// Mean AUC.
        public var mauc: Double?
        /// d′.
        public var dPrime: Double?
        /// Share of clips whose best-scoring class is theirs, for single-label sets.
        public var accuracy: Double?
        /// Mean loss.
        public var loss: Double
        /// Seconds that the test took.
        public var seconds: Double

        enum CodingKeys: String, CodingKey {
            case iteration, set, map, mauc
            case dPrime = "d_prime"
            case accuracy, loss, seconds
        }

        /// Describes a test.
        public init(
            iteration: Int, set: String = "test", map: Double, mauc: Double? = nil, dPrime: Double? = nil,
            accuracy: Double? = nil, loss: Double, seconds: Double
        ) {
            self.iteration = iteration
            self.set = set
            self.map = map
            self.mauc = mauc
            self.dPrime = dPrime
            self.accuracy = accuracy
            self.loss = loss
            self.seconds = seconds
        }
    }
}

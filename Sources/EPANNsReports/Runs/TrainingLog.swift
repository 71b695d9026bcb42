import EPANNsCore
import EPANNsGraph
import EPANNsModels
import Foundation

/// What a training run noted: losses, evaluations, events; read from its `log.jsonl`.
///
/// One JSON object a line, told apart by `kind`. Kinds and keys that are not known are left out, so that older readers
/// read newer logs. A last line that was cut in the middle, as a killed run leaves it, is not an error. What was noted
/// beyond the iteration at which the run was resumed did not happen to the model, and is dropped.
///
/// Tests: `TrainingLogTests`.
public struct TrainingLog: Sendable, Hashable {
    /// A step of the optimiser.
    public struct Step: Sendable, Hashable {
        /// Iterations that were done before it: the first step has 0.
        public var iteration: Int
        /// Mean loss of the batch; NaN where the log says null.
        public var loss: Double
        /// The optimiser's learning rate.
        public var learningRate: Double?
        /// Speed.
        public var clipsPerSecond: Double?
        /// Seconds that the network waited for data.
        public var waitSeconds: Double?
    }

    /// An evaluation during training.
    public struct Evaluation: Sendable, Hashable {
        /// Iterations that the model had behind it.
        public var iteration: Int
        /// The part of the data, such as `test`.
        public var set: String
        /// Mean average precision.
        public var meanAveragePrecision: Double?
        /// Mean AUC.
        public var meanAUC: Double?
        /// d′.
        public var dPrime: Double?
        /// Share of clips whose best-scoring class is theirs; single-label sets only.
        public var accuracy: Double?
        /// Mean loss.
        public var loss: Double?
    }

    /// Something worth knowing, such as a resume, a best model, the end.
    public struct Event: Sendable, Hashable {
        /// The log's word for it: `start`, `checkpoint`, `best`, `resume`, `end` and others.
        public var kind: String
        /// The iteration, where the log gives one.
        public var iteration: Int?
        /// The rest of the line: keys and values as text, by key.
        public var details: [String: String]
    }

    /// Steps by iteration.
    public var steps: [Step] = []
    /// Evaluations by iteration.
    public var evaluations: [Evaluation] = []
    /// Events in the order of the log.
    public var events: [Event] = []
    /// Lines that are no JSON object, the cut last one excepted; counted from 1.
    public var damagedLines: [Int] = []
    /// Whether the last line was cut.
    public var isCut = false

    /// The evaluation of the model that the run calls its best, by whatever metric it was told to go by.
    ///
    /// Where the log names none, the one with the highest mean average precision, the first of equals; nil when there
    /// is no evaluation.
    public var best: Evaluation? {
        if let named = events.last(where: { $0.kind == "best" })?.iteration,
            let evaluation = evaluations.last(where: { $0.iteration == named })
        {
            return evaluation
        }
        return evaluations.reduce(nil) { best, evaluation in
            (evaluation.meanAveragePrecision ?? -1) > (best?.meanAveragePrecision ?? -1) ? evaluation : best
        }
    }

    /// Reads a log.
    ///
    /// - Parameter text: The file's contents; a file that is being written may end anywhere.
    public init(_ text: Data) {
        var lines = text.split(separator: UInt8(ascii: "\n"), omittingEmptySubsequences: false)
        let isComplete = text.isEmpty || text.last == UInt8(ascii: "\n")
        if isComplete { lines.removeLast(lines.isEmpty ? 0 : 1) }
        for (index, line) in lines.enumerated() {
            let isBlank = line.allSatisfy {
                $0 == UInt8(ascii: " ") || $0 == UInt8(ascii: "\r") || $0 == UInt8(ascii: "\t")
            }
            if isBlank { continue }
            if let object = try? JSONDecoder().decode([String: LogValue].self, from: Data(line)) {
                add(object)
            } else if index == lines.count - 1, !isComplete {
                isCut = true
            } else {
                damagedLines.append(index + 1)
            }
        }
        steps.sort { $0.iteration < $1.iteration }
        evaluations.sort { $0.iteration < $1.iteration }
    }

    /// Reads a log file.
    ///
    /// - Throws: `EPANNsError` with code `fileFailure` when it cannot be read, `unsupportedFormat` when it holds no
    ///   line of a log.
    public init(path: String) throws {
        let file = try MappedFile(path: path)
        self.init(withExtendedLifetime(file) { Data(file.bytes) })
        guard !steps.isEmpty || !evaluations.isEmpty || !events.isEmpty else {
            throw EPANNsError(
                .unsupportedFormat, "\(path) holds nothing that a training run notes; name the folder of a run.")
        }
    }

    private mutating func add(_ object: [String: LogValue]) {
        guard let kind = object["kind"]?.text else { return }
        let iteration = object["iteration"]?.integer
        switch kind {
        case "step":
            guard let iteration, let loss = object["loss"] else { return }
            steps.append(
                Step(
                    iteration: iteration, loss: loss.number ?? .nan, learningRate: object["learning_rate"]?.number,
                    clipsPerSecond: object["clips_per_second"]?.number, waitSeconds: object["wait_seconds"]?.number))
        case "evaluation":
            guard let iteration else { return }
            let set = object["set"]?.text ?? "test"
            evaluations.removeAll { $0.iteration == iteration && $0.set == set }
            evaluations.append(
                Evaluation(
                    iteration: iteration, set: set,
                    meanAveragePrecision: object["map"]?.number, meanAUC: object["mauc"]?.number,
                    dPrime: object["d_prime"]?.number, accuracy: object["accuracy"]?.number,
                    loss: object["loss"]?.number))
        default:
            if kind == "resume", let iteration { drop(from: iteration) }
            let details = object.filter { $0.key != "kind" && $0.key != "iteration" }.mapValues(\.rounded)
            events.append(Event(kind: kind, iteration: iteration, details: details))
        }
    }

    /// Forgets what lies at or beyond the iteration with which a resumed run goes on.
    private mutating func drop(from iteration: Int) {
        steps.removeAll { $0.iteration >= iteration }
        // What was found at the resumed iteration itself was found of the very weights that go on; a run that evaluates
        // them again replaces it.
        evaluations.removeAll { $0.iteration > iteration }
        events.removeAll { ($0.kind == "best" || $0.kind == "checkpoint") && ($0.iteration ?? 0) > iteration }
    }
}

/// A JSON value of a log's line.
enum LogValue: Decodable, Hashable, CustomStringConvertible {
    case text(String)
    case number(Double)
    case flag(Bool)
    case list([LogValue])
    case object([String: LogValue])
    case null

    init(from decoder: any Decoder) throws {
        let container = try decoder.singleValueContainer()
        if container.decodeNil() {
            self = .null
        } else if let flag = try? container.decode(Bool.self) {
            self = .flag(flag)
        } else if let number = try? container.decode(Double.self) {
            self = .number(number)
        } else if let text = try? container.decode(String.self) {
            self = .text(text)
        } else if let list = try? container.decode([LogValue].self) {
            self = .list(list)
        } else {
            self = .object(try container.decode([String: LogValue].self))
        }
    }

    var text: String? { if case .text(let text) = self { text } else { nil } }

    /// A number, or one of the words that JSON has none for.
    var number: Double? {
        switch self {
        case .number(let number): number
        case .text("NaN"), .text("nan"): .nan
        case .text("Infinity"), .text("inf"): .infinity
        case .text("-Infinity"), .text("-inf"): -.infinity
        default: nil
        }
    }

    /// A whole number that is not negative.
    var integer: Int? {
        guard let number, number >= 0, number < 0x1p53, number == number.rounded() else { return nil }
        return Int(number)
    }

    /// As text, numbers with six digits.
    var rounded: String {
        guard let number, number.isFinite, number != number.rounded() else { return description }
        return String(format: "%.6g", number)
    }

    var description: String {
        switch self {
        case .text(let text): text
        case .number(let number):
            number == number.rounded() && abs(number) < 0x1p53 ? "\(Int(number))" : "\(number)"
        case .flag(let flag): "\(flag)"
        case .list(let list): list.map(\.description).joined(separator: ", ")
        case .object(let object):
            object.sorted { $0.key < $1.key }.map { "\($0.key) \($0.value)" }.joined(separator: ", ")
        case .null: "–"
        }
    }
}

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
    public var steps: [RunEntry.Step] = []
    /// Evaluations by iteration.
    public var evaluations: [RunEntry.Evaluation] = []
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
    public var best: RunEntry.Evaluation? {
        if let named = events.last(where: { $0.kind == RunEntry.Kind.best.rawValue })?.iteration,
            let evaluation = evaluations.last(where: { $0.iteration == named })
        {
            return evaluation
        }
        func precision(_ evaluation: RunEntry.Evaluation?) -> Double {
            evaluation.flatMap { $0.map.isFinite ? $0.map : nil } ?? -1
        }
        return evaluations.reduce(nil) { precision($1) > precision($0) ? $1 : $0 }
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
        switch RunEntry.Kind(rawValue: kind) {
        case .step:
            if let step = RunEntry.Step(object) { steps.append(step) }
        case .evaluation:
            guard let evaluation = RunEntry.Evaluation(object) else { return }
            evaluations.removeAll { $0.iteration == evaluation.iteration && $0.set == evaluation.set }
            evaluations.append(evaluation)
        case .start, .best, .checkpoint, .resume, .end, .note, nil:
            let iteration = object["iteration"]?.integer
            if kind == RunEntry.Kind.resume.rawValue, let iteration { drop(from: iteration) }
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

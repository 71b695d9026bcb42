import EPANNsAudio
import EPANNsCore
import EPANNsData
import EPANNsGraph
import EPANNsRuntime
import Foundation

/// Everything that a run depends on, besides the files it names: the content of a run's `configuration.json`, and of a
/// YAML file for `epanns train`.
public struct TrainingConfiguration: Codable, Hashable, Sendable {
    /// A table of clips with the folder that holds them.
    public struct Source: Codable, Hashable, Sendable {
        /// The table; see `DataSet.read`.
        public var table: String
        /// The folder of its recordings; nil for the table's own.
        public var audio: String?
        /// Folds to train on; nil for all that are not tested on.
        public var trainFolds: [Int]?
        /// Folds to test on; nil for none.
        public var testFolds: [Int]?

        /// Makes a source.
        public init(table: String, audio: String? = nil, trainFolds: [Int]? = nil, testFolds: [Int]? = nil) {
            self.table = table
            self.audio = audio
            self.trainFolds = trainFolds
            self.testFolds = testFolds
        }
    }

    /// What the best model is best in.
    public enum Metric: String, Codable, Hashable, Sendable, CaseIterable {
        /// Mean average precision.
        case map
        /// Share of right top classes, for single-label sets.
        case accuracy
        /// The loss, negated.
        case loss
    }

    /// Tables to train on; their test folds are held out.
    public var data: [Source] = []
    /// Tables to test on, besides held-out folds.
    public var testData: [Source] = []
    /// File of class names; nil for the table's own, or the model's for a teacher's students.
    public var labels: String?
    /// Share of each class that is held out for testing where neither folds nor other data are named for it, and the
    /// table has no folds; nil and 0 for nothing.
    public var holdOut: Double?
    /// Whether clips without a recording are left out, rather than an error.
    public var skipsMissing = false

    /// Architecture of a fresh network, such as `cnn10`; nil with ``initial``.
    public var architecture: String?
    /// Explicit numbers of a fresh network, instead of ``architecture``.
    public var network: ModelConfiguration?
    /// Model to start from; nil for random weights.
    public var initial: String?
    /// What is not trained.
    public var freeze = FreezeSelection()
    /// Whether the classes of ``initial`` stay beside the new ones; nil as false.
    ///
    /// Only where nothing but the head is trained. The classes then do not compete (binary cross-entropy).
    public var keepsOldClasses: Bool?
    /// Whether the frozen part runs once over every clip and only the rest is trained.
    public var cachesEmbeddings = false

    /// Steps of the optimiser.
    public var iterations = 1000
    /// Examples of a batch, of all machines together.
    public var batchSize = 32
    /// Batches whose gradients are added up for one step.
    public var accumulation = 1
    /// The learning rate over the iterations.
    public var schedule = LearningRateSchedule()
    /// How gradients change weights.
    public var optimizer = OptimizerConfiguration()
    /// What is minimised; nil takes cross-entropy for single-label sets and binary cross-entropy for others.
    public var loss: LossConfiguration.Kind?
    /// Model whose scores are learnt from.
    public var teacher: String?
    /// Share of the teacher in the loss.
    public var teacherWeight = 0.0
    /// Temperature of the comparison with the teacher.
    public var temperature = 1.0
    /// Whether dropout layers drop.
    public var usesDropout = true

    /// Length of a training clip; nil takes the length that nine of ten recordings do not exceed, at most ten seconds.
    public var clipSeconds: Double?
    /// The order of drawing.
    public var sampler = Sampler.Kind.balanced
    /// Mixup's α, 1 in PANNs; nil for none.
    public var mixupAlpha: Double?
    /// SpecAugment; nil for none.
    public var specAugment: SpecAugment?
    /// Changes to the waveform.
    public var waveformAugmentation = WaveformAugmentation()

    /// Arithmetic of the network.
    public var precision = Precision.fp32
    /// Threads of a step; nil takes all cores.
    public var threads: Int?
    /// Seed of everything random but the sampler and mixup, whose seed is ``samplerSeed``.
    public var seed: UInt64 = 1234
    /// Seed of the sampler and of mixup; PANNs' is 1234.
    public var samplerSeed: UInt32 = 1234

    /// Iterations between evaluations; nil for one at the end only.
    public var evaluateEvery: Int?
    /// Iterations between checkpoints; nil for as often as takes one fiftieth of the time.
    public var checkpointEvery: Int?
    /// What the best model is best in; nil takes accuracy for single-label sets and mAP for others.
    public var metric: Metric?
    /// Folder of the packed waveforms; nil puts it beside the run.
    public var cache: String?

    /// Makes a configuration with PANNs' numbers.
    public init() {}

    /// Checks what can be checked without reading files.
    ///
    /// - Throws: `EPANNsError` with code `invalidConfiguration`.
    public func validate() throws {
        func refuse(_ message: String) -> EPANNsError { EPANNsError(.invalidConfiguration, message) }
        guard !data.isEmpty else {
            throw EPANNsError(.invalidConfiguration, "No data is given.", remedy: .nameData)
        }
        guard [architecture != nil, network != nil, initial != nil].count(where: { $0 }) == 1 else {
            throw EPANNsError(
                .invalidConfiguration,
                "A run needs either a model to start from or the architecture of a fresh one, and only one of them.",
                remedy: .nameStartOrArchitecture)
        }
        guard (1...1 << 40).contains(iterations), (1...1 << 16).contains(batchSize),
            (1...1 << 16).contains(accumulation)
        else {
            throw refuse(
                "Iterations (\(iterations)), batch size (\(batchSize)) and accumulation (\(accumulation)) must be at least 1."
            )
        }
        guard (0..<1).contains(holdOut ?? 0) else {
            throw refuse("The share that is held out for testing must be at least 0 and below 1.")
        }
        guard keepsOldClasses != true || initial != nil else {
            throw refuse("Old classes can be kept only of a model to start from.")
        }
        guard (0...1).contains(teacherWeight), temperature > 0, temperature <= 1000 else {
            throw refuse("The teacher's weight lies in 0…1 and the temperature above 0.")
        }
        guard (teacher == nil) == (teacherWeight == 0) else {
            throw EPANNsError(
                .invalidConfiguration, "A teacher needs a weight above 0, and a weight needs a teacher.",
                remedy: .nameTeacherAndWeight)
        }
        guard clipSeconds.map({ $0 > 0 && $0 <= 3600 }) ?? true, threads.map({ (1...1024).contains($0) }) ?? true,
            evaluateEvery.map({ $0 > 0 }) ?? true, checkpointEvery.map({ $0 > 0 }) ?? true,
            mixupAlpha.map({ $0 > 0 && $0 <= 1000 }) ?? true
        else {
            throw refuse(
                "Clip length, threads, mixup's alpha and the distances of evaluations and checkpoints must be above 0.")
        }
        if cachesEmbeddings {
            guard mixupAlpha == nil, specAugment == nil, teacher == nil else {
                throw EPANNsError(
                    .invalidConfiguration,
                    "With cached embeddings the audio is heard once only: leave mixup, SpecAugment and the teacher out, or "
                        + "train without the cache.", remedy: .trainWithoutCachedEmbeddings)
            }
        }
        try schedule.validate()
        try optimizer.validate()
        try specAugment?.validate()
        try waveformAugmentation.validate()
    }

    // MARK: Files

    /// The JSON form, keys in snake case and in order.
    public func json() throws -> Data {
        let encoder = JSONEncoder()
        encoder.outputFormatting = [.sortedKeys, .prettyPrinted, .withoutEscapingSlashes]
        encoder.keyEncodingStrategy = .convertToSnakeCase
        return try encoder.encode(self)
    }

    /// Reads the JSON form; keys that are missing have their defaults, unknown ones are an error.
    ///
    /// - Throws: `EPANNsError` with code `invalidConfiguration` naming the key.
    public init(json: Data) throws {
        let decoder = JSONDecoder()
        decoder.keyDecodingStrategy = .convertFromSnakeCase
        do {
            let known = try JSONSerialization.jsonObject(with: Self().complete().json()) as? [String: Any] ?? [:]
            let defaults = try JSONSerialization.jsonObject(with: Self().json()) as? [String: Any] ?? [:]
            guard let given = try JSONSerialization.jsonObject(with: json) as? [String: Any] else {
                throw EPANNsError(.invalidConfiguration, "The configuration is not an object of keys and values.")
            }
            try Self.checkKeys(given, known: known, path: "")
            func decode(_ given: [String: Any]) throws -> Self {
                let merged = Self.merge(defaults, given, known: known)
                return try decoder.decode(Self.self, from: JSONSerialization.data(withJSONObject: merged))
            }
            do {
                self = try decode(given)
            } catch DecodingError.dataCorrupted(let context) where context.codingPath.isEmpty {
                // A fraction or a negative number where a whole one belongs; the decoder does not tell which.
                let wrong = given.keys.sorted().filter { key in
                    given[key].map { (try? decode([key: $0])) == nil } ?? false
                }
                throw EPANNsError(
                    .invalidConfiguration,
                    "The configuration cannot be understood: “\(wrong.joined(separator: "”, “"))” has a number that does "
                        + "not fit; a whole one is wanted.")
            }
        } catch let error as EPANNsError {
            throw error
        } catch let error as DecodingError {
            throw EPANNsError(.invalidConfiguration, "The configuration cannot be understood: \(Self.explain(error))")
        } catch {
            throw EPANNsError(.invalidConfiguration, "The configuration cannot be read.", cause: error)
        }
    }

    /// The same with every optional value present, for the list of known keys.
    private func complete() -> Self {
        var copy = self
        copy.data = [Source(table: "", audio: "", trainFolds: [], testFolds: [])]
        copy.testData = copy.data
        copy.labels = ""
        copy.holdOut = 0
        copy.keepsOldClasses = true
        copy.architecture = ""
        copy.initial = ""
        copy.network = .cnn(CNNConfiguration(.cnn10))
        copy.loss = .binaryCrossEntropy
        copy.teacher = ""
        copy.clipSeconds = 1
        copy.mixupAlpha = 1
        copy.specAugment = SpecAugment()
        copy.waveformAugmentation = WaveformAugmentation(
            gainDecibels: 0...1, shift: .init(maximumSeconds: 1), noiseSNRDecibels: 0...1)
        copy.optimizer.clippingNorm = 1
        copy.threads = 1
        copy.evaluateEvery = 1
        copy.checkpointEvery = 1
        copy.metric = .map
        copy.cache = ""
        return copy
    }

    private static func checkKeys(_ given: [String: Any], known: [String: Any], path: String) throws {
        for key in given.keys.sorted() where key != "network" {
            guard let value = known[key] else {
                let near = NearestNames.find(
                    key, among: known.keys.sorted().map { NearestNames.Candidate($0) }, limit: 1)
                let hint = NearestNames.question(near).map { ". \($0)" } ?? "."
                throw EPANNsError(.invalidConfiguration, "The configuration has no key “\(path)\(key)”\(hint)")
            }
            if let inner = given[key] as? [String: Any], let knownInner = value as? [String: Any] {
                try checkKeys(inner, known: knownInner, path: "\(path)\(key).")
            }
            if let items = given[key] as? [Any], let knownItem = (value as? [Any])?.first as? [String: Any] {
                for case let (index, item as [String: Any]) in items.enumerated() {
                    try checkKeys(item, known: knownItem, path: "\(path)\(key)[\(index)].")
                }
            }
        }
    }

    /// The given values over the defaults; a group that is off by default has its own defaults once it is named.
    private static func merge(
        _ defaults: [String: Any], _ given: [String: Any], known: [String: Any]
    ) -> [String: Any] {
        var result = defaults
        for (key, value) in given {
            let knownInner = known[key] as? [String: Any]
            if key != "network", let inner = value as? [String: Any], let knownInner {
                let base = defaults[key] as? [String: Any] ?? knownInner
                result[key] = merge(base, inner, known: knownInner)
            } else {
                result[key] = value
            }
        }
        return result
    }

    private static func explain(_ error: DecodingError) -> String {
        switch error {
        case .typeMismatch(_, let context), .valueNotFound(_, let context), .dataCorrupted(let context):
            let path = Self.path(context.codingPath)
            return "“\(path)” has a value of the wrong kind."
        case .keyNotFound(let key, let context):
            let path = Self.path(context.codingPath + [key])
            return "“\(path)” is missing."
        @unknown default: return "\(error)"
        }
    }

    /// The path of a key as it is written in files.
    private static func path(_ keys: [any CodingKey]) -> String {
        keys.map { key in
            key.stringValue.reduce(into: "") { name, letter in
                if letter.isUppercase { name += "_" }
                name += letter.lowercased()
            }
        }.joined(separator: ".")
    }
}

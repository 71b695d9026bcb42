import ArgumentParser
import EPANNs
import EPANNsCore
import EPANNsHub
import EPANNsTraining
import Foundation

/// What `epanns train` learns from.
struct TrainDataOptions: ParsableArguments {
    @Option(
        help: ArgumentHelp(
            "A table of clips and their classes, or a folder with one folder for each class; several are trained on "
                + "together.", valueName: "table|folder"),
        completion: .file())
    var data: [String] = []

    @Option(
        help: ArgumentHelp(
            "The folder of a table's recordings, in the order of --data (default: the table's).", valueName: "folder"),
        completion: .directory)
    var audio: [String] = []

    @Option(
        help: ArgumentHelp(
            "Folds that are held out for testing, such as 5 or 4,5; one for each table.", valueName: "folds"))
    var foldsTest: [String] = []

    @Option(
        help: ArgumentHelp(
            "Folds to train on (default: all that are not tested on); one for each table.", valueName: "folds"))
    var foldsTrain: [String] = []

    @Option(
        help: ArgumentHelp("A table to test on, besides held-out folds.", valueName: "table"), completion: .file())
    var testData: [String] = []

    @Option(
        help: ArgumentHelp("The folder of a test table's recordings.", valueName: "folder"), completion: .directory)
    var testAudio: [String] = []

    @Option(
        help: ArgumentHelp(
            "The share of each class that is held out for testing where the data has no folds and no --test-data is given "
                + "(default: 0.2); 0 trains on all.", valueName: "share"))
    var holdOut: Double?

    @Option(
        help: ArgumentHelp("The classes, a name a line or a CSV (default: the table's).", valueName: "file"),
        completion: .file())
    var labels: String?

    @Flag(help: "Leave clips out whose recording is missing; otherwise that is an error.")
    var skipMissing = false

    @Option(
        help: ArgumentHelp(
            "Folder of the packed recordings, for several runs to share (default: in the run's).", valueName: "folder"),
        completion: .directory)
    var cache: String?

    var isGiven: Bool {
        !data.isEmpty || !audio.isEmpty || !foldsTest.isEmpty || !foldsTrain.isEmpty || !testData.isEmpty
            || !testAudio.isEmpty || labels != nil || holdOut != nil || skipMissing || cache != nil
    }

    func apply(to configuration: inout TrainingConfiguration) throws {
        if !data.isEmpty {
            for (name, values) in [("--audio", audio), ("--folds-test", foldsTest), ("--folds-train", foldsTrain)]
            where values.count > data.count {
                throw EPANNsError(
                    .invalidConfiguration, "\(name) is given \(values.count) times for \(data.count) tables (--data).")
            }
            configuration.data = try data.enumerated().map { index, table in
                TrainingConfiguration.Source(
                    table: table, audio: audio.indices.contains(index) ? audio[index] : nil,
                    trainFolds: try folds(foldsTrain, index, "--folds-train"),
                    testFolds: try folds(foldsTest, index, "--folds-test"))
            }
        } else if !audio.isEmpty || !foldsTest.isEmpty || !foldsTrain.isEmpty {
            throw EPANNsError(
                .invalidConfiguration, "--audio and folds belong to a table; name it with --data.")
        }
        if !testData.isEmpty {
            configuration.testData = testData.enumerated().map { index, table in
                .init(table: table, audio: testAudio.indices.contains(index) ? testAudio[index] : nil)
            }
        }
        if let labels { configuration.labels = labels }
        // A run says what it does in its configuration, and those of before had nothing held out.
        configuration.holdOut = holdOut ?? configuration.holdOut ?? 0.2
        if skipMissing { configuration.skipsMissing = true }
        if let cache { configuration.cache = cache }
    }

    private func folds(_ values: [String], _ index: Int, _ name: String) throws -> [Int]? {
        guard values.indices.contains(index) else { return nil }
        return try FoldList.parse(values[index], option: name, takesNone: true)
    }
}

/// What `epanns train` trains.
struct TrainNetworkOptions: ParsableArguments {
    @Option(
        name: .customLong("init"),
        help: ArgumentHelp(
            "The model to start from: a file, or the name of a downloaded one. Other classes get a new head.",
            valueName: "file|name"),
        completion: .file(extensions: ["safetensors", "pt", "pth"]))
    var initial: String?

    @Option(
        help: ArgumentHelp(
            "The architecture of a fresh network, such as cnn10, epanns-50 or mn04.", valueName: "architecture"))
    var model: String?

    @Option(
        help: ArgumentHelp(
            "Weights that are not trained: a state-dict key, a prefix of one, or with * for any letters; a leading ! takes "
                + "out of the selection again.", valueName: "pattern"))
    var freeze: [String] = []

    @Flag(help: "Frozen batch norms follow the batches' statistics all the same, as in PANNs' transfer template.")
    var updateFrozenStatistics = false

    @Flag(
        help: """
            Train the last layer only: everything else is frozen and runs once over every clip. The quick way to \
            classes of one's own. The model keeps its old classes beside them.
            """)
    var headOnly = false

    @Flag(help: "With --head-only: the model knows the new classes only, and always says one of them.")
    var onlyNewClasses = false

    @Flag(help: "Run the frozen part once over every clip, and train on what it gives; needs --freeze.")
    var cacheEmbeddings = false

    @Option(
        help: ArgumentHelp("Learn from this model's scores, too (distillation).", valueName: "file|name"),
        completion: .file(extensions: ["safetensors", "pt", "pth"]))
    var teacher: String?

    @Option(
        help: ArgumentHelp("The teacher's share in the loss, 0…1; with 1 no labels are needed.", valueName: "share"))
    var teacherWeight: Double?

    @Option(help: ArgumentHelp("Logits are divided by this for the comparison with the teacher.", valueName: "T"))
    var temperature: Double?

    var isGiven: Bool {
        initial != nil || model != nil || !freeze.isEmpty || updateFrozenStatistics || headOnly || onlyNewClasses
            || cacheEmbeddings
            || teacher != nil || teacherWeight != nil || temperature != nil
    }

    func apply(to configuration: inout TrainingConfiguration) throws {
        if let initial {
            configuration.initial = try ModelSource(initial).path()
            configuration.architecture = nil
            configuration.network = nil
        }
        if let model {
            configuration.architecture = model
            configuration.network = nil
            if initial == nil { configuration.initial = nil }
        }
        if !freeze.isEmpty { configuration.freeze.patterns = freeze }
        if updateFrozenStatistics { configuration.freeze.includesStatistics = false }
        if cacheEmbeddings { configuration.cachesEmbeddings = true }
        if headOnly {
            guard let path = configuration.initial else {
                throw EPANNsError(
                    .invalidConfiguration, "--head-only needs a trained model to start from; name it with --init.")
            }
            let classifier = try Model.read(path: path).configuration.classifierName()
            configuration.freeze = FreezeSelection(patterns: ["*", "!\(classifier)"])
            configuration.cachesEmbeddings = true
            if !onlyNewClasses { configuration.keepsOldClasses = true }
        }
        if onlyNewClasses { configuration.keepsOldClasses = nil }
        if let teacher {
            configuration.teacher = try ModelSource(teacher).path()
            if teacherWeight == nil, configuration.teacherWeight == 0 { configuration.teacherWeight = 0.5 }
        }
        if let teacherWeight { configuration.teacherWeight = teacherWeight }
        if let temperature { configuration.temperature = temperature }
    }
}

/// How `epanns train` trains.
struct TrainRecipeOptions: ParsableArguments {
    @Option(help: ArgumentHelp("Steps (default: 1000).", valueName: "n"))
    var iterations: Int?
    @Option(help: ArgumentHelp("Examples of a batch, of all processes together (default: 32).", valueName: "n"))
    var batchSize: Int?
    @Option(help: ArgumentHelp("Batches whose gradients make one step (default: 1).", valueName: "n"))
    var accumulate: Int?
    @Option(help: ArgumentHelp("Learning rate (default: 0.001).", valueName: "rate"))
    var learningRate: Double?
    @Option(help: "How the rate goes on: constant (default), linear, cosine, step.")
    var schedule: LearningRateSchedule.Kind?
    @Option(help: ArgumentHelp("Iterations in which the rate grows from zero (default: 0).", valueName: "n"))
    var warmup: Int?
    @Option(help: ArgumentHelp("For the schedule step: iterations between two falls (default: 1000).", valueName: "n"))
    var stepIterations: Int?
    @Option(help: ArgumentHelp("For the schedule step: factor of a fall (default: 0.5).", valueName: "factor"))
    var stepFactor: Double?
    @Option(help: "adam (default, with AMSGrad), adamw or sgd.")
    var optimizer: OptimizerConfiguration.Kind?
    @Option(help: ArgumentHelp("Weight decay (default: 0).", valueName: "decay"))
    var weightDecay: Double?
    @Option(help: ArgumentHelp("Gradients with a larger norm are scaled down to this one.", valueName: "norm"))
    var clip: Double?
    @Option(help: "bce, or cross-entropy (default where every clip has one class).")
    var loss: LossConfiguration.Kind?
    @Option(
        help: ArgumentHelp(
            "Changes to the clips, with commas between them: mixup, specaugment, gain, shift, noise; or none.",
            valueName: "list"))
    var augment: String?
    @Option(help: "The order of drawing: balanced (default), none (shuffled), alternate.")
    var sampler: Sampler.Kind?
    @Option(
        help: ArgumentHelp(
            "Length of a training clip; longer recordings are cut at random places (default: as most are, at most 10).",
            valueName: "seconds"))
    var clipSeconds: Double?
    @Flag(help: "Dropout layers do not drop.")
    var noDropout = false
    @Option(help: "fp32 (default) or bf16: the convolutions' arithmetic; weights stay fp32.")
    var precision: Precision?
    @Option(
        help: ArgumentHelp(
            "Threads (default: the cores that other processes leave free at the start). Results depend on it in their last "
                + "digits.", valueName: "n"))
    var threads: Int?
    @Option(help: ArgumentHelp("Seed of everything random (default: 1234).", valueName: "n"))
    var seed: UInt64?
    @Option(help: ArgumentHelp("Iterations between tests (default: one at the end).", valueName: "n"))
    var evaluateEvery: Int?
    @Option(
        help: ArgumentHelp(
            "Iterations between checkpoints (default: as often as takes 2 % of the time).", valueName: "n"))
    var checkpointEvery: Int?
    @Option(help: "What the best model is best in: map, accuracy (default where every clip has one class), loss.")
    var metric: TrainingConfiguration.Metric?

    /// Whether anything is given that a resumed run cannot change.
    var changesRecipe: Bool {
        let values: [Any?] = [
            batchSize, accumulate, learningRate, schedule, warmup, stepIterations, stepFactor, optimizer, weightDecay,
            clip, loss, augment, sampler, clipSeconds, precision, seed, metric,
        ]
        return noDropout || values.contains { $0 != nil }
    }

    func apply(to configuration: inout TrainingConfiguration) throws {
        func set<Value>(_ path: WritableKeyPath<TrainingConfiguration, Value>, _ value: Value?) {
            if let value { configuration[keyPath: path] = value }
        }
        set(\.iterations, iterations)
        set(\.batchSize, batchSize)
        set(\.accumulation, accumulate)
        set(\.schedule.learningRate, learningRate)
        set(\.schedule.kind, schedule)
        set(\.schedule.warmupIterations, warmup)
        set(\.schedule.stepIterations, stepIterations)
        set(\.schedule.stepFactor, stepFactor)
        set(\.optimizer.kind, optimizer)
        set(\.optimizer.weightDecay, weightDecay)
        set(\.sampler, sampler)
        set(\.precision, precision)
        set(\.seed, seed)
        if let clip { configuration.optimizer.clippingNorm = clip }
        if let loss { configuration.loss = loss }
        if let clipSeconds { configuration.clipSeconds = clipSeconds }
        if let threads { configuration.threads = threads }
        if let evaluateEvery { configuration.evaluateEvery = evaluateEvery }
        if let checkpointEvery { configuration.checkpointEvery = checkpointEvery }
        if let metric { configuration.metric = metric }
        if noDropout { configuration.usesDropout = false }
        if let augment { try apply(augment, to: &configuration) }
    }

    private func apply(_ list: String, to configuration: inout TrainingConfiguration) throws {
        configuration.mixupAlpha = nil
        configuration.specAugment = nil
        configuration.waveformAugmentation = WaveformAugmentation()
        for name in list.split(separator: ",").map({ $0.trimmingCharacters(in: .whitespaces).lowercased() }) {
            switch name {
            case "mixup": configuration.mixupAlpha = 1
            case "specaugment": configuration.specAugment = SpecAugment()
            case "gain": configuration.waveformAugmentation.gainDecibels = -9...6
            case "shift": configuration.waveformAugmentation.shift = .init(maximumSeconds: 1)
            case "noise": configuration.waveformAugmentation.noiseSNRDecibels = 10...40
            case "none": break
            default:
                throw EPANNsError(
                    .invalidConfiguration,
                    "“\(name)” is not an augmentation; there are mixup, specaugment, gain, shift and noise.")
            }
        }
    }
}

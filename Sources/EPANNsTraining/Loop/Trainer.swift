import EPANNsAudio
import EPANNsCore
import EPANNsEvaluation
import EPANNsGraph
import EPANNsModels
import EPANNsProcesses
import EPANNsRuntime
import Foundation

/// Trains a network: data, plan, optimiser, tests, checkpoints.
///
/// Everything random comes from streams that are named by seed and iteration, or is saved: a run that was stopped and
/// resumed goes through the same numbers as one that was not, bit for bit in fp32 on the same machine with the same
/// number of threads. Used by one thread at a time. Tests: `TrainerTests`, `TrainCommandTests`.
public final class Trainer {
    /// How a run ended.
    public struct Outcome: Sendable {
        /// Iterations done.
        public var iteration: Int
        /// Whether it was asked to stop before its end.
        public var wasStopped: Bool
        /// The last test, where there was one.
        public var evaluation: TrainingEvent.Evaluation?
        /// The best value of the metric, and its name.
        public var best: (metric: String, value: Double)?
    }

    /// Who trains, for the log and the history of the models that are written: a program and its version.
    public let program: String

    let configuration: TrainingConfiguration
    let folder: RunFolder?
    let communicator: any Communicator
    let material: TrainingMaterial
    let stepper: TrainingStepper
    /// Nil where nothing was packed, for a look at the run's size.
    let source: BatchSource?
    private let log: RunLog
    private var lock: RunFolder.Lock?
    private let report: (TrainingEvent) throws -> Void
    private let sum: GradientSum
    private var iteration = 0
    private var best: Double?
    /// Whether the last iteration is done and its test is not.
    private var isTestDue = false
    private var checkpointDuration = Duration.zero
    private let identity: String
    /// Threads for what has many independent clips.
    private let cores: Int

    /// Prepares a run: reads data, packs recordings, compiles the network, restores a checkpoint.
    ///
    /// - Parameters:
    ///   - configuration: What the run depends on.
    ///   - folder: Where the run is kept; nil keeps nothing. Without it and without a cache in the configuration nothing
    ///     is packed either: the run can be looked at, but not started.
    ///   - resumes: Whether to go on from the folder's checkpoint, where there is one.
    ///   - communicator: The processes that share the run.
    ///   - program: Who trains, for the log and the models' history: a program and its version.
    ///   - report: Told of everything worth showing; what it throws ends the run.
    /// - Throws: `EPANNsError` with code `invalidConfiguration`, `invalidAudio`, `fileFailure`,
    ///   `modelUnavailable`, `checkpointMismatch` or `invalidCheckpoint`.
    public init(
        _ configuration: TrainingConfiguration, folder: RunFolder?, resumes: Bool = false,
        communicator: any Communicator = SoloCommunicator(), program: String = "EPANNsTraining",
        report: @escaping (TrainingEvent) throws -> Void
    ) throws {
        try configuration.validate()
        self.program = program
        let before = CoreLoad.now()
        // One process keeps the run, the others only compute.
        self.folder = communicator.rank == 0 ? folder : nil
        self.communicator = communicator
        guard configuration.batchSize.isMultiple(of: communicator.count) else {
            throw EPANNsError(
                .invalidConfiguration,
                "A batch of \(configuration.batchSize) cannot be shared out among \(communicator.count) processes; choose a "
                    + "multiple of \(communicator.count).")
        }
        // Before anything is looked at that another training may be about to write.
        lock = try self.folder.map { try $0.lock ?? RunFolder.Lock($0) }
        if !resumes { try self.folder?.requireNoRun() }
        let checkpoint =
            resumes && folder?.hasCheckpoint == true ? try TrainingCheckpoint(path: folder?.checkpointPath ?? "") : nil
        let log = RunLog(self.folder, continues: resumes)
        self.log = log
        let isKeeper = communicator.rank == 0
        self.report = { event in
            guard isKeeper else { return }
            if let entry = event.logEntry { try log.write(entry) }
            try report(event)
        }
        material = try TrainingMaterial(
            configuration, cacheFolder: configuration.cache ?? folder.map { $0.path + "/cache" },
            communicator: communicator, report: self.report)
        identity = material.identity(configuration)
        if let checkpoint, checkpoint.state.identity != identity {
            throw EPANNsError(
                .invalidConfiguration,
                "The run in \(folder?.path ?? "") was started with other settings or other data, so it cannot go on with "
                    + "these; resume with its own settings, or start a new run in another folder.")
        }
        try checkpoint?.state.requireSameModels(as: material.modelDigests, configuration)
        // A head on stored embeddings is too small to share out: threads would only wait for one another.
        let threads =
            try configuration.cachesEmbeddings
            ? 1
            : configuration.threads ?? checkpoint?.state.threads(of: communicator)
                ?? communicator.freeCores(since: before, report: self.report)
        cores = configuration.threads ?? communicator.coreCount
        self.configuration = configuration
        if let began = checkpoint?.state.threads, began != threads {
            try self.report(
                .note(
                    "The run goes on with \(threads.counted("thread")) after \(began): its numbers will "
                        + "differ in their last digits from those of a run that was not stopped."))
        }
        let share = communicator.shard.range(of: configuration.batchSize).count
        stepper = try TrainingStepper(
            graph: material.model.graph(), weights: checkpoint?.weights ?? material.model.weights,
            options: TrainingPlan.Options(
                batch: share, clips: configuration.mixupAlpha == nil ? share : 2 * share,
                extent: material.extent,
                precision: configuration.precision, threads: threads,
                usesSpecAugment: configuration.specAugment != nil && material.frontEnd.inputs.contains(.logMel),
                usesDropout: configuration.usesDropout,
                freeze: configuration.freeze),
            loss: material.loss, optimizer: configuration.optimizer, firstNode: material.firstNode)
        if threads > 1 {
            let work = ThreadPolicy.meanOperations(
                of: try material.model.graph(), extent: material.extent, batch: stepper.plan.options.clips)
            // Small layers wait for one another so often that waking costs more than spinning.
            if work >= threads * ThreadPolicy.operationsPerSleeper { ThreadPolicy.sleepAtBarriers() }
        }
        source =
            material.isPacked
            ? try material.source(configuration, communicator: communicator, threads: cores) : nil
        sum = GradientSum(accumulation: configuration.accumulation, stepper.plan, communicator)
        if let checkpoint {
            try checkpoint.restore(stepper)
            try source?.restore(checkpoint.state.source)
            iteration = checkpoint.state.iteration
            best = checkpoint.state.best
            isTestDue =
                checkpoint.state.isTestDue == true && material.test != nil && iteration == configuration.iterations
        }
        try requireAgreement()
        // Only now the folder becomes a run's: what failed so far is mended and started again, not resumed. A resumed
        // run may have got another length.
        try self.folder?.create()
        try self.folder?.write(configuration)
        try log.begin()
        try self.report(.start(start(threads: threads)))
        if resumes { try self.report(.resume(iteration: iteration)) }
    }

    /// Refuses to begin where processes would compute different things.
    private func requireAgreement() throws {
        guard communicator.count > 1 else { return }
        try communicator.requireAgreement(on: [
            SharedFact(
                "settings or data", ([identity] + material.modelDigests.values.sorted()).joined(separator: " "),
                advice: "all machines need the same tables, recordings and models, at the same paths."),
            SharedFact(
                "the iteration they begin with", "\(iteration)",
                advice: "the run's folder must be one that all machines share."),
            SharedFact(
                "the layout of the weights in memory", try stepper.plan.store.layoutDigest(),
                advice: "it follows from the processor and the version of oneDNN; take machines of one kind, or set "
                    + "ONEDNN_MAX_CPU_ISA (such as AVX2) for all of them."),
            weightFact,
        ])
    }

    private var weightFact: SharedFact {
        SharedFact(
            "the weights", stepper.plan.store.weightDigest(),
            advice: "all must start from the same model file, and compute on processors of one kind.")
    }

    private func start(threads: Int) throws -> TrainingEvent.Start {
        let slots = stepper.plan.store.slots
        func count(_ slots: [ParameterSlot]) -> Int { slots.reduce(0) { $0 + $1.shape.reduce(1, *) } }
        return TrainingEvent.Start(
            time: ISO8601DateFormatter().string(from: Date()), program: program, model: material.model.name,
            history: material.model.history, parameters: count(slots),
            trainedParameters: count(slots.filter(\.isTrainable)), clips: material.train.clips.count,
            testClips: material.test?.clips.count ?? 0, classes: material.model.labels.count,
            clipSeconds: Double(material.clipSamples) / Double(material.model.configuration.frontEnd.sampleRate),
            processes: communicator.count, threads: threads, precision: configuration.precision.rawValue,
            memoryBytes: memoryByteCount)
    }

    /// Bytes that the run takes besides the packed recordings.
    public var memoryByteCount: Int {
        stepper.memoryByteCount + sum.byteCount
    }

    /// The model as it is now.
    ///
    /// - Throws: `EPANNsError` with code `backendFailure`.
    public func model() throws -> Model {
        var model = try material.model.replacing(weights: stepper.plan.weights())
        var details = [
            "clips": "\(material.train.clips.count)", "iterations": "\(iteration)",
            "data": configuration.data.map { URL(fileURLWithPath: $0.table).lastPathComponent }.joined(separator: ", "),
        ]
        details["teacher"] = configuration.teacher.map { URL(fileURLWithPath: $0).lastPathComponent }
        // Without the time, so that a resumed run ends in the same bytes.
        model.record(.trained, details: details, by: program, date: nil)
        return try material.keptModel.map { try model.adding(classesOf: $0) } ?? model
    }

    /// Trains until the last iteration, or until it is asked to stop.
    ///
    /// - Parameter shouldStop: Asked before every iteration; the checkpoint is written then.
    /// - Throws: `EPANNsError` with code `trainingFailure` when the loss has become NaN or infinite, `fileFailure` when the
    ///   disk is full; the last checkpoint is whole then.
    public func run(shouldStop: () -> Bool = { false }) throws -> Outcome {
        // Whoever goes on with the run need not wait for this object to go.
        if lock == nil { lock = try folder.map { try $0.lock ?? RunFolder.Lock($0) } }
        defer { lock = nil }
        var lastCheckpoint = ContinuousClock.now
        var evaluation: TrainingEvent.Evaluation?
        while iteration < configuration.iterations {
            if try communicator.any(shouldStop()) {
                try saveCheckpoint()
                try report(.end(iteration: iteration, reason: "stopped"))
                return outcome(evaluation, wasStopped: true)
            }
            try report(.step(try step()))
            iteration += 1
            if iteration == configuration.iterations {
                isTestDue = material.test != nil
                try saveCheckpoint()
                break
            }
            if material.test != nil, configuration.evaluateEvery.map(iteration.isMultiple(of:)) ?? false {
                evaluation = try evaluate()
            }
            // Clocks differ; what any process finds due, all do.
            let isDue =
                try configuration.checkpointEvery.map(iteration.isMultiple(of:))
                ?? communicator.any(ContinuousClock.now - lastCheckpoint > checkpointInterval)
            if isDue {
                try saveCheckpoint()
                lastCheckpoint = ContinuousClock.now
            }
        }
        // Before the last test: a test that fails or is killed takes no trained model along.
        if let folder { try model().write(to: folder.finalModelPath) }
        if isTestDue {
            evaluation = try evaluate()
            isTestDue = false
            try saveCheckpoint()
        }
        try report(.end(iteration: iteration, reason: "finished"))
        return outcome(evaluation, wasStopped: false)
    }

    private func outcome(_ evaluation: TrainingEvent.Evaluation?, wasStopped: Bool) -> Outcome {
        Outcome(
            iteration: iteration, wasStopped: wasStopped, evaluation: evaluation,
            best: best.map { (material.metric.rawValue, $0) })
    }

    // MARK: One iteration

    private func step() throws -> TrainingEvent.Step {
        guard let source else { throw TrainingMaterial.noCache }
        let start = ContinuousClock.now
        let statistics = stepper.plan.store.statisticsCopy()
        var (loss, waited, clips) = (0.0, 0.0, 0)
        sum.begin()
        for _ in 0..<configuration.accumulation {
            try source.withNext { contents in
                let result = try stepper.compute(
                    contents, seed: configuration.seed, lossScale: 1 / Float(configuration.accumulation))
                loss += result.loss / Double(configuration.accumulation)
                clips += contents.clipCount
            }
            waited += source.lastWaitSeconds
            sum.add()
        }
        loss = try sum.finish(loss: loss)
        guard loss.isFinite else {
            // Nothing has been changed yet but the norms' statistics.
            stepper.plan.store.restoreStatistics(statistics)
            try communicator.average(stepper.plan.store)
            try report(.note("The loss of iteration \(iteration) is not a number; the step was not taken."))
            let kept = try saveLastGood()
            // Nobody leaves before it is written.
            try communicator.meet()
            throw EPANNsError(
                .trainingFailure,
                "The loss became infinite or no number in iteration \(iteration). The step was not taken: "
                    + kept + " Try a smaller learning rate, gradient clipping, or fp32.")
        }
        let rate = configuration.schedule.rate(iteration: iteration, of: configuration.iterations)
        stepper.apply(learningRate: rate, scale: 1 / Float(communicator.count))
        let seconds = (ContinuousClock.now - start) / .seconds(1)
        return TrainingEvent.Step(
            iteration: iteration, loss: loss, learningRate: rate,
            clipsPerSecond: Double(clips * communicator.count) / seconds, waitSeconds: waited, seconds: seconds)
    }

    /// Keeps the model as it was before a step that failed.
    private func saveLastGood() throws -> String {
        guard let folder else { return "nothing is lost." }
        let path = folder.path + "/last-good.safetensors"
        try model().write(to: path)
        return "\(path) holds the model of before."
    }

    // MARK: Tests

    private func evaluate() throws -> TrainingEvent.Evaluation {
        let start = ContinuousClock.now
        try communicator.average(stepper.plan.store)
        let (result, detail) = try material.evaluate(
            stepper.plan.weights(), iteration: iteration, precision: configuration.precision,
            threads: cores, communicator: communicator)
        var evaluation = result
        evaluation.seconds = (ContinuousClock.now - start) / .seconds(1)
        try report(.evaluation(evaluation))
        let value =
            switch material.metric {
            case .map: evaluation.map
            case .accuracy: evaluation.accuracy ?? evaluation.map
            case .loss: -evaluation.loss
            }
        if value.isFinite, best.map({ value > $0 }) ?? true {
            best = value
            if let folder {
                try model().write(to: folder.bestModelPath)
                try detail.write(to: folder.evaluationPath)
            }
            try report(.best(iteration: iteration, metric: material.metric.rawValue, value: value))
        }
        return evaluation
    }

    // MARK: Checkpoints

    /// As often as takes one fiftieth of the time.
    ///
    /// A second or so for small networks, minutes for large ones; a kill can undo no more than that.
    private var checkpointInterval: Duration { min(max(checkpointDuration * 50, .seconds(1)), .seconds(300)) }

    /// Writes all that is needed to go on; every process calls it, the first one writes.
    private func saveCheckpoint() throws {
        let start = ContinuousClock.now
        defer { checkpointDuration = ContinuousClock.now - start }
        try communicator.average(stepper.plan.store)
        if communicator.count > 1 {
            // Each process takes the steps by itself: once they differ they would go on to drift apart.
            try communicator.requireAgreement(on: [weightFact])
        }
        guard let folder, let source else { return }
        let state = TrainingCheckpoint.State(
            iteration: iteration, optimizerSteps: stepper.optimizer.stepCount, source: source.state, best: best,
            identity: identity, threads: stepper.plan.options.threads, processes: communicator.count,
            cores: communicator.coreCount, models: material.modelDigests, isTestDue: isTestDue ? true : nil)
        try TrainingCheckpoint(state, stepper).write(to: folder.checkpointPath)
        try report(.checkpoint(iteration: iteration, seconds: (ContinuousClock.now - start) / .seconds(1)))
    }
}

extension Communicator {
    /// Threads for what shares every layer of a network: one for each core that other processes leave free.
    ///
    /// - Parameters:
    ///   - before: A look at the cores from when the run began to be prepared.
    ///   - report: Told when it is fewer than there are cores.
    fileprivate func freeCores(since before: CoreLoad?, report: (TrainingEvent) throws -> Void) throws -> Int {
        // Several processes cannot tell one another's work from that of others, and have shared out the cores already.
        guard count == 1, coreCount > 1, let before else { return coreCount }
        // Ticks are 10 ms; a look of less would see noise.
        let shortest = 0.2
        if let now = CoreLoad.now(), now.time - before.time < shortest {
            Thread.sleep(forTimeInterval: shortest - (now.time - before.time))
        }
        guard let now = CoreLoad.now() else { return coreCount }
        let threads = max(1, min(coreCount, Int(now.freeCores(since: before).rounded())))
        if threads < coreCount {
            try report(
                .note(
                    "Other processes keep the machine busy: of its \(coreCount) cores, \(threads) "
                        + "\(threads.isOrAre) used. Threads that wait for one another on a busy machine are slower than "
                        + "fewer."
                ))
        }
        return threads
    }
}

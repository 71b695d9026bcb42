import EPANNsReports
import EPANNsTestSupport
import EPANNsTraining
import Foundation
import Testing

/// The whole way from recordings to a model.
@Suite struct TrainerTests {
    @Test func `a network learns`() throws {
        try SyntheticRun.with { run in
            var configuration = run.configuration
            configuration.iterations = 60
            configuration.batchSize = 6
            configuration.schedule.learningRate = 5e-3
            configuration.usesDropout = false
            configuration.evaluateEvery = 20
            let (outcome, events) = try run.train(configuration, "run")
            let losses = try run.losses("run")
            #expect(losses.count == 60 && outcome.iteration == 60 && !outcome.wasStopped)
            let ratio = try run.lossRatio("run")
            print("loss × \(ratio), accuracy \(outcome.evaluation?.accuracy ?? -1)")
            #expect(ratio < 0.5)
            // Chance is a third.
            #expect(try #require(outcome.evaluation?.accuracy) > 0.6)
            #expect(outcome.best?.metric == "accuracy")
            // What the log says is what the saved model does.
            let model = try Model.read(path: run.run("run").finalModelPath)
            #expect(model.labels.labels.map(\.name) == SyntheticSounds.classNames)
            #expect(model.configuration.outputActivation == .softmax)
            #expect(model.weights.values.allSatisfy { $0.floats.allSatisfy(\.isFinite) })
            #expect(model.weights["bn0.num_batches_tracked"]?.doubles == [60])
            // And it says how it was made.
            #expect(model.history.map(\.action) == [.trained])
            #expect(model.history.first?.details["iterations"] == "60")
            let evaluations = events.compactMap { event -> TrainingEvent.Evaluation? in
                if case .evaluation(let evaluation) = event { return evaluation }
                return nil
            }
            #expect(evaluations.map(\.iteration) == [20, 40, 60])
            #expect(evaluations.compactMap(\.accuracy).max() == outcome.best?.value)
            #expect(FileManager.default.fileExists(atPath: run.run("run").evaluationPath))
            _ = try Model.read(path: run.run("run").bestModelPath)
        }
    }

    @Test(.enabled(if: Precision.bf16.isSupported, "this processor does not compute in bf16"))
    func `a network learns in bf16`() throws {
        try SyntheticRun.with { run in
            var configuration = run.configuration
            configuration.iterations = 60
            configuration.batchSize = 6
            configuration.schedule.learningRate = 5e-3
            configuration.usesDropout = false
            configuration.precision = .bf16
            let (outcome, _) = try run.train(configuration, "run")
            #expect(try run.lossRatio("run") < 0.5)
            #expect(try #require(outcome.evaluation?.accuracy) > 0.6)
        }
    }

    /// Two batches of four are one of eight when norms do not look at the batch.
    @Test func `accumulated batches are one larger batch`() throws {
        try SyntheticRun.with { run in
            var configuration = run.configuration
            // Whole clips: places of cuts are drawn by place in the batch.
            configuration.clipSeconds = 1.2
            configuration.sampler = .none
            configuration.usesDropout = false
            configuration.iterations = 4
            configuration.freeze = FreezeSelection(patterns: ["*bn*"])
            configuration.optimizer = OptimizerConfiguration(.sgd)
            // Weights that the norms' fixed statistics suit: those of a network that has seen the data.
            var first = run.configuration
            first.iterations = 5
            try run.train(first, "first")
            configuration.network = nil
            configuration.initial = run.run("first").finalModelPath
            configuration.batchSize = 8
            try run.train(configuration, "large")
            configuration.batchSize = 4
            configuration.accumulation = 2
            try run.train(configuration, "small")
            let (large, small) = (
                try Model.read(path: run.run("large").finalModelPath).weights,
                try Model.read(path: run.run("small").finalModelPath).weights
            )
            let start = try Model.read(path: run.run("first").finalModelPath).weights
            var moved: Float = 0
            for (name, tensor) in large {
                let error = worst(tensor.floats, small[name]?.floats ?? [])
                // Sums in another order, over four steps.
                #expect(error < 1e-5, "\(name)")
                moved = max(moved, worst(tensor.floats, start[name]?.floats ?? []))
            }
            #expect(moved > 1e-3)
            let (a, b) = (try run.losses("large"), try run.losses("small"))
            #expect(a.count == 4 && b.count == 4 && zip(a, b).allSatisfy { abs($0 - $1) < 1e-5 })
        }
    }

    @Test func `a multi-label table trains with binary cross-entropy`() throws {
        try SyntheticRun.with { run in
            let rows = (0..<18).map { index in
                "\(index).wav,\(index / 3 % 3),\"\(["tone;high", "tone;low", "noise"][index % 3])\"\n"
            }
            try write("filename,fold,labels\n" + rows.joined(), to: run.sounds.table)
            var configuration = run.configuration
            configuration.iterations = 40
            configuration.usesDropout = false
            configuration.schedule.learningRate = 5e-3
            let (outcome, _) = try run.train(configuration, "run")
            let model = try Model.read(path: run.run("run").finalModelPath)
            #expect(model.labels.labels.map(\.name) == ["high", "low", "noise", "tone"])
            #expect(model.configuration.outputActivation == .sigmoid)
            #expect(outcome.best?.metric == "map" && outcome.evaluation?.accuracy == nil)
            #expect(try #require(outcome.evaluation?.map) > 0.7)
            #expect(try run.lossRatio("run") < 0.8)
        }
    }

    @Test func `two tables are one set`() throws {
        try SyntheticRun.with { run in
            let second = try SyntheticSounds(run.folder + "/more", clipCount: 9)
            var configuration = run.configuration
            configuration.data.append(.init(table: second.table, trainFolds: [1]))
            configuration.iterations = 2
            let (_, events) = try run.train(configuration, "run")
            for case .start(let start) in events {
                // 12 of 18 from the first table, 3 of 9 from the second.
                #expect(start.clips == 15 && start.testClips == 6 && start.classes == 3)
            }
            // The second table has a class that the first one lacks.
            try write("filename,fold,category\n0.wav,1,thunder\n", to: second.table)
            let error = failure { try run.train(configuration, "other") }
            #expect(error?.code == .invalidConfiguration && error?.message.contains("thunder") == true)
        }
    }

    /// Cached embeddings with a head behind them go the way of the whole network with all but the head frozen.
    @Test func `the fast path for a head is the slow one`() throws {
        try SyntheticRun.with { run in
            try run.train(run.configuration, "first")
            var configuration = run.configuration
            configuration.network = nil
            configuration.initial = run.run("first").finalModelPath
            configuration.freeze = FreezeSelection(patterns: ["*", "!fc_audioset"])
            configuration.usesDropout = false
            // Embeddings are of whole clips.
            configuration.clipSeconds = 1.2
            configuration.schedule.learningRate = 0.01
            configuration.iterations = 8
            try run.train(configuration, "slow")
            configuration.cachesEmbeddings = true
            try run.train(configuration, "fast")
            let (slow, fast) = (try run.losses("slow"), try run.losses("fast"))
            // The frozen part runs on the inference plan there, with folded norms, and on the training plan here.
            #expect(slow.count == 8 && zip(slow, fast).allSatisfy { abs($0 - $1) < 1e-4 }, "\(slow) \(fast)")
            let models = try ["slow", "fast"].map { try Model.read(path: run.run($0).finalModelPath).weights }
            let start = try Model.read(path: run.run("first").finalModelPath).weights
            for (name, tensor) in models[0] {
                let other = try #require(models[1][name])
                if name.hasPrefix("fc_audioset") {
                    #expect(tensor.floats != start[name]?.floats && worst(tensor.floats, other.floats) < 1e-3)
                } else {
                    #expect(tensor.floats == start[name]?.floats && other.floats == tensor.floats, "\(name)")
                }
            }
        }
    }

    // MARK: Teachers

    @Test func `a teacher alone needs no labels`() throws {
        try SyntheticRun.with { run in
            var first = run.configuration
            first.iterations = 40
            first.usesDropout = false
            first.schedule.learningRate = 5e-3
            try run.train(first, "teacher")
            let rows = (0..<18).map { "\($0).wav,\($0 / 3 % 3)\n" }
            try write("filename,fold\n" + rows.joined(), to: run.sounds.table)
            var configuration = run.configuration
            configuration.teacher = run.run("teacher").finalModelPath
            configuration.teacherWeight = 1
            configuration.seed = 77
            configuration.iterations = 30
            configuration.usesDropout = false
            configuration.schedule.learningRate = 5e-3
            let (outcome, _) = try run.train(configuration, "student")
            let student = try Model.read(path: run.run("student").finalModelPath)
            #expect(student.labels.labels.map(\.name) == SyntheticSounds.classNames)
            #expect(outcome.evaluation != nil)
            #expect(try run.lossRatio("student") < 0.95)
        }
    }

    @Test func `thresholds go with the weights they were for`() throws {
        try SyntheticRun.with { run in
            try withTemporaryFolder { folder in
                var model = try Model.random(
                    name: "start", configuration: SyntheticSounds.network,
                    labels: LabelSet(SyntheticSounds.classNames.map { LabelSet.Label(name: $0) }), seed: 1)
                model.thresholds = ClassThresholds(
                    scores: .init(repeating: 0.3, count: model.labels.count), reference: "labels", clipCount: 9,
                    ownCount: 3)
                try model.write(to: folder + "/start.safetensors")
                var configuration = run.configuration
                configuration.architecture = nil
                configuration.network = nil
                configuration.initial = folder + "/start.safetensors"
                configuration.iterations = 2
                try run.train(configuration, "run")
                #expect(try Model.read(path: run.run("run").finalModelPath).thresholds == nil)
            }
        }
    }

    @Test func `a teacher of other classes is refused`() throws {
        try SyntheticRun.with { run in
            try withTemporaryFolder { folder in
                let other = try Model.random(
                    name: "other", configuration: SyntheticSounds.network,
                    labels: LabelSet(["a", "b", "c"].map { LabelSet.Label(name: $0) }), seed: 1)
                try other.write(to: folder + "/other.safetensors")
                var configuration = run.configuration
                configuration.teacher = folder + "/other.safetensors"
                configuration.teacherWeight = 0.5
                let error = failure { try run.train(configuration, "run") }
                #expect(error?.code == .invalidConfiguration)
                #expect(error?.message.contains("knows other classes") == true)
            }
        }
    }

    // MARK: What goes wrong

    @Test func `wrong data is named, and leaves no run behind`() throws {
        try SyntheticRun.with { run in
            let good = run.configuration
            let wrong: [(EPANNsError.Code, String, (inout TrainingConfiguration) -> Void)] = [
                (.fileFailure, "nothing.csv", { $0.data[0].table = run.folder + "/nothing.csv" }),
                (.fileFailure, "0.wav", { $0.data[0].audio = run.folder }),
                (.invalidConfiguration, "9", { $0.data[0].testFolds = [9] }),
                (.invalidConfiguration, "for training and for testing", { $0.data[0].trainFolds = [2] }),
                (.invalidConfiguration, "Nothing is left to train on", { $0.data[0].trainFolds = [] }),
                (.invalidConfiguration, "did you mean", { ($0.network, $0.architecture) = (nil, "cnn15") }),
                (.fileFailure, "nothing.pt", { ($0.network, $0.initial) = (nil, run.folder + "/nothing.pt") }),
                (.invalidConfiguration, "Everything is frozen", { $0.freeze.patterns = ["*"] }),
                (.invalidConfiguration, "is frozen", { $0.cachesEmbeddings = true }),
            ]
            for (code, words, change) in wrong {
                var configuration = good
                change(&configuration)
                let error = failure { try run.train(configuration, "run") }
                #expect(error?.code == code, "\(words): \(error?.message ?? "no error")")
                #expect(error?.message.contains(words) == true, "\(error?.message ?? "no error")")
                #expect(!run.run("run").hasConfiguration, "\(words)")
            }
            // After mending, the very folder serves.
            try run.train(good, "run")
            #expect(try run.losses("run").count == 10)
            let second = failure { try run.train(good, "run") }
            #expect(second?.message.contains("holds a run already") == true)
        }
    }

    @Test func `a loss that is not a number ends with the last good model`() throws {
        try SyntheticRun.with { run in
            var configuration = run.configuration
            configuration.optimizer = OptimizerConfiguration(.sgd)
            configuration.schedule.learningRate = 1e30
            configuration.checkpointEvery = 1
            let error = failure { try run.train(configuration, "run") }
            #expect(error?.code == .trainingFailure)
            #expect(error?.message.contains("last-good.safetensors") == true, "\(error?.message ?? "")")
            #expect(error?.message.contains("smaller learning rate") == true)
            _ = try Model.read(path: run.run("run").path + "/last-good.safetensors")
            let log = try TrainingLog(path: run.run("run").logPath)
            #expect(log.events.contains { $0.kind == "note" && $0.details["text"]?.contains("not a number") == true })
        }
    }

    @Test func `a look at a run needs no folder and packs nothing`() throws {
        try SyntheticRun.with { run in
            var configuration = run.configuration
            configuration.cache = nil
            var memory: [Int] = []
            var notes: [String] = []
            for seconds in [0.8, nil] {
                configuration.clipSeconds = seconds
                let trainer = try Trainer(configuration, folder: nil) { event in
                    if case .note(let text, _) = event { notes.append(text) }
                }
                memory.append(trainer.memoryByteCount)
                #expect(failure { _ = try trainer.run() }?.message.contains("cache") == true)
            }
            // Ten seconds are assumed.
            #expect(memory[1] > 5 * memory[0])
            #expect(notes.count == 1 && notes[0].contains("clips of 10 s are assumed"))
            #expect(try FileManager.default.contentsOfDirectory(atPath: run.folder) == ["sounds"])
        }
    }
}

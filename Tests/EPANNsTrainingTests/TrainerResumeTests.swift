import EPANNsReports
import EPANNsTestSupport
import EPANNsTraining
import Foundation
import Testing

/// A run that was stopped and resumed goes through the same numbers as one that was not.
@Suite struct TrainerResumeTests {
    /// Everything that draws random numbers or remembers something.
    private func everything(_ run: SyntheticRun) -> TrainingConfiguration {
        var configuration = run.configuration
        configuration.iterations = 8
        configuration.batchSize = 3
        configuration.accumulation = 2
        configuration.mixupAlpha = 1
        configuration.specAugment = SpecAugment(timeWidth: 10, timeStripeCount: 2, melWidth: 8, melStripeCount: 2)
        configuration.waveformAugmentation = WaveformAugmentation(
            gainDecibels: -6...6, shift: .init(maximumSeconds: 0.2), noiseSNRDecibels: 20...40)
        configuration.evaluateEvery = 3
        configuration.schedule = LearningRateSchedule(.cosine, learningRate: 3e-3, warmupIterations: 2)
        configuration.optimizer.clippingNorm = 1
        return configuration
    }

    /// Compares files and logs of two runs.
    private func expectSame(_ run: SyntheticRun, _ first: String, _ second: String, _ what: String) throws {
        for path in [\RunFolder.finalModelPath, \.checkpointPath, \.bestModelPath] {
            let (a, b) = (try run.bits(run.run(first)[keyPath: path]), try run.bits(run.run(second)[keyPath: path]))
            #expect(a.count > 10 && Set(a.keys) == Set(b.keys))
            for (name, values) in a where values != b[name] {
                Issue.record("\(what): \(name) of \(run.run(first)[keyPath: path]) differs")
            }
        }
        let logs = try [first, second].map { try TrainingLog(path: run.run($0).logPath) }
        #expect(logs[0].steps.map(\.loss) == logs[1].steps.map(\.loss), "\(what)")
        #expect(logs[0].steps.map(\.iteration) == logs[1].steps.map(\.iteration))
        #expect(logs[0].steps.map(\.learningRate) == logs[1].steps.map(\.learningRate))
        // All but the time that they took.
        let evaluations = logs.map { $0.evaluations.map { [$0.map, $0.mauc, $0.dPrime, $0.accuracy, $0.loss] } }
        #expect(evaluations[0] == evaluations[1])
        #expect(logs[0].steps.count == 8 && logs[0].evaluations.map(\.iteration) == [3, 6, 8])
    }

    @Test func `stops leave no trace`() throws {
        try SyntheticRun.with { run in
            let configuration = everything(run)
            try run.train(configuration, "whole")
            let keys = try Set(Checkpoint.read(path: run.run("whole").checkpointPath).tensors.keys)
            for moment in ["first_moment/", "second_moment/", "largest_second_moment/", "weights/"] {
                #expect(keys.contains { $0.hasPrefix(moment) }, "\(moment)")
            }
            // Before anything; in the middle; right after an evaluation; again and again.
            for stops in [[0], [1], [3], [7], [2, 3, 5, 6]] {
                let name = "stopped\(stops)"
                try run.train(configuration, name, stops: stops)
                try expectSame(run, "whole", name, "stops at \(stops)")
            }
            // Another seed is another run: the comparison can fail.
            var other = configuration
            other.seed = 5
            try run.train(other, "other")
            #expect(try run.losses("other") != run.losses("whole"))
        }
    }

    @Test func `SGD and cached embeddings resume, too`() throws {
        try SyntheticRun.with { run in
            try run.train(run.configuration, "first")
            var configuration = run.configuration
            configuration.network = nil
            configuration.initial = run.run("first").finalModelPath
            configuration.freeze = FreezeSelection(patterns: ["*", "!fc_audioset"])
            configuration.cachesEmbeddings = true
            configuration.optimizer = OptimizerConfiguration(.sgd, usesNesterov: true)
            configuration.evaluateEvery = 3
            configuration.iterations = 8
            try run.train(configuration, "whole")
            try run.train(configuration, "stopped", stops: [4])
            try expectSame(run, "whole", "stopped", "embeddings")
        }
    }

    /// A run that ended abruptly goes on from its last checkpoint through the very same numbers.
    @Test func `what came after the last checkpoint happens again`() throws {
        struct Crash: Error {}
        try SyntheticRun.with { run in
            var configuration = everything(run)
            configuration.checkpointEvery = 3
            try run.train(configuration, "whole")
            for crash in [1, 4, 7] {
                let name = "crashed\(crash)"
                let trainer = try Trainer(configuration, folder: run.run(name)) { event in
                    if case .step(let step) = event, step.iteration == crash { throw Crash() }
                }
                #expect(throws: Crash.self) { try trainer.run() }
                #expect(run.run(name).hasCheckpoint == (crash >= 3))
                try run.train(configuration, name, resumes: true)
                try expectSame(run, "whole", name, "crash at \(crash)")
            }
        }
    }

    @Test func `a last test that is killed takes no model along`() throws {
        struct Crash: Error {}
        try SyntheticRun.with { run in
            let whole = try run.train(run.configuration, "whole").outcome
            let trainer = try Trainer(run.configuration, folder: run.run("run")) { event in
                if case .evaluation = event { throw Crash() }
            }
            #expect(throws: Crash.self) { try trainer.run() }
            let last = \RunFolder.finalModelPath
            #expect(try run.bits(run.run("run")[keyPath: last]) == run.bits(run.run("whole")[keyPath: last]))
            // What is missing is the test, and it comes once.
            let rest = try run.train(run.configuration, "run", resumes: true).outcome
            #expect(rest.evaluation != nil && rest.evaluation?.loss == whole.evaluation?.loss)
            let best = \RunFolder.bestModelPath
            #expect(try run.bits(run.run("run")[keyPath: best]) == run.bits(run.run("whole")[keyPath: best]))
            #expect(try run.train(run.configuration, "run", resumes: true).outcome.evaluation == nil)
        }
    }

    @Test(arguments: [false, true]) func `another model under the same name is refused`(isTeacher: Bool) throws {
        try SyntheticRun.with { run in
            let path = run.folder + "/model.safetensors"
            func put(seed: UInt64) throws {
                try Model.random(
                    name: "m", configuration: SyntheticSounds.network,
                    labels: LabelSet(SyntheticSounds.classNames.map { .init(name: $0) }), seed: seed
                ).write(to: path)
            }
            try put(seed: 1)
            var configuration = run.configuration
            if isTeacher {
                (configuration.teacher, configuration.teacherWeight) = (path, 0.5)
            } else {
                (configuration.initial, configuration.network) = (path, nil)
            }
            try run.train(configuration, "run")
            configuration.iterations = 12
            try put(seed: 2)
            let error = failure { try run.train(configuration, "run", resumes: true) }
            #expect(
                error?.message.contains("is another file than when the run began") == true, "\(error?.message ?? "")")
            try put(seed: 1)
            #expect(try run.train(configuration, "run", resumes: true).outcome.iteration == 12)
        }
    }

    @Test func `other settings are refused, more iterations are not`() throws {
        try SyntheticRun.with { run in
            var configuration = run.configuration
            try run.train(configuration, "run")
            for change in [
                { $0.batchSize = 5 }, { $0.seed = 2 }, { $0.schedule.learningRate = 1e-4 }, { $0.mixupAlpha = 1 },
                { $0.freeze.patterns = ["bn0"] }, { $0.optimizer.kind = .sgd }, { $0.clipSeconds = 0.7 },
                { $0.data[0].testFolds = [1] },
            ] as [(inout TrainingConfiguration) -> Void] {
                var other = configuration
                change(&other)
                let error = failure { try run.train(other, "run", resumes: true) }
                #expect(error?.code == .invalidConfiguration)
                #expect(error?.message.contains("other settings or other data") == true, "\(error?.message ?? "")")
            }
            #expect(try run.run("run").configuration() == configuration)
            // What does not change the numbers may change.
            configuration.iterations = 14
            configuration.evaluateEvery = 2
            try run.train(configuration, "run", stops: [12], resumes: true)
            #expect(try run.losses("run").count == 14)
            #expect(try run.run("run").configuration() == configuration)
            try run.train(configuration, "long")
            #expect(try run.bits(run.run("run").finalModelPath) == run.bits(run.run("long").finalModelPath))
            // A schedule that leads to an end has another course with another length.
            configuration.schedule.kind = .cosine
            try run.train(configuration, "cosine")
            configuration.iterations = 20
            #expect(failure { try run.train(configuration, "cosine", resumes: true) }?.code == .invalidConfiguration)
        }
    }

    @Test func `changed data is refused`() throws {
        try SyntheticRun.with { run in
            try run.train(run.configuration, "run", stops: [5])
            let table = try String(contentsOfFile: run.sounds.table, encoding: .utf8)
            try write(table.replacingOccurrences(of: "3.wav,1,high", with: "3.wav,1,low"), to: run.sounds.table)
            let error = failure { try run.train(run.configuration, "run", resumes: true) }
            #expect(error?.message.contains("other data") == true, "\(error?.message ?? "no error")")
        }
    }

    @Test func `a damaged checkpoint is said to be one`() throws {
        try SyntheticRun.with { run in
            let configuration = run.configuration
            try run.train(configuration, "run", stops: [5])
            let path = run.run("run").checkpointPath
            let good = try Data(contentsOf: URL(fileURLWithPath: path))
            func expectRefusal(_ data: Data, _ what: String) throws {
                // Atomically: tensors of the file before are still mapped.
                try data.write(to: URL(fileURLWithPath: path), options: .atomic)
                let error = failure { try run.train(configuration, "run", resumes: true) }
                #expect(error != nil, "\(what)")
                #expect(
                    [.invalidCheckpoint, .unsupportedFormat, .checkpointMismatch].contains(error?.code),
                    "\(what): \(error?.message ?? "")")
                #expect(error?.message.isEmpty == false)
            }
            try expectRefusal(good.prefix(good.count / 2), "cut")
            try expectRefusal(Data(), "empty")
            try expectRefusal(Data(repeating: 0x41, count: 1000), "letters")
            func write(_ tensors: [String: Tensor], _ metadata: [String: String] = ["epanns.checkpoint": "1"]) throws
                -> Data
            {
                let other = run.folder + "/other.safetensors"
                try SafetensorsWriter.write(tensors, metadata: metadata, to: other)
                return try Data(contentsOf: URL(fileURLWithPath: other))
            }
            try good.write(to: URL(fileURLWithPath: path), options: .atomic)
            let whole = try Checkpoint.read(path: path).tensors
            try expectRefusal(write(whole, [:]), "no checkpoint")
            try expectRefusal(write(whole.filter { $0.key != "state" }), "no state")
            try expectRefusal(write(whole.filter { !$0.key.hasPrefix("first_moment/fc1") }), "no moment")
            try expectRefusal(write(whole.filter { $0.key != "weights/fc1.weight" }), "no weight")
            var bent = whole
            bent["weights/fc1.weight"] = Tensor(shape: [1, 1], values: [0])
            try expectRefusal(write(bent), "a small weight")
            bent = whole
            let state = Data("{\"version\":1}".utf8)
            bent["state"] = Tensor(
                shape: [state.count], dataType: .uint8,
                contiguous: TensorStorage(byteCount: state.count) { $0.copyBytes(from: state) })
            try expectRefusal(write(bent), "half a state")
            // And the good one still is.
            try good.write(to: URL(fileURLWithPath: path), options: .atomic)
            try run.train(configuration, "run", resumes: true)
        }
    }
}

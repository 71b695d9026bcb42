import EPANNsTestSupport
import EPANNsTraining
import Foundation
import Testing

/// New classes beside old ones, clips of none of them, and what is held out.
@Suite struct OwnClassesTests {
    /// A trained model with the classes high, low and noise, and a run that learns a head for hum, noise and siren.
    private func withHead(_ body: (SyntheticRun, TrainingConfiguration) throws -> Void) throws {
        try SyntheticRun.with { run in
            var first = run.configuration
            // Scores that do not compete with one another, as AudioSet's.
            first.loss = .binaryCrossEntropy
            try run.train(first, "first")
            let renamed = try String(contentsOfFile: run.sounds.table, encoding: .utf8)
                .replacingOccurrences(of: ",high", with: ",siren").replacingOccurrences(of: ",low", with: ",hum")
            let table = run.folder + "/sounds/renamed.csv"
            try write(renamed, to: table)
            var configuration = run.configuration
            configuration.network = nil
            configuration.initial = run.run("first").finalModelPath
            configuration.data[0].table = table
            configuration.freeze = FreezeSelection(patterns: ["*", "!fc_audioset"])
            configuration.cachesEmbeddings = true
            configuration.keepsOldClasses = true
            try body(run, configuration)
        }
    }

    @Test func `old classes stay what they were`() throws {
        try withHead { run, configuration in
            try run.train(configuration, "head")
            let before = try Model.read(path: run.run("first").finalModelPath)
            for path in [run.run("head").finalModelPath, run.run("head").bestModelPath] {
                let model = try Model.read(path: path)
                // The new noise is in the old one's place.
                let old = ["high", "low"]
                #expect(model.labels.labels.map(\.name) == old + ["hum", "noise", "siren"])
                #expect(model.configuration.outputActivation == .sigmoid)
                let width = try #require(before.weights["fc_audioset.weight"]).shape[1]
                let rows = try #require(model.weights["fc_audioset.weight"])
                #expect(rows.shape == [5, width])
                #expect(
                    Array(rows.floats.prefix(2 * width))
                        == before.weights["fc_audioset.weight"].map { Array($0.floats.prefix(2 * width)) })
                #expect(
                    model.weights["fc_audioset.bias"]?.floats.prefix(2)
                        == before.weights["fc_audioset.bias"]?.floats.prefix(2))
                #expect(model.weights["fc1.weight"]?.floats == before.weights["fc1.weight"]?.floats)
            }
            // Stopped and resumed it is the same.
            try run.train(configuration, "stopped", stops: [4])
            #expect(try run.bits(run.run("stopped").finalModelPath) == run.bits(run.run("head").finalModelPath))
        }
    }

    @Test func `what would change the old classes is refused`() throws {
        try withHead { run, configuration in
            var other = configuration
            other.cachesEmbeddings = false
            other.freeze = FreezeSelection(patterns: ["bn0"])
            #expect(failure { try run.train(other, "a") }?.remedy == .dropOldClasses)
            other = configuration
            other.loss = .crossEntropy
            #expect(failure { try run.train(other, "b") }?.remedy == .dropOldClasses)
            // Without them cross-entropy is what a closed set gets, as ever.
            other.keepsOldClasses = nil
            try run.train(other, "c")
            let model = try Model.read(path: run.run("c").finalModelPath)
            #expect(model.labels.count == 3 && model.configuration.outputActivation == .softmax)
        }
    }

    @Test func `a class of both is the new one`() throws {
        let labels = { (names: [String]) in LabelSet(names.map { .init(name: $0) }) }
        func model(_ names: [String], seed: UInt64) throws -> Model {
            try Model.random(
                name: "m",
                configuration: .cnn(
                    CNNConfiguration(.cnn6, widths: [8, 8, 8, 8], embeddingWidth: 16, classCount: names.count)),
                labels: labels(names), seed: seed)
        }
        let (old, new) = (try model(["a", "B", "c"], seed: 1), try model(["d", "b"], seed: 2))
        let both = try new.adding(classesOf: old)
        #expect(both.labels.labels.map(\.name) == ["a", "c", "d", "b"])
        let rows = try #require(both.weights["fc_audioset.weight"]).floats
        let (first, second) = (
            try #require(old.weights["fc_audioset.weight"]).floats,
            try #require(new.weights["fc_audioset.weight"]).floats
        )
        #expect(rows == Array(first[0..<16] + first[32..<48]) + second)
    }

    /// Clips without a class are drawn, and teach that none of the classes is heard.
    @Test func `clips of none are learnt from`() throws {
        try SyntheticRun.with { run in
            let table = try String(contentsOfFile: run.sounds.table, encoding: .utf8)
            try write(table.replacingOccurrences(of: ",low", with: ","), to: run.sounds.table)
            var configuration = run.configuration
            configuration.iterations = 60
            let (outcome, events) = try run.train(configuration, "run")
            #expect(events.contains { note($0)?.contains("of none of the classes") == true })
            let model = try Model.read(path: run.run("run").finalModelPath)
            #expect(
                model.labels.labels.map(\.name) == ["high", "noise"] && model.configuration.outputActivation == .sigmoid
            )
            // By chance it would be a third, the share of each class.
            #expect((outcome.evaluation?.map ?? 0) > 0.7)
            let data = try DataSet.read(run.sounds.table)
            var sampler = try Sampler(.balanced, dataSet: data, drawsClipsOfNone: true)
            let drawn = sampler.nextBatch(99).count { data.clips[$0].classes.isEmpty }
            #expect(drawn == 33)
            var reference = try Sampler(.balanced, dataSet: data)
            #expect(reference.nextBatch(100).allSatisfy { !data.clips[$0].classes.isEmpty })
        }
    }

    @Test func `one class alone is refused`() throws {
        try SyntheticRun.with { run in
            let table = try String(contentsOfFile: run.sounds.table, encoding: .utf8)
            let one = table.replacingOccurrences(of: ",low", with: ",high").replacingOccurrences(
                of: ",noise", with: ",high")
            try write(one, to: run.sounds.table)
            let error = failure { try run.train(run.configuration, "run") }
            #expect(error?.message.contains("Every clip is of the class “high”") == true, "\(error?.message ?? "")")
            #expect(error?.remedy == .learnFromNone)
            // Not even a log of what was noted until then; the recordings are packed elsewhere.
            #expect(!FileManager.default.fileExists(atPath: run.run("run").path))
        }
    }

    @Test func `a class of one clip is noted`() throws {
        try SyntheticRun.with { run in
            let table = try String(contentsOfFile: run.sounds.table, encoding: .utf8)
            let rows = table.replacingOccurrences(of: ",noise", with: ",low")
            try write(rows.replacingOccurrences(of: "2.wav,0,low\n", with: "2.wav,0,noise\n"), to: run.sounds.table)
            var configuration = run.configuration
            configuration.cache = nil
            var notes: [String] = []
            _ = try Trainer(configuration, folder: nil) { if let note = note($0) { notes.append(note) } }
            #expect(notes.contains("Of 1 class there is one clip to train on: “noise”."), "\(notes)")
        }
    }

    @Test func `a part is held out where there are no folds`() throws {
        try SyntheticRun.with { run in
            let lines = try String(contentsOfFile: run.sounds.table, encoding: .utf8).split(separator: "\n")
            // Without the second column.
            let table = lines.map { line in
                line.split(separator: ",").enumerated().filter { $0.offset != 1 }.map(\.element).joined(separator: ",")
            }
            try write(table.joined(separator: "\n") + "\n", to: run.sounds.table)
            var configuration = run.configuration
            configuration.data[0].testFolds = nil
            configuration.holdOut = 0.25
            let (outcome, events) = try run.train(configuration, "run")
            #expect(outcome.evaluation != nil)
            #expect(events.contains { note($0)?.contains("Held out for testing:") == true })
            configuration.holdOut = 0
            let (all, others) = try run.train(configuration, "all")
            #expect(all.evaluation == nil && !others.contains { note($0)?.contains("eld out") == true })
            configuration.holdOut = nil
            #expect(
                try run.train(configuration, "none").events.contains {
                    note($0)?.contains("Nothing is held out") == true
                })
        }
    }

    /// Two clips a class and many of none: nothing but those of none could be held out, and they say nothing.
    @Test func `few clips beside many of none are trained to the end`() throws {
        try SyntheticRun.with { run in
            func table(_ fold: (Int) -> Int) -> String {
                "filename,fold,category\n"
                    + (0..<18).map { "\($0).wav,\(fold($0)),\($0 < 4 ? ["high", "low"][$0 % 2] : "")\n" }.joined()
            }
            try write(table { _ in 1 }.replacingOccurrences(of: ",fold,", with: ",ignored,"), to: run.sounds.table)
            var configuration = run.configuration
            configuration.data[0].testFolds = nil
            configuration.holdOut = 0.2
            let (outcome, events) = try run.train(configuration, "run")
            #expect(outcome.iteration == 10 && outcome.evaluation == nil)
            #expect(!events.contains { note($0)?.contains("Held out") == true })
            #expect(FileManager.default.fileExists(atPath: run.run("run").finalModelPath))
            // Whoever names such clips for testing hears of it before anything is trained.
            try write(table { $0 < 4 ? 1 : 2 }, to: run.sounds.table)
            configuration.data[0].testFolds = [2]
            let error = failure { try run.train(configuration, "folds") }
            #expect(error?.message.contains("None of the 14 clips to test on") == true, "\(error?.message ?? "")")
            #expect(!run.run("folds").hasConfiguration)
        }
    }

    private func note(_ event: TrainingEvent) -> String? {
        if case .note(let text, _) = event { text } else { nil }
    }
}

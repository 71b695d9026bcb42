import EPANNsCore
import EPANNsTestSupport
import Foundation
import Testing

/// What `epanns train` says when something is wrong.
@Suite struct TrainErrorTests {
    private func expect(_ run: CommandRun, _ status: Int32, _ words: String...) {
        #expect(run.status == status, "\(run.error)")
        #expect(run.output.isEmpty)
        for word in words { #expect(run.error.contains(word), "\(run.error)") }
    }

    @Test func wrongOptionsAreExplained() throws {
        try withTemporaryFolder { folder in
            let output = ["--output", folder + "/run"]
            let table = ["--data", folder + "/table.csv"]
            func train(_ arguments: [String]) throws -> CommandRun {
                try CommandRun.run(["train"] + arguments + output)
            }
            expect(try train([]), 64, "No data is given", "--data")
            expect(try train(table), 64, "--init", "--model")
            expect(try train(table + ["--model", "cnn10"]), 66, "table.csv")
            expect(try train(["--audio", folder]), 64, "name it with --data")
            expect(try train(table + ["--audio", "a", "--audio", "b"]), 64, "--audio is given 2 times for 1 tables")
            expect(try train(table + ["--folds-test", "one"]), 64, "--folds-test takes numbers")
            expect(
                try train(table + ["--model", "cnn10", "--augment", "mixdown"]), 64, "“mixdown” is not an augmentation")
            expect(try train(table + ["--head-only"]), 64, "--init")
            expect(try train(table + ["--model", "cnn10", "--init", folder + "/x.pt"]), 66, "x.pt")
            expect(try train(table + ["--init", "mn4"]), 66, "Did you mean “mn04”")
            expect(try train(table + ["--model", "cnn10", "--optimizer", "adagrad"]), 64, "adagrad")
            expect(try train(table + ["--model", "cnn10", "--iterations", "0"]), 64, "at least 1")
            expect(try train(table + ["--model", "cnn10", "--teacher-weight", "0.5"]), 64, "--teacher")
            expect(try train(table + ["--model", "cnn10", "--learning-rate=-1"]), 64, "learning rate")
            expect(try train(["--resume"]), 66, "holds no run to go on with")
            expect(try CommandRun.run(["train"] + table), 64, "--output")
            #expect(!FileManager.default.fileExists(atPath: folder + "/run"))
        }
    }

    @Test func wrongFilesAreExplained() throws {
        try TrainProcess.with { train in
            let good = try String(contentsOfFile: train.config, encoding: .utf8)
            func run(_ yaml: String) throws -> CommandRun {
                try Data(yaml.utf8).write(to: URL(fileURLWithPath: train.config))
                return try train.run("run")
            }
            expect(try run(good + "batchsize: 3\n"), 64, "“batchsize”", "Did you mean “batch_size”?")
            expect(try run(good + "accumulation: many\n"), 64, "“accumulation” has a value of the wrong kind")
            expect(try run(good.replacingOccurrences(of: "test_folds", with: "test_fold")), 64, "data[0].test_fold")
            expect(try run("data: [\n"), 64, "is not YAML")
            expect(try run("- 1\n- 2\n"), 64, "no keys and values")
            expect(try run(""), 64, "no keys and values")
            try FileManager.default.removeItem(atPath: train.config)
            expect(try train.run("run"), 66, "run.yaml cannot be read")
            #expect(!FileManager.default.fileExists(atPath: train.path("run")))
        }
    }

    @Test func wrongDataIsExplained() throws {
        try TrainProcess.with { train in
            expect(try train.run("other", "--data", train.sounds.table, "--folds-test", "8"), 64, "8")
            try FileManager.default.removeItem(atPath: train.sounds.folder + "/4.wav")
            // What to do about it is said as what to type.
            expect(try train.run("run"), 66, "1 of 18 recordings is not in", "4.wav", "--audio", "--skip-missing")
            let skipped = try train.run("run", "--skip-missing")
            #expect(skipped.status == 0 && skipped.error.contains("11 clips"), "\(skipped.error)")
            try Data("no sound".utf8).write(to: URL(fileURLWithPath: train.sounds.folder + "/4.wav"))
            expect(try train.run("other"), 65, "4.wav")
        }
    }

    @Test func aFolderWithARunIsKept() throws {
        try TrainProcess.with { train in
            #expect(try train.run("run").status == 0)
            let before = try train.bits("run", "final.safetensors")
            expect(try train.run("run"), 64, "holds a run already", "--resume")
            expect(
                try train.resume("run", "--batch-size", "8"), 64, "may be given anew")
            // A rate that falls towards the end depends on where that is.
            #expect(try train.run("falling", "--schedule", "cosine").status == 0)
            expect(
                try train.resume("falling", "--iterations", "20"), 64, "falls towards its last iteration", "--init")
            // Settings that were changed behind the run's back.
            let path = train.path("run", "configuration.json")
            let settings = try String(contentsOfFile: path, encoding: .utf8)
            try Data(settings.replacingOccurrences(of: "\"batch_size\" : 4", with: "\"batch_size\" : 5").utf8)
                .write(to: URL(fileURLWithPath: path))
            expect(try train.resume("run", "--iterations", "20"), 64, "other settings or other data")
            try Data("{".utf8).write(to: URL(fileURLWithPath: path))
            expect(try train.resume("run"), 64, "configuration")
            try Data(settings.utf8).write(to: URL(fileURLWithPath: path))
            try Data("x".utf8).write(to: URL(fileURLWithPath: train.path("run", "checkpoint.safetensors")))
            let damaged = try train.resume("run")
            #expect(damaged.status == 65 && damaged.error.contains("checkpoint.safetensors"), "\(damaged.error)")
            #expect(try train.bits("run", "final.safetensors") == before)
        }
    }
}

import EPANNs
import EPANNsCore
import EPANNsEvaluation
import EPANNsTestSupport
import Foundation
import Testing

/// `epanns train` as people use it: the real binary on recordings.
@Suite struct TrainCommandTests {
    @Test func aRunLeavesAModelThatOtherCommandsTake() throws {
        try TrainProcess.with { train in
            let run = try train.run("run", "--evaluate-every", "5", "--learning-rate", "0.005")
            #expect(run.status == 0, "\(run.error)")
            #expect(run.lines[0] == "12 iterations done; the model is \(train.path("run", "final.safetensors"))")
            #expect(run.text.contains("After 12 iterations: mAP ") && run.text.contains("\nBest accuracy "))
            #expect(
                run.error.contains(
                    "weights trained on 12 clips of 3 classes (6 to test on), 0.8 s each; fp32, 1 thread"))
            for file in [
                "configuration.json", "log.jsonl", "checkpoint.safetensors", "best.safetensors", "evaluation.json",
            ] {
                #expect(FileManager.default.fileExists(atPath: train.path("run", file)), "\(file)")
            }
            let model = train.path("run", "best.safetensors")
            try logsSayWhoMadeWhat(train, model)
            let info = try CommandRun.run(["info", model])
            #expect(info.status == 0 && info.text.contains("cnn6"), "\(info.error)")
            let evaluation = try CommandRun.run([
                "evaluate", "--model", model, "--data", train.sounds.table, "--folds", "2", "--precision", "fp32",
                "--format", "json",
            ])
            #expect(evaluation.status == 0, "\(evaluation.error)")
            // The run's own test and the evaluation of its best model are the same numbers.
            let report = try EvaluationReport(json: evaluation.output)
            let own = try EvaluationReport(
                json: Data(contentsOf: URL(fileURLWithPath: train.path("run", "evaluation.json"))))
            #expect(report.singleLabel?.accuracy == own.singleLabel?.accuracy)
            #expect(abs(report.meanAveragePrecision - own.meanAveragePrecision) < 1e-9)
        }
    }

    /// A run's log names the program, and how the model was made that it starts from.
    private func logsSayWhoMadeWhat(_ train: TrainProcess, _ model: String) throws {
        func start(_ run: String) throws -> [String: Any] {
            let text = try String(contentsOfFile: train.path(run, "log.jsonl"), encoding: .utf8)
            let line = try #require(text.split(separator: "\n").first { $0.contains(#""kind":"start""#) })
            return try #require(try JSONSerialization.jsonObject(with: Data(line.utf8)) as? [String: Any])
        }
        let first = try start("run")
        #expect(first["program"] as? String == "epanns \(EPANNsVersion.current)")
        #expect((first["history"] as? [Any])?.isEmpty == true)
        let more = try train.run("more", "--init", model, "--iterations", "1")
        #expect(more.status == 0, "\(more.error)")
        #expect(more.lines[0].hasPrefix("1 iteration done;"), "\(more.text)")
        let steps = try #require(try start("more")["history"] as? [[String: Any]])
        #expect(steps.map { $0["action"] as? String } == ["trained"])
        #expect(steps[0]["program"] as? String == "epanns \(EPANNsVersion.current)")
    }

    @Test(
        .enabled(if: FileManager.default.isExecutableFile(atPath: "/usr/bin/gnuplot"), "gnuplot is not installed"))
    func reportOfARealRun() throws {
        try TrainProcess.with { train in
            #expect(try train.run("one", "--evaluate-every", "4").status == 0)
            #expect(try train.run("two", "--seed", "7", "--learning-rate", "0.01").status == 0)
            let page = train.folder + "/page.html"
            let report = try CommandRun.run([
                "report", train.path("one"), train.path("two"), "--output", page, "--title", "Tones and noise",
            ])
            #expect(report.status == 0, "\(report.error)")
            let html = try String(contentsOfFile: page, encoding: .utf8)
            for words in ["Tones and noise", "<svg", "noise", "high", "accuracy", "learning_rate", "0.01", "seed"] {
                #expect(html.contains(words), "\(words)")
            }
            // A run that was killed is reported as far as it got.
            let log = train.path("one", "log.jsonl")
            let text = try String(contentsOfFile: log, encoding: .utf8)
            try Data(text.dropLast(40).utf8).write(to: URL(fileURLWithPath: log))
            #expect(try CommandRun.run(["report", train.path("one"), "--output", page]).status == 0)
        }
    }

    @Test func aDryRunWritesNothing() throws {
        try TrainProcess.with { train in
            let before = try FileManager.default.subpathsOfDirectory(atPath: train.folder)
            let run = try train.run("run", "--dry-run", "--seed", "99")
            #expect(run.status == 0, "\(run.error)")
            let settings = try #require(JSONSerialization.jsonObject(with: run.output) as? [String: Any])
            #expect(settings["seed"] as? Int == 99 && settings["iterations"] as? Int == 12)
            #expect(settings["cache"] as? String == train.folder + "/cache")
            #expect(run.error.contains(" MB besides the recordings"), "\(run.error)")
            #expect(try FileManager.default.subpathsOfDirectory(atPath: train.folder) == before)
        }
    }

    @Test func optionsWinOverTheFile() throws {
        try TrainProcess.with { train in
            let run = try train.run(
                "run", "--dry-run", "--iterations", "5", "--augment", "gain,noise", "--schedule", "cosine", "--freeze",
                "bn0", "--freeze", "conv_block1", "--optimizer", "sgd", "--clip", "2", "--no-dropout", "--loss", "bce")
            #expect(run.status == 0, "\(run.error)")
            let settings = try #require(JSONSerialization.jsonObject(with: run.output) as? [String: Any])
            #expect(settings["iterations"] as? Int == 5 && settings["mixup_alpha"] == nil)
            #expect(settings["spec_augment"] == nil && settings["uses_dropout"] as? Bool == false)
            let freeze = settings["freeze"] as? [String: Any]
            #expect(freeze?["patterns"] as? [String] == ["bn0", "conv_block1"])
            let optimizer = settings["optimizer"] as? [String: Any]
            #expect(optimizer?["kind"] as? String == "sgd" && optimizer?["clipping_norm"] as? Double == 2)
            let waveform = settings["waveform_augmentation"] as? [String: Any]
            #expect(waveform?["gain_decibels"] as? [Double] == [-9, 6] && waveform?["shift"] == nil)
        }
    }

    /// The fast path on real recordings: a linear layer on mn04's embeddings.
    @Test(
        .enabled(
            if: ProcessInfo.processInfo.environment["EPANNS_TEST_DATA"] != nil,
            "EPANNS_TEST_DATA is not set; esc10/ and weights/ are needed"))
    func aHeadLearnsESC10() throws {
        let data = try #require(ProcessInfo.processInfo.environment["EPANNS_TEST_DATA"])
        try withTemporaryFolder { folder in
            let run = try CommandRun.run([
                "train", "--init", data + "/weights/mn04_as_mAP_432.pt", "--head-only", "--data",
                data + "/esc10/esc10.csv", "--folds-train", "1,2", "--folds-test", "5", "--iterations", "60",
                "--learning-rate", "0.005", "--output", folder + "/run",
            ])
            #expect(run.status == 0, "\(run.error)")
            let report = try EvaluationReport(
                json: Data(contentsOf: URL(fileURLWithPath: folder + "/run/evaluation.json")))
            print("ESC-10, head alone on two folds: accuracy \(report.singleLabel?.accuracy ?? -1)")
            #expect(try #require(report.singleLabel?.accuracy) >= 0.9)
        }
    }
}

import EPANNs
import EPANNsCore
import EPANNsEvaluation
import EPANNsTestSupport
import Foundation
import Testing

/// Teachers, thresholds and the built-in model on the real binary.
@Suite struct CalibrateTests {
    private func withData(_ body: (_ folder: String, _ model: [String]) throws -> Void) throws {
        try withTemporaryFolder { folder in
            try Model.read(path: TinyModel.path).write(to: folder + "/tiny.safetensors")
            for index in 0..<6 {
                try wave(TinyModel.noise(count: 20000 + 3000 * index, seed: UInt32(index + 1)))
                    .write(to: URL(fileURLWithPath: "\(folder)/\(index).wav"))
            }
            try write("filename,fold\n" + (0..<6).map { "\($0).wav,\($0 % 2)\n" }.joined(), folder + "/t.csv")
            try body(folder, ["--model", folder + "/tiny.safetensors", "--precision", "fp32", "--threads", "1"])
        }
    }

    private func write(_ text: String, _ path: String) throws {
        try Data(text.utf8).write(to: URL(fileURLWithPath: path))
    }

    /// The tiny model's scores lie so close together that the middle of them parts classes.
    private func middle(_ folder: String) throws -> Float {
        let tagger = try AudioTagger(
            modelPath: folder + "/tiny.safetensors", options: .init(precision: .fp32, threads: 1))
        let waveform = try tagger.load(.file(path: folder + "/0.wav"))
        let scores = try tagger.outputs(samples: waveform.samples).scores.sorted()
        return (scores[500] + scores[501]) / 2
    }

    @Test func aModelFollowsItself() throws {
        try withData { folder, model in
            let threshold = try middle(folder)
            let data = ["--data", folder + "/t.csv", "--teacher", folder + "/tiny.safetensors"]
            let run = try CommandRun.run(
                ["evaluate"] + model + data + [
                    "--teacher-threshold", "\(threshold)", "--threshold", "\(threshold)", "--format", "json",
                ])
            #expect(run.status == 0 && run.error.contains("The teacher is the model itself"), "\(run.error)")
            let report = try EvaluationReport(json: run.output)
            #expect(report.meanAveragePrecision == 1 && report.decisions.microF1 == 1 && report.singleLabel == nil)
            #expect(report.teacher?.topAgreement == 1 && report.teacher?.teacher == "tiny_cnn14")
            #expect(abs((report.teacher?.meanCorrelation ?? 0) - 1) < 1e-12)
            #expect(report.parts?.map(\.clipCount) == [3, 3])
            let text = try CommandRun.run(
                ["evaluate"] + model + data + ["--teacher-threshold", "\(threshold)", "--folds", "1"])
            #expect(text.text.contains("3 clips") && text.text.contains("the same as tiny_cnn14's"))
            let deaf = try CommandRun.run(["evaluate"] + model + data + ["--teacher-threshold", "0.999"])
            #expect(deaf.status == 64 && deaf.error.contains("lower --teacher-threshold"), "\(deaf.error)")
        }
    }

    @Test func otherTeachersAreRefused() throws {
        try withData { folder, model in
            let other = try TinyModel.weights(
                .cnn(.init(.cnn6, widths: [4, 4, 4, 4], embeddingWidth: 4, classCount: 3)))
            try Model(
                name: "three",
                configuration: .cnn(.init(.cnn6, widths: [4, 4, 4, 4], embeddingWidth: 4, classCount: 3)),
                weights: other
            ).write(to: folder + "/three.safetensors")
            let run = try CommandRun.run(
                ["evaluate"] + model + ["--data", folder + "/t.csv", "--teacher", folder + "/three.safetensors"])
            #expect(run.status == 64 && run.error.contains("knows other classes (3)"), "\(run.error)")
        }
    }

    @Test func thresholdsComeIntoTheModelAndAreUsed() throws {
        try withData { folder, model in
            let (threshold, output) = (try middle(folder), folder + "/out.safetensors")
            let arguments =
                ["calibrate"] + model + [
                    "--data", folder + "/t.csv", "--teacher", folder + "/tiny.safetensors", "--teacher-threshold",
                    "\(threshold)", "--minimum", "2", "--name", "calibrated", "--output", output,
                ]
            let run = try CommandRun.run(arguments)
            #expect(run.status == 0 && run.error.contains("The teacher is the model itself"), "\(run.error)")
            #expect(run.text.contains("of 527 classes, from 6 clips; the others share"))
            let calibrated = try Model.read(path: output)
            let thresholds = try #require(calibrated.thresholds)
            #expect(calibrated.name == "calibrated" && thresholds.reference == "tiny_cnn14 ≥ \(threshold)")
            #expect(thresholds.clipCount == 6 && thresholds.scores.count == 527)
            #expect(
                calibrated.weights["fc1.weight"]?.floats
                    == (try Model.read(path: TinyModel.path)).weights["fc1.weight"]?.floats)
            let again = try CommandRun.run(arguments)
            #expect(again.status == 66 && again.error.contains("--force"), "\(again.error)")
            // The command reports what the library selects.
            let tagged = try CommandRun.run([
                "tag", folder + "/0.wav", "--model", output, "--precision", "fp32", "--threads", "1", "--threshold",
                "auto", "--format", "json", "-k", "527",
            ])
            #expect(tagged.status == 0, "\(tagged.error)")
            let tagger = try AudioTagger(modelPath: output, options: .init(precision: .fp32, threads: 1))
            let expected = try tagger.tag(
                file: folder + "/0.wav", selection: TagSelection(topK: 527, classThresholds: thresholds.scores))
            #expect(try ResultJSON.decoder.decode([TaggedAudio].self, from: tagged.output) == [expected])
            #expect((1..<527).contains(expected.windows[0].tags.count))
        }
    }

    @Test func labelsServeAsWell() throws {
        try withData { folder, model in
            try write(
                "filename,labels\n" + (0..<6).map { "\($0).wav,\($0 < 3 ? "Siren" : "Dog;Bark")\n" }.joined(),
                folder + "/labels.csv")
            let output = folder + "/out.safetensors"
            let run = try CommandRun.run(
                ["calibrate"] + model + ["--data", folder + "/labels.csv", "--minimum", "3", "--output", output])
            #expect(run.status == 0, "\(run.error)")
            let thresholds = try #require(try Model.read(path: output).thresholds)
            #expect(thresholds.ownCount == 3 && thresholds.reference == "labels")
            // What changes scores takes them away; what does not keeps them.
            let other = folder + "/other.safetensors"
            for (arguments, stays) in [
                (["convert", output, other, "--force"], true),
                (["convert", output, other, "--force", "--activation", "none"], false),
                (["prune", "--model", output, "--skip-latency", "--force", "--output", other], false),
            ] {
                let run = try CommandRun.run(arguments)
                #expect(run.status == 0, "\(run.error)")
                #expect((try Model.read(path: other).thresholds != nil) == stays, "\(arguments)")
            }
            // Of classes that the table does not name nobody knows where they are heard: they do not count.
            try write(
                "filename,category\n" + (0..<6).map { "\($0).wav,\($0 < 3 ? "Siren" : "zebra")\n" }.joined(),
                folder + "/half.csv")
            let half = try CommandRun.run(
                ["calibrate"] + model + [
                    "--data", folder + "/half.csv", "--minimum", "3", "--output", folder + "/half.safetensors",
                ])
            #expect(half.status == 0 && half.error.contains("1 of the data's 2 classes is unknown"), "\(half.error)")
            let own = try #require(try Model.read(path: folder + "/half.safetensors").thresholds)
            #expect(own.ownCount == 1 && Set(own.scores).count == 1)
            try write("filename,category\n0.wav,zebra\n", folder + "/odd.csv")
            let odd = try CommandRun.run(
                ["calibrate"] + model + ["--data", folder + "/odd.csv", "--output", folder + "/odd.safetensors"])
            #expect(odd.status == 64 && odd.error.contains("None of the data's 1 class is one of"), "\(odd.error)")
            #expect(!FileManager.default.fileExists(atPath: folder + "/odd.safetensors"))
        }
    }

    @Test func aMapServesAsForEvaluate() throws {
        try withData { folder, model in
            try write(
                "filename,category\n" + (0..<6).map { "\($0).wav,\($0 < 3 ? "alert" : "pet")\n" }.joined(),
                folder + "/own.csv")
            try write(#"{"alert": ["Siren", "Alarm"], "pet": ["Dog", "Bark"]}"#, folder + "/map.json")
            let output = folder + "/out.safetensors"
            let arguments = ["calibrate"] + model + ["--data", folder + "/own.csv", "--minimum", "3", "-o", output]
            let without = try CommandRun.run(arguments)
            #expect(without.status == 64 && without.error.contains("--map"), "\(without.error)")
            let run = try CommandRun.run(arguments + ["--map", folder + "/map.json", "--precision-floor", "0"])
            #expect(run.status == 0, "\(run.error)")
            let calibrated = try Model.read(path: output)
            let thresholds = try #require(calibrated.thresholds)
            let (siren, alarm) = try (calibrated.labels.index(of: "Siren"), calibrated.labels.index(of: "Alarm"))
            #expect(thresholds.ownCount == 4 && thresholds.scores[siren] == thresholds.scores[alarm])
            let both = try CommandRun.run(
                arguments + ["--map", folder + "/map.json", "--teacher", folder + "/tiny.safetensors", "--force"])
            #expect(both.status == 64 && both.error.contains("no labels are looked at"), "\(both.error)")
        }
    }

    // MARK: The built-in model

    @Test(.enabled(if: !Model.hasBuiltIn, "this build has a built-in model")) func withoutAnyModelItIsSaidWhatToDo()
        throws
    {
        try withData { folder, _ in
            for arguments in [["tag", folder + "/0.wav"], ["info", "epanns-mini"], ["embed", folder + "/0.wav"]] {
                let run = try CommandRun.run(arguments)
                #expect(run.status == 66 && run.error.contains("epanns models download mn04"), "\(run.error)")
                #expect(run.output.isEmpty && !run.error.contains("is used"))
            }
        }
    }

    @Test(.enabled(if: Model.hasBuiltIn, "this build has no built-in model"))
    func withoutAModelTheBuiltInOneIsUsedAndSaidInEachRun() throws {
        try withData { folder, _ in
            let arguments = ["tag", folder + "/0.wav", "--format", "json", "--threads", "1"]
            let first = try CommandRun.run(arguments)
            #expect(first.status == 0 && first.error.contains("epanns models download mn04"), "\(first.error)")
            #expect(first.error.contains("the small model that is built in"), "\(first.error)")
            let result = try ResultJSON.decoder.decode([TaggedAudio].self, from: first.output)
            #expect(result[0].model.name == "epanns-mini" && result[0].model.isBuiltIn == true)
            #expect(first.text.contains("\"built_in\":true"))
            // Results look alike whoever made them: each run says it.
            let second = try CommandRun.run(arguments)
            #expect(second.error == first.error && second.output == first.output, "\(second.error)")
            // Who names it knows it.
            let named = try CommandRun.run(arguments + ["--model", "epanns-mini"])
            #expect(named.status == 0 && named.error.isEmpty && named.output == first.output, "\(named.error)")
        }
    }

    /// What passes the built-in model's own thresholds, or its guesses; everything when asked.
    @Test(.enabled(if: Model.hasBuiltIn, "this build has no built-in model"))
    func theBuiltInModelSaysWhatItIsSureOfOrGuesses() throws {
        try withTemporaryFolder { folder in
            // Noise is nothing that the model would swear to.
            try wave(TinyModel.noise(count: 64000)).write(to: URL(fileURLWithPath: folder + "/noise.wav"))
            func run(_ more: [String]) throws -> TaggedWindow {
                let run = try CommandRun.run(["tag", folder + "/noise.wav", "--format", "json"] + more)
                #expect(run.status == 0, "\(run.error)")
                return try ResultJSON.decoder.decode([TaggedAudio].self, from: run.output)[0].windows[0]
            }
            let thresholds = try #require(try Model.builtIn().thresholds).scores
            let all = try run(["--threshold", "0", "--top-k", "527"])
            #expect(all.tags.count == 527 && all.guesses == nil)
            let sure = all.tags.filter { $0.score >= thresholds[$0.index] }
            let first = try run([])
            #expect(first.tags == Array(sure.prefix(10)))
            #expect(first.guesses == (sure.isEmpty ? Array(all.tags.prefix(3)) : nil))
            let text = try CommandRun.run(["tag", folder + "/noise.wav"]).text
            #expect(!sure.isEmpty || text.contains("nothing it is sure of; its best guesses:"), "\(text)")
        }
    }

    @Test(.enabled(if: Model.hasBuiltIn, "this build has no built-in model"))
    func otherCommandsKnowTheBuiltInModel() throws {
        try withData { folder, _ in
            let info = try CommandRun.run(["info", "epanns-mini"])
            #expect(info.text.contains("built in") && info.text.contains("Classes      527"), "\(info.text)")
            let output = folder + "/mini.safetensors"
            let converted = try CommandRun.run(["convert", "epanns-mini", output, "--dtype", "bf16"])
            #expect(converted.status == 0 && converted.text.contains("the built-in epanns-mini"), "\(converted.error)")
            #expect(try Model.read(path: output).thresholds == Model.builtIn().thresholds)
            // A run's settings want a file to name.
            let train = try CommandRun.run(
                [
                    "train", "--init", "epanns-mini", "--teacher", "epanns-mini", "--teacher-weight", "1", "--data",
                    folder + "/t.csv", "--dry-run", "--output", folder + "/run",
                ], environment: ["EPANNS_CACHE": folder + "/cache"])
            #expect(train.status == 0, "\(train.error)")
            let files = try FileManager.default.contentsOfDirectory(atPath: folder + "/cache")
            let file = try #require(files.first { $0.hasSuffix(".safetensors") })
            #expect(try FileDigest.sha256(path: "\(folder)/cache/\(file)") == FileDigest.sha256(Model.builtInStorage))
        }
    }
}

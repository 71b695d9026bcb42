import EPANNs
import EPANNsCore
import EPANNsEvaluation
import EPANNsTestSupport
import Foundation
import Testing

/// `epanns evaluate` on the real binary with a tiny model.
@Suite struct EvaluateTests {
    /// An error's remedy is said by the commands that have it.
    @Test func whatHelpsTagIsNotAdvisedToEvaluate() throws {
        try withTemporaryFolder { folder in
            let configuration = SyntheticSounds.network
            try Model(name: "m", configuration: configuration, weights: TinyModel.weights(configuration))
                .write(to: folder + "/m.safetensors")
            // More than an hour of silence at 8 kHz, in 8 bits, that takes no room on the disk.
            let count: UInt32 = 3700 * 8000
            var header = Data("RIFF".utf8)
            func add(_ value: UInt32, _ bytes: Int) {
                withUnsafeBytes(of: value.littleEndian) { header += $0.prefix(bytes) }
            }
            add(36 + count, 4)
            header += Data("WAVEfmt ".utf8)
            for (value, bytes) in [(16, 4), (1, 2), (1, 2), (8000, 4), (8000, 4), (1, 2), (8, 2)] as [(UInt32, Int)] {
                add(value, bytes)
            }
            header += Data("data".utf8)
            add(count, 4)
            try header.write(to: URL(fileURLWithPath: folder + "/long.wav"))
            #expect(truncate(folder + "/long.wav", 44 + Int(count)) == 0)
            try wave(TinyModel.noise(count: 8000), sampleRate: 8000).write(to: URL(fileURLWithPath: folder + "/b.wav"))
            try write("filename,category\nlong.wav,0\nb.wav,1\n", folder + "/t.csv")
            let model = ["--model", folder + "/m.safetensors", "--precision", "fp32", "--threads", "1"]
            let labels =
                "{\"0\": [\"\(LabelSet.numbered(3).labels[0].name)\"], \"1\": [\"\(LabelSet.numbered(3).labels[1].name)\"]}"
            try write(labels, folder + "/map.json")
            let evaluated = try CommandRun.run(
                ["evaluate", "--data", folder + "/t.csv", "--clip-seconds", "1", "--map", folder + "/map.json"] + model)
            #expect(
                evaluated.status == 1 && evaluated.error.contains("too long to be taken as a whole"),
                "\(evaluated.error)")
            #expect(!evaluated.error.lowercased().contains("window"), "\(evaluated.error)")
            let tagged = try CommandRun.run(["tag", folder + "/long.wav", "--whole"] + model)
            #expect(tagged.error.contains("Tag it in windows (--window 10)."), "\(tagged.error)")
        }
    }

    /// Four clips whose class is the model's best-scoring label of the first, of the second, or wrong.
    private func withData(_ body: (_ folder: String, _ arguments: [String]) throws -> Void) throws {
        try withTemporaryFolder { folder in
            try FileManager.default.createDirectory(atPath: folder + "/audio", withIntermediateDirectories: true)
            try Model.read(path: TinyModel.path).write(to: folder + "/tiny.safetensors")
            for index in 0..<4 {
                try wave(TinyModel.noise(count: 20000 + 9000 * index, seed: UInt32(index + 1)))
                    .write(to: URL(fileURLWithPath: "\(folder)/audio/\(index).wav"))
            }
            try write(
                "filename,fold,category\n0.wav,1,siren\n1.wav,1,dog\n2.wav,2,dog\n3.wav,2,siren\n", folder + "/t.csv")
            try write(#"{"siren": ["Siren", "Alarm"], "dog": ["Bark", "/m/0bt9lr"]}"#, folder + "/map.json")
            try body(
                folder,
                [
                    "evaluate", "--model", folder + "/tiny.safetensors", "--precision", "fp32", "--data",
                    folder + "/t.csv", "--audio", folder + "/audio", "--map", folder + "/map.json",
                ])
        }
    }

    private func write(_ text: String, _ path: String) throws {
        try Data(text.utf8).write(to: URL(fileURLWithPath: path))
    }

    /// The report that the library makes of the same clips.
    private func expected(_ folder: String, clips: [Int] = [0, 1, 2, 3]) throws -> EvaluationReport {
        let tagger = try AudioTagger(
            modelPath: folder + "/tiny.safetensors", options: .init(precision: .fp32, threads: 1))
        let columns = try [["Bark", "Dog"], ["Siren", "Alarm"]].map { try $0.map(tagger.labels.index) }
        var scores: [Float] = []
        for clip in clips {
            let waveform = try tagger.load(.file(path: "\(folder)/audio/\(clip).wav"))
            let all = try tagger.outputs(samples: waveform.samples).scores
            scores += columns.map { $0.map { all[$0] }.max() ?? 0 }
        }
        return EvaluationReport(
            try ScoredClips(scores: scores, labels: clips.map { [1, 0, 0, 1][$0] }, classNames: ["dog", "siren"]))
    }

    @Test func jsonEqualsTheLibrary() throws {
        try withData { folder, arguments in
            let run = try CommandRun.run(
                arguments + [
                    "--format", "json", "--jobs", "2", "--threads", "1", "--output", folder + "/report.json",
                    "--per-class", folder + "/classes.csv", "--scores", folder + "/scores.npy",
                ])
            #expect(run.status == 0 && run.error.isEmpty, "\(run.error)")
            let report = try EvaluationReport(json: run.output)
            let expected = try expected(folder)
            #expect(report.classes == expected.classes && report.singleLabel == expected.singleLabel)
            #expect(report.meanAveragePrecision == expected.meanAveragePrecision)
            #expect(report.subject?.model == "tiny_cnn14" && report.subject?.precision == "fp32")
            #expect(report.subject?.data == "t.csv" && report.subject?.failedClipCount == 0)
            // What it was, when, and with what.
            #expect(try report.subject?.dataSHA256 == FileDigest.sha256(path: folder + "/t.csv"))
            #expect(report.subject?.program == "epanns \(EPANNsVersion.current)")
            #expect(report.subject?.dataDigest?.count == 64)
            let date = try ISO8601DateFormatter().date(from: #require(report.subject?.date))
            #expect(abs(date?.timeIntervalSinceNow ?? .infinity) < 600)
            #expect(report.parts?.map(\.name) == ["1", "2"])
            #expect(try Data(contentsOf: URL(fileURLWithPath: folder + "/report.json")) == run.output)
            #expect(try String(contentsOfFile: folder + "/classes.csv", encoding: .utf8) == expected.classCSV)
            let scores = try NumPyArray(path: folder + "/scores.npy")
            #expect(scores.shape == [4, 2] && scores.values.allSatisfy(\.isFinite))
        }
    }

    @Test func textSaysWhatMatters() throws {
        try withData { folder, arguments in
            let run = try CommandRun.run(arguments)
            let correct = try expected(folder).singleLabel?.correctCount ?? -1
            #expect(run.status == 0 && run.error.isEmpty, "\(run.error)")
            #expect(run.lines[0] == "tiny_cnn14 (fp32) on t.csv: 4 clips, 2 classes")
            #expect(run.text.contains("\(correct) of 4 clips\n"))
            for word in [
                "accuracy", "mAP", "mAUC", "d′", "lwlrap", "FOLD  CLIPS", "CLASS  CLIPS", "\ndog ", "\nsiren ",
            ] {
                #expect(run.text.contains(word), "no \(word) in \(run.text)")
            }
            let fold = try CommandRun.run(arguments + ["--folds", "2"])
            #expect(fold.lines[0].hasSuffix("2 clips, 2 classes"))
        }
    }

    @Test func aBadClipIsCountedAndTheRestEvaluated() throws {
        try withData { folder, arguments in
            try write("this is no audio", folder + "/audio/1.wav")
            let run = try CommandRun.run(arguments + ["--format", "json", "--scores", folder + "/s.npy"])
            #expect(run.status == 1)
            #expect(run.error.contains("1.wav is not audio"), "\(run.error)")
            #expect(run.error.hasSuffix("epanns: 1 of 4 clips could not be tagged and is in none of the numbers.\n"))
            let report = try EvaluationReport(json: run.output)
            #expect(report.clipCount == 3 && report.subject?.failedClipCount == 1)
            #expect(try report.classes == expected(folder, clips: [0, 2, 3]).classes)
            let scores = try NumPyArray(path: folder + "/s.npy")
            #expect(scores.shape == [4, 2])
            #expect(scores.values.map(\.isNaN) == [false, false, true, true, false, false, false, false])
            for index in 0..<4 { try write("no audio", "\(folder)/audio/\(index).wav") }
            let none = try CommandRun.run(arguments)
            #expect(none.status == 65 && none.output.isEmpty, "\(none.error)")
        }
    }

    @Test func clipsAreCutAndPadded() throws {
        try withData { folder, arguments in
            func scores(_ extra: [String]) throws -> [Float] {
                let path = folder + "/\(UUID().uuidString).npy"
                let run = try CommandRun.run(arguments + ["--scores", path] + extra)
                #expect(run.status == 0, "\(run.error)")
                return try NumPyArray(path: path).values
            }
            // The second clip has 29,000 samples.
            let (whole, same) = try (scores([]), scores(["--clip-seconds", "0.90625"]))
            #expect(whole[2...3] == same[2...3])
            #expect(whole[0...1] != same[0...1] && whole[6...7] != same[6...7])
        }
    }

    @Test func modelsWithOtherClassesAreExplained() throws {
        try withData { folder, arguments in
            // AudioSet has a Siren and a Dog: no map is needed.
            let run = try CommandRun.run(Array(arguments.dropLast(2)))
            #expect(run.status == 0, "\(run.error)")
            try write("filename,category\n0.wav,hoover\n1.wav,Siren\n", folder + "/u.csv")
            let other = try CommandRun.run(
                [
                    "evaluate", "-m", folder + "/tiny.safetensors", "--data", folder + "/u.csv", "--audio",
                    folder + "/audio",
                ])
            #expect(other.status == 64)
            #expect(other.error.contains("1 of the data's 2 classes is not among the model's 527: “hoover”"))
            #expect(other.error.contains("--map FILE"))
        }
    }

    /// PANNs' packs are evaluated where they lie.
    @Test func packsAreRead() throws {
        try withData { folder, _ in
            let pack = URL(fileURLWithPath: #filePath).deletingLastPathComponent()
                .appendingPathComponent("../EPANNsTestSupport/Fixtures/pack.h5").standardizedFileURL.path
            let run = try CommandRun.run(
                ["evaluate", "-m", folder + "/tiny.safetensors", "--data", pack, "--format", "json"])
            #expect(run.status == 0, "\(run.error)")
            let report = try EvaluationReport(json: run.output)
            // Five rows of 0.1 s, five classes among them.
            #expect(report.clipCount == 5 && report.classCount == 527 && report.averagedClassCount == 5)
        }
    }

    @Test func missingClipsAreHandledAsAsked() throws {
        try withData { folder, arguments in
            try FileManager.default.removeItem(atPath: folder + "/audio/1.wav")
            let failed = try CommandRun.run(arguments)
            #expect(failed.status == 66 && failed.error.contains("1.wav"), "\(failed.error)")
            #expect(failed.error.contains("--missing skip leaves missing ones out"), "\(failed.error)")
            let skipped = try CommandRun.run(arguments + ["--missing", "skip", "--format", "json"])
            #expect(skipped.status == 0 && skipped.error.contains("left out"), "\(skipped.error)")
            #expect(try EvaluationReport(json: skipped.output).clipCount == 3)
        }
    }

    @Test func wrongArgumentsAreRefusedBeforeTheWork() throws {
        try withData { folder, arguments in
            for (extra, text) in [
                (["--confusion", folder + "/c.pdf"], "ends in .svg or .png"), (["--folds", "x"], "takes numbers"),
                (["--folds", "7"], "There is no fold 7"), (["--clip-seconds", "0"], "--clip-seconds"),
                (["--jobs", "0"], "--jobs"), (["--threshold", "nan"], "--threshold"),
            ] {
                let run = try CommandRun.run(arguments + extra)
                #expect(run.status == 64 && run.error.contains(text) && run.output.isEmpty, "\(extra): \(run.error)")
            }
            let run = try CommandRun.run(
                arguments + ["--bars", folder + "/b.svg"], environment: ["PATH": "/nonexistent"])
            #expect(run.status == 70 && run.error.contains("apt-get install gnuplot-nox"), "\(run.error)")
            #expect(!FileManager.default.fileExists(atPath: folder + "/b.svg"))
        }
    }

    @Test(.enabled(if: hasGnuplot, "gnuplot is not installed")) func plotsAreDrawn() throws {
        try withData { folder, arguments in
            let run = try CommandRun.run(
                arguments + ["--confusion", folder + "/c.png", "--bars", folder + "/b.svg"])
            #expect(run.status == 0, "\(run.error)")
            let png = try Data(contentsOf: URL(fileURLWithPath: folder + "/c.png"))
            #expect(png.starts(with: [0x89, 0x50, 0x4E, 0x47]))
            #expect(try String(contentsOfFile: folder + "/b.svg", encoding: .utf8).contains("siren (2)"))
        }
    }

    /// The zero-shot accuracy that the reference mn04 has, as one command.
    @Test(
        .enabled(
            if: ProcessInfo.processInfo.environment["EPANNS_TEST_DATA"] != nil,
            "EPANNS_TEST_DATA is not set; weights/mn04_as_mAP_432.pt and esc10/ are needed"))
    func mn04OnESC10() throws {
        let data = try #require(ProcessInfo.processInfo.environment["EPANNS_TEST_DATA"])
        let maps = URL(fileURLWithPath: #filePath).deletingLastPathComponent()
            .appendingPathComponent("../../Tools/reference/label_maps.json").standardizedFileURL.path
        let run = try CommandRun.run([
            "evaluate", "--model", data + "/weights/mn04_as_mAP_432.pt", "--precision", "fp32", "--data",
            data + "/esc10/esc10.csv", "--audio", data + "/esc10", "--map", maps, "--format", "json",
        ])
        #expect(run.status == 0, "\(run.error)")
        let report = try EvaluationReport(json: run.output)
        print(
            "mn04 zero-shot on ESC-10: \(report.singleLabel?.correctCount ?? 0) of 400, mAP \(report.meanAveragePrecision)"
        )
        // What PyTorch with librosa gets; scores agree to 2e-6, and no clip is that close to a tie.
        #expect(report.singleLabel?.correctCount == 385)
        #expect(report.parts?.map(\.correctCount) == [79, 78, 76, 78, 74])
    }
}

/// `epanns report` on the real binary.
@Suite struct ReportTests {
    private func makeRun(_ folder: String) throws {
        try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: true)
        let log = (1...20).map { #"{"kind":"step","iteration":\#($0),"loss":\#(1 / Double($0))}"# }
        try Data((log.joined(separator: "\n") + "\n" + #"{"kind":"end","reason":"done"}"#).utf8)
            .write(to: URL(fileURLWithPath: folder + "/log.jsonl"))
    }

    @Test(.enabled(if: hasGnuplot, "gnuplot is not installed")) func aPageIsWritten() throws {
        try withTemporaryFolder { folder in
            try makeRun(folder + "/one")
            try makeRun(folder + "/two")
            let page = folder + "/page.html"
            let run = try CommandRun.run(["report", folder + "/one", folder + "/two", "--output", page])
            #expect(run.status == 0 && run.output.isEmpty && run.error.isEmpty, "\(run.error)")
            let text = try String(contentsOfFile: page, encoding: .utf8)
            #expect(
                text.hasPrefix("<!DOCTYPE html>") && text.contains("one: training")
                    && text.contains("<td class=\"text\">end</td>"))
        }
    }

    @Test func whatIsMissingIsSaid() throws {
        try withTemporaryFolder { folder in
            try makeRun(folder + "/one")
            let page = folder + "/page.html"
            let none = try CommandRun.run(["report", folder, "--output", page])
            #expect(none.status == 66 && none.error.contains("it has no log.jsonl"), "\(none.error)")
            let tool = try CommandRun.run(
                ["report", folder + "/one", "--output", page], environment: ["PATH": "/nonexistent"])
            #expect(tool.status == 70 && tool.error.contains("apt-get install gnuplot-nox"), "\(tool.error)")
            #expect(!FileManager.default.fileExists(atPath: page))
        }
    }
}

private let hasGnuplot = ["/usr/bin/gnuplot", "/bin/gnuplot"].contains {
    FileManager.default.isExecutableFile(atPath: $0)
}

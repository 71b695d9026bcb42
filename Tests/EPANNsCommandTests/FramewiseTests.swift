import EPANNs
import EPANNsCore
import EPANNsTestSupport
import Foundation
import Testing

/// `tag --framewise`: where in a clip a class is heard, as arrays and as CSV.
@Suite struct FramewiseTests {
    private let architecture = "cnn14-decision-level-max"
    private let plain = ["--precision", "fp32", "--threads", "1"]

    /// The narrow CNN14's tensors are those of two DecisionLevel networks, too.
    private func withClip(_ body: (_ folder: String, _ clip: String, _ arguments: [String]) throws -> Void) throws {
        try withTemporaryFolder { folder in
            let clip = folder + "/a.wav"
            try wave(TinyModel.samples()).write(to: URL(fileURLWithPath: clip))
            let arguments =
                ["tag", clip, "--model", TinyModel.path, "--architecture", architecture, "--framewise"] + plain
            try body(folder, clip, arguments)
        }
    }

    private func windows(_ clip: String, _ policy: WindowPolicy) throws -> (tagger: AudioTagger, [ScoredWindow]) {
        let tagger = try AudioTagger(
            model: .read(path: TinyModel.path, architecture: architecture),
            options: .init(precision: .fp32, threads: 1))
        let reader = try tagger.reader(of: .file(path: clip), policy)
        var windows: [ScoredWindow] = []
        while let window = try reader.next() { windows.append(window) }
        return (tagger, windows)
    }

    @Test(arguments: [nil, 1.0]) func arraysHoldTheLibrarysFrames(window: Double?) throws {
        try withClip { folder, clip, arguments in
            let path = folder + "/a.npy"
            let cut = window.map { ["--window", "\($0)"] } ?? []
            let run = try CommandRun.run(arguments + ["--format", "npy", "--output", path] + cut)
            #expect(run.status == 0, "\(run.error)")
            let written = try NumPyArray(path: path)
            let (tagger, windows) = try windows(clip, window.map { .every(seconds: $0, hopSeconds: nil) } ?? .automatic)
            // 100 frames a second, and one at the end of each window.
            #expect(written.shape == [window == nil ? 201 : 202, tagger.labels.count])
            #expect(written.values == windows.flatMap { $0.framewise?.frames ?? [] })
            #expect(Set(written.values).count > tagger.labels.count, "all stretches alike would prove nothing")
        }
    }

    @Test func csvHasARowForEachTagOfAFrame() throws {
        try withClip { _, clip, arguments in
            let run = try CommandRun.run(arguments + ["--format", "csv", "--window", "1", "-k", "2"])
            #expect(run.status == 0, "\(run.error)")
            let lines = run.text.split(separator: "\n")
            #expect(lines.first == "file,start_seconds,index,mid,name,score,warnings,error")
            let (tagger, windows) = try windows(clip, .every(seconds: 1, hopSeconds: nil))
            let selection = TagSelection(topK: 2)
            var expected: [[String]] = []
            for (index, window) in windows.enumerated() {
                let framewise = try #require(window.framewise)
                for frame in 0..<framewise.frameCount {
                    let tags = try selection.tags(framewise.scores(frame: frame), labels: tagger.labels)
                    // Hundredths as decimal text gives them.
                    let start = try #require(
                        Double("\(index + frame / 100).\(frame % 100 < 10 ? "0" : "")\(frame % 100)"))
                    expected += tags.map { [clip, "\(start)", "\($0.index)", "\($0.score)"] }
                }
            }
            let rows = lines.dropFirst().map { line in
                // Names may have commas, what is before and behind them has none.
                let fields = line.split(separator: ",", omittingEmptySubsequences: false).map(String.init)
                return [fields[0], fields[1], fields[2], fields[fields.count - 3]]
            }
            #expect(rows.count == 404)
            #expect(rows == expected)
        }
    }

    @Test func framesInWhichNothingIsHeardHaveARowToo() throws {
        try withClip { _, clip, arguments in
            let run = try CommandRun.run(arguments + ["--format", "csv", "--threshold", "1"])
            let rows = run.text.split(separator: "\n").dropFirst()
            #expect(rows.count == 201, "\(run.error)")
            #expect(rows.first.map(String.init) == "\(clip),0.0,,,,,,")
            #expect(rows.last.map(String.init) == "\(clip),2.0,,,,,,")
        }
    }

    @Test func severalArraysNeedAFolder() throws {
        try withClip { folder, clip, arguments in
            try wave(TinyModel.noise(count: 32000)).write(to: URL(fileURLWithPath: folder + "/b.wav"))
            let both = arguments + [folder + "/b.wav", "--format", "npy"]
            let refused = try CommandRun.run(both)
            #expect(refused.status == 64)
            #expect(refused.error.contains("--output FOLDER; or take --format csv"), "\(refused.error)")
            let run = try CommandRun.run(both + ["--output", folder + "/out"])
            #expect(run.status == 0, "\(run.error)")
            #expect(try NumPyArray(path: folder + "/out/a.wav.npy").shape[0] == 201)
            #expect(try NumPyArray(path: folder + "/out/b.wav.npy").shape[0] == 101)
            // Embeddings would be called the same.
            let embedded = try CommandRun.run(["embed", clip, "--model", TinyModel.path, "--output", folder + "/out"])
            #expect(embedded.status == 64)
            #expect(embedded.error.contains("“epanns tag” as npy"), "\(embedded.error)")
        }
    }

    @Test func whatCannotBeIsRefusedWithWhatToDo() throws {
        try withClip { folder, clip, arguments in
            func refusal(_ arguments: [String], status: Int32 = 64) throws -> String {
                let run = try CommandRun.run(arguments)
                #expect(run.status == status, "\(run.error)")
                #expect(run.output.isEmpty)
                return run.error.replacingOccurrences(of: "\n", with: " ")
            }
            let clips = try refusal(["tag", clip, "--model", TinyModel.path, "--framewise", "--format", "npy"])
            #expect(clips.contains("scores clips, not stretches of time"), "\(clips)")
            #expect(clips.contains("DecisionLevelMax") && clips.contains("--architecture"), "\(clips)")
            let other = folder + "/cnn6.safetensors"
            var small = CNNConfiguration(.cnn6)
            small.widths = [2, 2, 2, 2]
            small.embeddingWidth = 4
            try Model(
                name: "small", configuration: small.configuration, weights: TinyModel.weights(small.configuration)
            ).write(to: other)
            let cnn6 = try refusal(["tag", clip, "--model", other, "--framewise", "--format", "csv"])
            #expect(cnn6.contains("models download cnn14-decision-level-max"), "\(cnn6)")
            // A file of ours says itself that it is a CNN14.
            let own = folder + "/cnn14.safetensors"
            #expect(try CommandRun.run(["convert", TinyModel.path, own]).status == 0)
            let cnn14 = try refusal(["tag", clip, "--model", own, "--framewise", "--format", "csv"])
            #expect(cnn14.contains("models download") && !cnn14.contains("--architecture"), "\(cnn14)")
            #expect(try refusal(arguments).contains("--format csv or --format npy"))
            #expect(try refusal(arguments + ["--format", "json"]).contains("--format csv or --format npy"))
            let softmax = try refusal(arguments + ["--format", "csv", "--activation", "softmax"])
            #expect(softmax.contains("leave out --activation"), "\(softmax)")
            let selected = try refusal(arguments + ["--format", "npy", "--allow", "Speech"])
            #expect(selected.contains("leave out --threshold, --allow and --deny"), "\(selected)")
            // Of a mean over windows there are no frames.
            try wave(TinyModel.noise(count: 31 * 32000)).write(to: URL(fileURLWithPath: clip))
            let long = try refusal(arguments + ["--format", "npy", "--output", folder + "/a.npy"], status: 65)
            #expect(long.contains("--window 10"), "\(long)")
        }
    }

    @Test func resumingWithOtherSettingsIsRefused() throws {
        try withClip { folder, _, arguments in
            let common = arguments + ["--format", "csv", "--output", folder + "/out"]
            #expect(try CommandRun.run(common).status == 0)
            let result = folder + "/out/a.wav.csv"
            let before = try FileDigest.sha256(path: result)
            #expect(try CommandRun.run(common + ["--resume"]).status == 0)
            let clips = try CommandRun.run(common.filter { $0 != "--framewise" } + ["--resume"])
            #expect(clips.status == 64)
            #expect(clips.error.contains("--framewise was given and is not given"), "\(clips.error)")
            let other = common.map { $0 == architecture ? "cnn14-decision-level-avg" : $0 }
            let average = try CommandRun.run(other + ["--resume"])
            #expect(average.status == 64)
            #expect(
                average.error.contains("the architecture was cnn14-decision-level-max and is cnn14-decision-level-avg"),
                "\(average.error)")
            #expect(try FileDigest.sha256(path: result) == before)
            // Without --resume everything is made anew.
            #expect(try CommandRun.run(other).status == 0)
            #expect(try CommandRun.run(other + ["--resume"]).status == 0)
        }
    }

    @Test func arraysOfScoresHaveARowAWindow() throws {
        try withClip { folder, clip, _ in
            let path = folder + "/a.npy"
            let run = try CommandRun.run(
                ["tag", clip, "--model", TinyModel.path, "--window", "1", "--format", "npy", "--output", path] + plain)
            #expect(run.status == 0, "\(run.error)")
            let tagger = try AudioTagger(modelPath: TinyModel.path, options: .init(precision: .fp32, threads: 1))
            let reader = try tagger.reader(of: .file(path: clip), .every(seconds: 1, hopSeconds: nil))
            var scores: [Float] = []
            while let window = try reader.next() { scores += window.scores }
            let written = try NumPyArray(path: path)
            #expect(written.shape == [2, tagger.labels.count])
            #expect(written.values == scores)
        }
    }
}

import EPANNsReports
import EPANNsEvaluation
import Foundation
import Testing

private let hasGnuplot = (ProcessInfo.processInfo.environment["PATH"] ?? "").split(separator: ":")
    .contains { FileManager.default.isExecutableFile(atPath: "\($0)/gnuplot") }

/// Folders of runs, and the page about them.
@Suite struct ReportPageTests {
    private func withFolder(_ body: (String) throws -> Void) throws {
        let folder = FileManager.default.temporaryDirectory.appendingPathComponent("epanns-\(UUID().uuidString)")
        try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
        defer { try? FileManager.default.removeItem(at: folder) }
        try body(folder.path)
    }

    private func write(_ text: String, _ path: String) throws {
        let url = URL(fileURLWithPath: path)
        try FileManager.default.createDirectory(at: url.deletingLastPathComponent(), withIntermediateDirectories: true)
        try Data(text.utf8).write(to: url)
    }

    private func makeRun(_ path: String, learningRate: String, withEvaluation: Bool) throws {
        try write(
            #"{"batch_size": 16, "optimizer": {"learning_rate": \#(learningRate)}, "note": "<script>alert(1)</script>"}"#,
            path + "/configuration.json")
        var log = #"{"kind":"start","model":"cnn10"}"# + "\n"
        for iteration in 1...200 {
            let loss = iteration == 150 ? "null" : "\(2 / Double(iteration))"
            log +=
                #"{"kind":"step","iteration":\#(iteration),"loss":\#(loss),"learning_rate":0.001,"clips_per_second":80}"#
            log += "\n"
            if iteration % 50 == 0 {
                log +=
                    #"{"kind":"evaluation","iteration":\#(iteration),"set":"test","map":0.\#(iteration),"accuracy":0.7}"#
                log += "\n"
            }
        }
        try write(log + #"{"kind":"resume","iteration":201}"# + "\n" + #"{"kind":"st"#, path + "/log.jsonl")
        guard withEvaluation else { return }
        let clips = try ScoredClips(
            scores: [0.9, 0.1, 0.2, 0.8, 0.7, 0.3], labels: [0, 1, 1], classNames: ["dog & <b>cat</b>", "rain"])
        try EvaluationReport(clips).write(to: path + "/evaluation.json")
    }

    @Test(.enabled(if: hasGnuplot, "gnuplot is not installed")) func thePageIsOneFile() throws {
        try withFolder { folder in
            try makeRun(folder + "/one", learningRate: "0.001", withEvaluation: true)
            try makeRun(folder + "/two <i>", learningRate: "0.0003", withEvaluation: false)
            let page = try ReportPage(
                runs: TrainingRun.read([folder + "/one", folder + "/two <i>/"]), title: "A & B"
            ).html()
            #expect(page.contains("<title>A &amp; B</title>"))
            #expect(page.contains("two &lt;i&gt;") && !page.contains("<script") && !page.contains("<i>"))
            #expect(page.contains("dog &amp; &lt;b") && !page.contains("<b>"))
            // Four plots of curves, bars, confusion.
            #expect(page.components(separatedBy: "<svg ").count - 1 == 6)
            #expect(page.contains("<strong>≠ optimizer.learning_rate</strong>") && !page.contains("≠ batch_size"))
            #expect(page.contains("1 of 3 settings differ"))
            #expect(page.contains("loss is not a number") && page.contains("cut, as a killed run leaves it"))
            #expect(page.contains("<td class=\"text\">resume</td>"))
            // Nothing is fetched: the only addresses are names of XML.
            let addresses = page.components(separatedBy: "http").dropFirst().map { $0.prefix(16) }
            #expect(addresses.allSatisfy { $0.hasPrefix("://www.w3.org/") }, "\(addresses)")
            #expect(!page.contains(" src="))
            // Names within the drawings are the page's only ones of their kind.
            let names = page.components(separatedBy: "id=\"").dropFirst().map { $0.prefix { $0 != "\"" } }
            #expect(Set(names).count == names.count && names.count > 5)
            #expect(page.contains("var(--ink)") && !page.contains("rgb( 27,  31,  36)"))
            let check = XMLCheck()
            let body = page.replacingOccurrences(of: "<meta [^>]*>", with: "", options: .regularExpression)
                .replacingOccurrences(of: "<details open>", with: "<details>")
            #expect(check.isWellFormed(Data(body.utf8)), "\(check.problem)")
        }
    }

    @Test func runsAreToldApart() throws {
        try withFolder { folder in
            for name in ["a/run", "b/run", "c"] {
                try makeRun("\(folder)/\(name)", learningRate: "1", withEvaluation: false)
            }
            let runs = try TrainingRun.read(["a/run", "b/run/", "c"].map { "\(folder)/\($0)" })
            #expect(runs.map { $0.name.hasSuffix("a/run") } == [true, false, false])
            #expect(Set(runs.map(\.name)).count == 3)
            #expect(runs[0].configuration["optimizer.learning_rate"] == "1")
            #expect(throws: EPANNsError.self) { try TrainingRun.read(["\(folder)/c", "\(folder)/c"]) }
        }
    }

    @Test func foldersThatAreNoRunsAreRefused() throws {
        try withFolder { folder in
            let none = #expect(throws: EPANNsError.self) { try TrainingRun(folder: folder) }
            #expect(none?.message.contains("it has no log.jsonl") == true)
            try write("", folder + "/log.jsonl")
            #expect(throws: EPANNsError.self) { try TrainingRun(folder: folder) }
            try write(#"{"kind":"start"}"# + "\n", folder + "/log.jsonl")
            #expect(try TrainingRun(folder: folder).log.events.count == 1)
            try write("{", folder + "/configuration.json")
            let damaged = #expect(throws: EPANNsError.self) { try TrainingRun(folder: folder) }
            #expect(damaged?.message.contains("configuration.json is damaged") == true)
            try write("{}", folder + "/configuration.json")
            try write(#"{"map": 1}"#, folder + "/evaluation.json")
            let report = #expect(throws: EPANNsError.self) { try TrainingRun(folder: folder) }
            #expect(report?.message.contains("evaluation.json: That is not an evaluation") == true)
        }
    }
}

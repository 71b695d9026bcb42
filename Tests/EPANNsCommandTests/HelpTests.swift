import EPANNs
import Foundation
import Testing

/// Help texts at 80 columns against stored ones.
///
/// After a deliberate change, run the tests with EPANNS_UPDATE_SNAPSHOTS=1 and look at the difference.
@Suite struct HelpTests {
    static let commands = [
        "", "tag", "info", "convert", "embed", "labels", "train", "evaluate", "calibrate", "report", "plot",
        "plot curves", "plot scatter", "prune", "bench", "models",
        "models list", "models path", "models info", "models verify", "models download",
    ]

    @Test(arguments: commands) func helpIsAsStored(command: String) throws {
        let words = command.split(separator: " ").map(String.init)
        let run = try CommandRun.run(words + ["--help"])
        #expect(run.status == 0)
        #expect(run.error.isEmpty)
        // ArgumentParser prints usages on one line, however long.
        #expect(run.lines.allSatisfy { $0.count <= 80 || $0.hasPrefix("USAGE: ") })
        let name = (["epanns"] + words).joined(separator: "-") + ".txt"
        if ProcessInfo.processInfo.environment["EPANNS_UPDATE_SNAPSHOTS"] == "1" {
            let folder = URL(fileURLWithPath: #filePath).deletingLastPathComponent().appendingPathComponent("Snapshots")
            try run.output.write(to: folder.appendingPathComponent(name))
            return
        }
        let stored = Bundle.module.bundleURL.appendingPathComponent("Snapshots/\(name)")
        #expect(run.text == String(decoding: try Data(contentsOf: stored), as: UTF8.self))
    }

    /// What can be copied into a shell must not be broken where the terminal ends.
    @Test(arguments: commands) func examplesAreWhatIsTyped(command: String) throws {
        func examples(columns: Int) throws -> [Substring] {
            let run = try CommandRun.run(
                command.split(separator: " ").map(String.init) + ["--help"], environment: ["COLUMNS": "\(columns)"])
            return Array(run.lines.drop { !$0.contains("EXAMPLES") }.prefix { !$0.isEmpty })
        }
        #expect(try examples(columns: 80) == examples(columns: 400))
    }

    @Test func versionIsPrinted() throws {
        let run = try CommandRun.run(["--version"])
        #expect(run.status == 0)
        #expect(run.text == EPANNsVersion.current + "\n")
    }
}

import EPANNsTestSupport
import Foundation
import Testing

/// Files of settings that are not what they should be.
@Suite struct SettingsFileTests {
    private func run(_ yaml: String) throws -> (run: CommandRun, seconds: Double) {
        try withTemporaryFolder { folder in
            let path = folder + "/run.yaml"
            try write(yaml, to: path)
            let start = ContinuousClock.now
            let run = try CommandRun.run(["train", "--config", path, "--dry-run", "--output", folder + "/run"])
            return (run, (ContinuousClock.now - start) / .seconds(1))
        }
    }

    /// Ten lines that stand for ten billion values.
    @Test func `aliases are counted before they are expanded`() throws {
        var yaml = "a: &a [" + [String](repeating: "x", count: 10).joined(separator: ",") + "]\n"
        for (name, before) in zip("bcdefghij", "abcdefghi") {
            yaml += "\(name): &\(name) [" + [String](repeating: "*\(before)", count: 10).joined(separator: ",") + "]\n"
        }
        let (run, seconds) = try run(yaml)
        #expect(run.status == 64 && run.error.contains("more than 10000 values"), "\(run.error)")
        // It was 20 s and going on; the program itself starts in a tenth.
        #expect(seconds < 10)
        // As a key a value is compared with others before it can be counted.
        for key in ["? *j\n: 1\n", "*j : 1\n", "x: {*j : 1}\n"] {
            let (run, seconds) = try self.run(yaml + key)
            #expect(run.status == 64 && run.error.contains("in the place of a key") && seconds < 10, "\(run.error)")
        }
        // Aliases as such are fine.
        let good = try self.run("cache: &c somewhere\nlabels: *c\ndata: []\n").run
        #expect(good.error.contains("No data"), "\(good.error)")
    }

    @Test func `values that no setting can have are named`() throws {
        #expect(
            try run("schedule: {learning_rate: .nan}\n").run.error.contains("“schedule.learning_rate” is not a number"))
        #expect(
            try run("data:\n  - table: a\n    train_folds: [1, .inf]\n").run.error.contains(
                "“data[0].train_folds[1]” is infinite"))
        #expect(try run("labels: 2026-11-24\n").run.error.contains("“labels” must be text"))
        #expect(try run("data: {1: 2}\n").run.error.contains("“data” has a value of the wrong kind"))
        #expect(try run("just text").run.error.contains("no keys and values"))
    }

    /// An asterisk is an alias where YAML has one, and nowhere else.
    @Test func `asterisks in comments and texts are no aliases`() throws {
        for yaml in [
            "# see *this: it is a comment\ndata: []\n", "data: [] # see *this: too\n",
            "labels: \"a *b: c\"\ndata: []\n",
            "cache: &c somewhere\n # *c : not\nlabels: *c # and *c : not\ndata: []\n",
        ] {
            let found = try run(yaml).run
            #expect(found.error.contains("No data"), "\(yaml)\(found.error)")
        }
        // What only looks like a comment hides nothing.
        let hidden = try run("cache: &c somewhere\nlabels: \"a\n # b\"\nx: {\"y # z\": 1, *c : 1}\n").run
        #expect(hidden.error.contains("in the place of a key"), "\(hidden.error)")
    }
}

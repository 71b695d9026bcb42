import EPANNsCore
import EPANNsTestSupport
import Foundation
import Testing

private let hasGnuplot = ["/usr/bin/gnuplot", "/bin/gnuplot"].contains {
    FileManager.default.isExecutableFile(atPath: $0)
}

/// `epanns plot` on the real binary.
@Suite struct PlotCommandTests {
    private func withFiles(_ body: (_ folder: String) throws -> Void) throws {
        try withTemporaryFolder { folder in
            for (run, maps) in [("quick", [0.1, 0.4, 0.5]), ("slow", [0.05, 0.1, 0.3])] {
                try FileManager.default.createDirectory(atPath: "\(folder)/\(run)", withIntermediateDirectories: true)
                let lines = maps.enumerated().flatMap { index, map in
                    [
                        #"{"kind":"step","iteration":\#(index * 10),"loss":\#(1 - map)}"#,
                        #"{"kind":"evaluation","iteration":\#(index * 10 + 10),"map":\#(map),"loss":0.3,"set":"test"}"#,
                    ]
                }
                try write(lines.joined(separator: "\n") + "\n", "\(folder)/\(run)/log.jsonl")
            }
            try write(
                "name,macs,map,kind\nwhole,21.1,0.43,unpruned\nhalf,13.5,0.44,pruned\nunfinished,13.5,,pruned\n",
                folder + "/t.csv")
            try body(folder)
        }
    }

    private func write(_ text: String, _ path: String) throws {
        try Data(text.utf8).write(to: URL(fileURLWithPath: path))
    }

    @Test(.enabled(if: hasGnuplot, "gnuplot is not installed"), arguments: ["map", "loss", "test-loss"])
    func curvesAreDrawn(metric: String) throws {
        try withFiles { folder in
            let output = folder + "/curves.svg"
            let run = try CommandRun.run([
                "plot", "curves", folder + "/quick", folder + "/slow", "--metric", metric, "--title", "Two runs", "-o",
                output,
            ])
            #expect(run.status == 0 && run.error.isEmpty, "\(run.error)")
            let text = try String(contentsOfFile: output, encoding: .utf8)
            for word in ["<svg", "quick", "slow", "Two runs", "iteration"] { #expect(text.contains(word)) }
        }
    }

    @Test(.enabled(if: hasGnuplot, "gnuplot is not installed")) func pointsAreDrawn() throws {
        try withFiles { folder in
            let output = folder + "/points.svg"
            let run = try CommandRun.run([
                "plot", "scatter", folder + "/t.csv", "--x", "MACs", "--y", "map", "--label", "name", "--group", "kind",
                "--x-title", "operations", "-o", output,
            ])
            #expect(run.status == 0 && run.error.isEmpty, "\(run.error)")
            let text = try String(contentsOfFile: output, encoding: .utf8)
            for word in ["whole", "half", "unpruned", "operations"] { #expect(text.contains(word)) }
            // It has no height.
            #expect(!text.contains("unfinished"))
        }
    }

    @Test(.enabled(if: hasGnuplot, "gnuplot is not installed")) func whatIsWrongIsNamed() throws {
        try withFiles { folder in
            func scatter(_ x: String, output: String = "/p.svg") throws -> CommandRun {
                try CommandRun.run([
                    "plot", "scatter", folder + "/t.csv", "--x", x, "--y", "map", "--label", "name", "-o",
                    folder + output,
                ])
            }
            let column = try scatter("latency")
            #expect(column.status == 64 && column.error.contains("no column “latency”; it has name, macs"))
            let number = try scatter("name")
            #expect(number.status == 64 && number.error.contains("“whole” is not a number (name)"), "\(number.error)")
            #expect(try scatter("macs", output: "/p.bmp").status == 64)
            try write("name,macs,map\nwhole,21.1,0.43\nhalf, of it,13.5,0.44\n", folder + "/t.csv")
            let comma = try scatter("macs")
            #expect(comma.status == 64 && comma.error.contains("Line 3") && comma.error.contains("4 fields"))
            let run = try CommandRun.run(["plot", "curves", folder + "/none", "-o", folder + "/c.svg"])
            #expect(run.status == 66 && run.error.contains("not the folder of a training run"), "\(run.error)")
            let accuracy = try CommandRun.run([
                "plot", "curves", folder + "/quick", "--metric", "accuracy", "-o", folder + "/c.svg",
            ])
            #expect(accuracy.status == 64 && accuracy.error.contains("nothing to draw"), "\(accuracy.error)")
            #expect(!FileManager.default.fileExists(atPath: folder + "/c.svg"))
        }
    }
}

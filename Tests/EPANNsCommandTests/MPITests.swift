import EPANNsCore
import EPANNsEvaluation
import EPANNsModels
import EPANNsTestSupport
import EPANNsTraining
import Foundation
import Testing

/// Several processes of the real binary; those that need the trait MPI are skipped without it.
@Suite(.serialized) struct MPITests {
    // MARK: Training

    private struct Line: Decodable {
        var kind: String
        var iteration: Int?
        var loss: Double?
        var processes: Int?
        var threads: Int?
    }

    private func log(_ run: String) throws -> [Line] {
        try String(contentsOfFile: run + "/log.jsonl", encoding: .utf8).split(separator: "\n").compactMap {
            // The last line may be half written while the run goes on.
            try? JSONDecoder().decode(Line.self, from: Data($0.utf8))
        }
    }

    private func losses(_ run: String) throws -> [Double] {
        try log(run).filter { $0.kind == "step" }.compactMap(\.loss)
    }

    private func arguments(_ folder: String, iterations: Int, output: String) throws -> [String] {
        let settings = folder + "/settings.json"
        try TinyTraining.configuration(folder, iterations: iterations).json()
            .write(to: URL(fileURLWithPath: settings))
        return ["train", "--config", settings, "--output", output]
    }

    private func worstWeight(_ first: String, _ second: String) throws -> Float {
        let (a, b) = try (Model.read(path: first).weights, Model.read(path: second).weights)
        return a.reduce(0) { found, entry in
            let values = entry.value.floats
            let scale = values.reduce(1e-3) { max($0, abs($1)) }
            return max(found, worst(values, b[entry.key]?.floats ?? []) / scale)
        }
    }

    @Test(.enabled(if: MPIRun.isPossible, MPIRun.hint)) func twoProcessesEqualOneWithTheDoubleBatch() throws {
        try withTemporaryFolder { folder in
            try TinyTraining.write(to: folder)
            let one = try CommandRun.run(arguments(folder, iterations: 6, output: folder + "/one"))
            #expect(one.status == 0, "\(one.error)")
            let two = try MPIRun.run(
                folder, processes: 2, arguments(folder, iterations: 6, output: folder + "/two"))
            #expect(two.status == 0, "\(two.error)")
            #expect(two.text.components(separatedBy: "iterations done").count == 2, "\(two.text)")
            let start = try #require(try log(folder + "/two").first { $0.kind == "start" })
            #expect(start.processes == 2)
            let (a, b) = try (losses(folder + "/one"), losses(folder + "/two"))
            #expect(a.count == 6 && b.count == 6)
            let loss = zip(a, b).map { abs($0 - $1) }.max() ?? .infinity
            let weight = try worstWeight(folder + "/one/final.safetensors", folder + "/two/final.safetensors")
            print("mpirun -n 2 and one process: losses differ by \(loss), weights by \(weight)")
            // The same sums in another order, see `SharedTrainingTests`.
            #expect(loss < 1e-5 && weight < 1e-5)
            #expect(abs(a[0] - a[5]) > 1e-3, "the weights have moved")
        }
    }

    @Test(.enabled(if: MPIRun.isPossible, MPIRun.hint)) func aKilledProcessEndsTheRunAndLeavesACheckpoint() throws {
        try withTemporaryFolder { folder in
            try TinyTraining.write(to: folder)
            let output = folder + "/run"
            var arguments = try arguments(folder, iterations: 100_000, output: output)
            arguments += ["--checkpoint-every", "5", "--evaluate-every", "1000000"]
            let run = try MPIRun(folder, [(2, arguments)])
            try waitForCheckpoint(output)
            kill(try run.processNumber(rank: 1), SIGKILL)
            let start = ContinuousClock.now
            let ended = try run.wait()
            let seconds = (ContinuousClock.now - start) / .seconds(1)
            print("A run with a killed process ended after \(seconds) s")
            #expect(ended.status != 0 && ended.error.contains("signal 9"), "\(ended.error)")
            // mpirun leaves a second between its two signals; the machine may be busy.
            #expect(seconds < 20)
            let done = try log(output).last { $0.kind == "checkpoint" }?.iteration ?? 0
            let rest = try CommandRun.run(["train", "--resume", "--output", output, "--iterations", "\(done + 3)"])
            #expect(rest.status == 0 && rest.text.contains("\(done + 3) iterations done"), "\(rest.error)")
            #expect(try log(output).contains { $0.kind == "resume" && $0.iteration == done })
        }
    }

    @Test(.enabled(if: MPIRun.isPossible, MPIRun.hint), arguments: [SIGUSR1, SIGTERM])
    func aStopSignalSavesAndAnyNumberGoesOn(signal: Int32) throws {
        try withTemporaryFolder { folder in
            try TinyTraining.write(to: folder)
            let output = folder + "/run"
            var arguments = try arguments(folder, iterations: 100_000, output: output)
            arguments += ["--checkpoint-every", "5", "--evaluate-every", "1000000"]
            // mpirun waits so many seconds before it passes TERM on, and again before it kills; with its default of one
            // the iteration might not be done.
            let run = try MPIRun(
                folder, [(2, arguments)], settings: ["OMPI_MCA_odls_base_sigkill_timeout": "5"])
            try waitForCheckpoint(output)
            kill(run.process.processIdentifier, signal)
            let ended = try run.wait()
            let lines = try log(output)
            print("Stopped by signal \(signal) after \(lines.count { $0.kind == "step" }) iterations")
            #expect(lines.last?.kind == "end", "\(ended.error)")
            let done = try #require(lines.last { $0.kind == "checkpoint" }?.iteration)
            #expect(lines.filter { $0.kind == "step" }.count == done)
            if signal == SIGUSR1 {
                // 128 and the signal's number, as shells say it.
                #expect(
                    ended.status == 128 + signal && ended.text.contains("Stopped after \(done) of 100000"),
                    "\(ended.error)")
            }
            // Four processes, where there were two.
            let rest = try MPIRun.run(
                folder, processes: 4, ["train", "--resume", "--output", output, "--iterations", "\(done + 3)"])
            #expect(rest.status == 0, "\(rest.error)")
            let straight = try CommandRun.run(
                self.arguments(folder, iterations: done + 3, output: folder + "/straight") + [
                    "--evaluate-every", "1000000",
                ])
            #expect(straight.status == 0, "\(straight.error)")
            let (a, b) = try (losses(output), losses(folder + "/straight"))
            #expect(a.count == done + 3 && b.count == done + 3)
            let worst = zip(a, b).prefix(40).map { abs($0 - $1) }.max() ?? .infinity
            print("Stopped and resumed, beside one process: losses differ by \(worst)")
            // Rounding grows with the iterations; after hundreds, as with TERM, two runs have little in common.
            #expect(worst < 1e-4)
        }
    }

    private func waitForCheckpoint(_ output: String) throws {
        let deadline = ContinuousClock.now + .seconds(60)
        while ContinuousClock.now < deadline {
            if let lines = try? log(output),
                lines.contains(where: { $0.kind == "checkpoint" && $0.iteration ?? 0 >= 10 })
            {
                return
            }
            Thread.sleep(forTimeInterval: 0.02)
        }
        Issue.record("no checkpoint within a minute")
    }

    @Test(.enabled(if: MPIRun.isPossible, MPIRun.hint)) func errorsAreSaidOnce() throws {
        try withTemporaryFolder { folder in
            try TinyTraining.write(to: folder)
            let arguments = try arguments(folder, iterations: 1, output: folder + "/run")
            func refusal(_ processes: Int, _ arguments: [String], _ text: String, status: Int32) throws {
                let run = try MPIRun.run(folder, processes: processes, arguments)
                #expect(run.status == status && run.output.isEmpty, "\(run.status) \(run.error)")
                #expect(run.error.components(separatedBy: text).count == 2, "“\(text)”, once, in: \(run.error)")
            }
            try refusal(3, arguments, "A batch of 4 cannot be shared out among 3", status: 64)
            try refusal(2, ["labels", "--nonsense"], "Unknown option '--nonsense'", status: 64)
            try refusal(2, ["labels"], "The work of “labels” cannot be shared among 2 processes", status: 64)
            try refusal(
                2, ["tag", "--model", "/nonexistent.pt", folder + "/audio"], "/nonexistent.pt", status: 66)
            try refusal(2, ["tag", "-"], "cannot share standard input", status: 64)
        }
    }

    // MARK: Tagging and evaluation

    private func tagArguments(_ folder: String) throws -> [String] {
        try TinyTraining.write(to: folder, clips: 12)
        try Data("this is no audio".utf8).write(to: URL(fileURLWithPath: folder + "/audio/3.wav"))
        return ["tag", "--model", TinyModel.path, "--precision", "fp32", "--threads", "1", folder + "/audio"]
    }

    @Test(.enabled(if: MPIRun.isPossible, MPIRun.hint), arguments: ["text", "json", "jsonl", "csv"])
    func taggingByThreeIsTaggingByOne(format: String) throws {
        try withTemporaryFolder { folder in
            let arguments = try tagArguments(folder) + ["--format", format]
            let one = try CommandRun.run(arguments)
            let three = try MPIRun.run(folder, processes: 3, arguments)
            // Complete, in order, one header.
            #expect(!one.output.isEmpty && three.text == one.text)
            #expect(one.status == 1 && three.status == 1)
            #expect(three.error.components(separatedBy: "3.wav is not audio").count == 2, "\(three.error)")
            #expect(three.error.contains("epanns: 12 inputs, 1 failed;"))
            #expect(three.error.contains("12/12, 1 failed"), "\(three.error)")
        }
    }

    @Test(.enabled(if: MPIRun.isPossible, MPIRun.hint)) func aFolderOfResultsIsCompletedByAll() throws {
        try withTemporaryFolder { folder in
            let arguments = try tagArguments(folder) + ["--format", "json", "--resume", "--output"]
            let one = try CommandRun.run(arguments + [folder + "/one"])
            let three = try MPIRun.run(folder, processes: 3, arguments + [folder + "/three"])
            #expect(one.status == 1 && three.status == 1 && three.output.isEmpty)
            func files(_ name: String) throws -> [String: Data] {
                var found: [String: Data] = [:]
                for file in try FileManager.default.contentsOfDirectory(atPath: "\(folder)/\(name)") {
                    found[file] = FileManager.default.contents(atPath: "\(folder)/\(name)/\(file)")
                }
                return found
            }
            let expected = try files("one")
            #expect(expected.count == 12)
            #expect(try files("three") == expected)
            // What is missing is made anew, by whomever.
            for name in ["0.wav.json", "7.wav.json"] {
                try FileManager.default.removeItem(atPath: "\(folder)/three/\(name)")
            }
            let again = try MPIRun.run(folder, processes: 2, arguments + [folder + "/three"])
            #expect(again.error.contains("9 of 12 inputs are in \(folder)/three already."), "\(again.error)")
            #expect(try files("three") == expected)
            let other = try MPIRun.run(folder, processes: 2, arguments + [folder + "/three", "--top-k", "3"])
            #expect(other.status == 64 && other.error.contains("--top-k was 10 and is 3"), "\(other.error)")
        }
    }

    @Test(.enabled(if: MPIRun.isPossible, MPIRun.hint)) func oneFileAndNoFile() throws {
        try withTemporaryFolder { folder in
            let arguments = try tagArguments(folder).dropLast()
            let one = try CommandRun.run(arguments + [folder + "/audio/0.wav"])
            let two = try MPIRun.run(folder, processes: 2, arguments + [folder + "/audio/0.wav"])
            #expect(two.status == 0 && two.text == one.text && !one.text.isEmpty, "\(two.error)")
            let none = try MPIRun.run(folder, processes: 2, arguments + [folder + "/a.wav", folder + "/b.wav"])
            #expect(
                none.status == 1 && none.error.contains("There is no file or folder \(folder)/a.wav"), "\(none.error)")
        }
    }

    @Test(.enabled(if: MPIRun.isPossible, MPIRun.hint)) func evaluationByThreeIsEvaluationByOne() throws {
        try withTemporaryFolder { folder in
            _ = try tagArguments(folder)
            let map = #"{"loud": ["Siren"], "quiet": ["Silence"]}"#
            try Data(map.utf8).write(to: URL(fileURLWithPath: folder + "/map.json"))
            let arguments = [
                "evaluate", "--model", TinyModel.path, "--precision", "fp32", "--data", folder + "/t.csv", "--audio",
                folder + "/audio", "--map", folder + "/map.json", "--format", "json", "--scores",
            ]
            let one = try CommandRun.run(arguments + [folder + "/one.npy"])
            let three = try MPIRun.run(folder, processes: 3, arguments + [folder + "/three.npy"])
            #expect(one.status == 1 && three.status == 1, "\(three.error)")
            var reports = try [three, one].map { try EvaluationReport(json: $0.output) }
            for index in reports.indices { reports[index].subject?.date = nil }
            #expect(reports[0] == reports[1])
            #expect(
                FileManager.default.contents(atPath: folder + "/one.npy")
                    == FileManager.default.contents(atPath: folder + "/three.npy"))
            #expect(three.error.contains("1 of 12 clips could not be tagged"), "\(three.error)")
        }
    }

    @Test(.enabled(if: MPIRun.isPossible, MPIRun.hint)) func differencesBetweenProcessesAreNamed() throws {
        try withTemporaryFolder { folder in
            let arguments = try tagArguments(folder)
            let run = try MPIRun(
                folder,
                [
                    (1, arguments),
                    (1, arguments.map { $0 == "fp32" ? "bf16" : $0 }),
                ]
            ).wait()
            #expect(run.status == 64 && run.output.isEmpty, "\(run.error)")
            #expect(run.error.contains("differ in precision (bf16, fp32)"), "\(run.error)")
        }
    }

    // MARK: Without MPI

    #if !MPI
    @Test func aBinaryWithoutMPISaysHowToBuildIt() throws {
        for variables in [
            ["OMPI_COMM_WORLD_SIZE": "2", "OMPI_COMM_WORLD_RANK": "0"], ["PMI_SIZE": "2", "PMI_RANK": "0"],
            ["PMIX_RANK": "0", "SLURM_STEP_NUM_TASKS": "2"],
        ] {
            let run = try CommandRun.run(["tag", "--model", TinyModel.path, "/nonexistent"], environment: variables)
            #expect(run.status == 64 && run.output.isEmpty)
            #expect(run.error.contains("2 processes were started together, but this program was built without MPI"))
            #expect(run.error.contains("swift build -c release --traits MPI"))
        }
        // The first one speaks for all.
        let second = try CommandRun.run(
            ["tag", "/nonexistent"], environment: ["OMPI_COMM_WORLD_SIZE": "2", "OMPI_COMM_WORLD_RANK": "1"])
        #expect(second.status == 64 && second.error.isEmpty)
        // One process of a launcher is a process.
        let alone = try CommandRun.run(
            ["tag", "/nonexistent"], environment: ["OMPI_COMM_WORLD_SIZE": "1", "OMPI_COMM_WORLD_RANK": "0"])
        #expect(alone.error.contains("There is no file or folder /nonexistent"))
    }
    #endif
}

import EPANNs
import EPANNsCore
import EPANNsTestSupport
import Foundation
import Testing

/// Runs that end before their time: killed, asked to stop, without numbers, without room.
@Suite struct TrainInterruptionTests {
    /// A killed process loses nothing but the iterations since its checkpoint, and those happen again as they were.
    @Test func aKilledRunGoesOn() throws {
        try TrainProcess.with { train in
            #expect(try train.run("whole", "--iterations", "120").status == 0)
            let first = try train.interrupt(
                ["--config", train.config, "--iterations", "120"], "killed", after: 8, signal: SIGKILL)
            #expect(first.reason == .uncaughtSignal && first.status == SIGKILL)
            let second = try train.interrupt(
                ["--resume"], "killed", after: train.stepCount("killed") + 20, signal: SIGKILL)
            #expect(second.reason == .uncaughtSignal)
            #expect(!FileManager.default.fileExists(atPath: train.path("killed", "final.safetensors")))
            let last = try train.resume("killed")
            #expect(last.status == 0 && last.error.contains("Going on after "), "\(last.error)")
            for file in ["final.safetensors", "checkpoint.safetensors", "best.safetensors"] {
                let (a, b) = (try train.bits("whole", file), try train.bits("killed", file))
                #expect(a.count > 10 && a == b, "\(file)")
            }
            let leftovers = try FileManager.default.contentsOfDirectory(atPath: train.path("killed"))
            #expect(leftovers.count { $0.hasSuffix(".partial") } <= 2, "\(leftovers)")
        }
    }

    @Test(arguments: [SIGTERM, SIGINT]) func aStoppedRunSaysHowToGoOn(number: Int32) throws {
        try TrainProcess.with { train in
            let stopped = try train.interrupt(
                ["--config", train.config, "--iterations", "1000000"], "run", after: 4, signal: number)
            #expect(stopped.reason == .exit && stopped.status == 128 + number)
            #expect(stopped.output.hasPrefix("Stopped after "), "\(stopped.output)")
            #expect(stopped.output.contains("go on with: epanns train --resume --output \(train.path("run"))"))
            let done = train.stepCount("run")
            #expect(stopped.output.hasPrefix("Stopped after \(done) of 1000000 iterations;"))
            let resumed = try train.resume("run", "--iterations", "\(done + 3)")
            #expect(resumed.status == 0, "\(resumed.error)")
            #expect(resumed.error.contains("Going on after \(done) iterations."))
            #expect(resumed.text.hasPrefix("\(done + 3) iterations done;"))
            #expect(train.stepCount("run") == done + 3)
        }
    }

    @Test func aLossThatIsNoNumberEndsTheRun() throws {
        try TrainProcess.with { train in
            let run = try train.run("run", "--learning-rate", "1e30", "--optimizer", "sgd")
            #expect(run.status == 70 && run.output.isEmpty)
            #expect(run.error.contains("became infinite or no number in iteration"), "\(run.error)")
            #expect(run.error.contains("Try a smaller learning rate"))
            let info = try CommandRun.run(["info", train.path("run", "last-good.safetensors")])
            #expect(info.status == 0, "\(info.error)")
        }
    }

    /// A checkpoint that finds no room leaves the one before as it was.
    @Test func aFullDiskKeepsTheCheckpointBefore() throws {
        try TrainProcess.with { train in
            #expect(try train.run("whole", "--iterations", "12").status == 0)
            #expect(try train.run("run", "--iterations", "6").status == 0)
            let checkpoint = train.path("run", "checkpoint.safetensors")
            let before = try FileDigest.sha256(path: checkpoint)
            // No file may become larger than 40 kB, as if the disk were full; checkpoints are.
            let process = Process()
            process.executableURL = URL(fileURLWithPath: "/bin/sh")
            process.arguments = [
                "-c", "trap '' XFSZ; ulimit -f 80; exec \"$0\" train --resume --output \"$1\" --iterations 12",
                try #require(CommandRun.binary), train.path("run"),
            ]
            let error = Pipe()
            process.standardOutput = FileHandle.nullDevice
            process.standardError = error
            try process.run()
            let said = String(decoding: error.fileHandleForReading.readDataToEndOfFile(), as: UTF8.self)
            process.waitUntilExit()
            #expect(process.terminationReason == .exit && process.terminationStatus == 66, "\(said)")
            #expect(said.contains("checkpoint.safetensors"), "\(said)")
            #expect(try FileDigest.sha256(path: checkpoint) == before)
            let files = try FileManager.default.contentsOfDirectory(atPath: train.path("run"))
            #expect(!files.contains { $0.hasSuffix(".partial") }, "\(files)")
            // With room again, nothing is lost.
            #expect(try train.resume("run", "--iterations", "12").status == 0)
            #expect(try train.bits("run", "final.safetensors") == train.bits("whole", "final.safetensors"))
        }
    }

    @Test(.enabled(if: FileManager.default.fileExists(atPath: "/dev/full"), "there is no /dev/full on this system"))
    func aLogThatCannotGrowEndsTheRun() throws {
        try TrainProcess.with { train in
            try FileManager.default.createDirectory(atPath: train.path("run"), withIntermediateDirectories: true)
            try FileManager.default.createSymbolicLink(
                atPath: train.path("run", "log.jsonl"), withDestinationPath: "/dev/full")
            let run = try train.run("run")
            #expect(run.status == 66, "\(run.error)")
            #expect(run.error.contains("log.jsonl cannot be written: free some space"), "\(run.error)")
        }
    }
}

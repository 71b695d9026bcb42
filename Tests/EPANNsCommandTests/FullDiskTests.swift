import EPANNsCore
import EPANNsTestSupport
import Foundation
import Testing

/// Output that cannot be written is an error of the run, whatever the subcommand.
@Suite(.enabled(if: FileManager.default.fileExists(atPath: "/dev/full"), "there is no /dev/full on this system"))
struct FullDiskTests {
    /// Runs the command with a shell's redirection.
    private func run(
        _ arguments: [String], _ redirection: String
    ) throws -> (status: Int32, reason: Process.TerminationReason, error: String) {
        let process = Process()
        process.executableURL = URL(fileURLWithPath: "/bin/sh")
        process.arguments =
            ["-c", "exec \"$0\" \"$@\" \(redirection)", try #require(CommandRun.binary)] + arguments
        process.environment = ["PATH": "/usr/bin:/bin", "EPANNS_CACHE": "/dev/null/epanns"]
        process.standardInput = FileHandle.nullDevice
        process.standardOutput = FileHandle.nullDevice
        let error = Pipe()
        process.standardError = error
        try process.run()
        let said = error.fileHandleForReading.readDataToEndOfFile()
        process.waitUntilExit()
        return (process.terminationStatus, process.terminationReason, String(decoding: said, as: UTF8.self))
    }

    static let commands = [
        ["--help"], ["tag", "--help"], ["--version"], ["labels"], ["labels", "--format", "csv"],
        ["labels", "--format", "json"], ["info", "cnn6"], ["info", "cnn6", "--format", "json"], ["models"],
        ["models", "--format", "json"], ["models", "info", "mn04"], ["models", "verify"],
        ["models", "path", TinyModel.path],
    ]

    @Test(arguments: commands) func lostOutputIsAFailure(command: [String]) throws {
        let run = try run(command, "> /dev/full")
        #expect(run.reason == .exit)
        #expect(run.status == 66)
        #expect(
            run.error == "epanns: Standard output cannot be written: the disk is full; free some space, or send "
                + "the result elsewhere.\n")
    }

    @Test func lostResultsAreAFailure() throws {
        try withTemporaryFolder { folder in
            let files = [folder + "/a.wav", folder + "/b.wav"]
            for file in files { try wave(TinyModel.noise(count: 32000)).write(to: URL(fileURLWithPath: file)) }
            let model = ["--model", TinyModel.path, "--threads", "1", "--precision", "fp32"]
            var commands = [
                ["embed", files[0]] + model, ["embed", files[0], "--format", "json"] + model,
                ["convert", TinyModel.path, folder + "/x.safetensors"],
            ]
            for format in ["text", "json", "jsonl", "csv"] {
                commands += [
                    ["tag", files[0], "--format", format] + model,
                    ["tag", files[0], "--window", "0.5", "--format", format] + model,
                    ["tag", files[0], files[1], "--format", format] + model,
                ]
            }
            for command in commands {
                let run = try run(command, "> /dev/full")
                #expect(run.reason == .exit && run.status == 66, "\(command): \(run.error)")
                #expect(run.error.contains("Standard output cannot be written: the disk is full"), "\(run.error)")
            }
        }
    }

    @Test func lostMessagesAreIgnored() throws {
        try withTemporaryFolder { folder in
            try wave(TinyModel.noise(count: 32000)).write(to: URL(fileURLWithPath: folder + "/a.wav"))
            let tag = try run(["tag", folder + "/a.wav", "--model", TinyModel.path, "-v"], "2> /dev/full")
            #expect(tag.reason == .exit && tag.status == 0)
            let failed = try run(["info", "cnn15"], "2> /dev/full")
            #expect(failed.reason == .exit && failed.status == 64)
        }
    }

    @Test func aClosedOutputIsSaid() throws {
        let run = try run(["labels"], ">&-")
        #expect(run.reason == .exit && run.status == 66)
        #expect(run.error.contains("it is closed"), "\(run.error)")
    }
}

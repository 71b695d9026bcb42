import EPANNs
import EPANNsCore
import EPANNsTestSupport
import Foundation
import Testing

/// Runs of `epanns train` on generated recordings, which can be signalled while they go on.
struct TrainProcess {
    let folder: String
    let sounds: SyntheticSounds
    var config: String { folder + "/run.yaml" }

    /// Calls `body` with recordings and a YAML file that names them and a tiny network.
    static func with(_ body: (TrainProcess) throws -> Void) throws {
        try withTemporaryFolder { folder in
            let train = try TrainProcess(folder: folder, sounds: SyntheticSounds(folder + "/sounds"))
            let encoder = JSONEncoder()
            encoder.keyEncodingStrategy = .convertToSnakeCase
            let network = String(decoding: try encoder.encode(SyntheticSounds.network), as: UTF8.self)
            let yaml = """
                # A tiny network and everything that draws random numbers.
                data:
                  - table: \(train.sounds.table)
                    test_folds: [2]
                network: \(network)
                batch_size: 4
                clip_seconds: 0.8
                iterations: 12
                checkpoint_every: 3
                threads: 1
                mixup_alpha: 1
                spec_augment: {time_width: 10, time_stripe_count: 2, mel_width: 8, mel_stripe_count: 2}
                cache: \(folder)/cache

                """
            try Data(yaml.utf8).write(to: URL(fileURLWithPath: train.config))
            try body(train)
        }
    }

    func path(_ run: String, _ file: String = "") -> String { folder + "/" + run + (file.isEmpty ? "" : "/" + file) }

    /// Runs to the end.
    func run(_ run: String, _ options: String...) throws -> CommandRun {
        try CommandRun.run(["train", "--config", config, "--output", path(run)] + options)
    }

    func resume(_ run: String, _ options: String...) throws -> CommandRun {
        try CommandRun.run(["train", "--resume", "--output", path(run)] + options)
    }

    /// Starts a run and sends it a signal when its log holds so many steps.
    func interrupt(
        _ arguments: [String], _ run: String, after steps: Int, signal number: Int32
    ) throws -> (status: Int32, reason: Process.TerminationReason, output: String) {
        let process = Process()
        process.executableURL = URL(fileURLWithPath: try #require(CommandRun.binary))
        process.arguments = ["train", "--output", path(run)] + arguments
        process.environment = ["PATH": "/usr/bin:/bin", "EPANNS_CACHE": "/dev/null/epanns"]
        let output = Pipe()
        process.standardInput = FileHandle.nullDevice
        process.standardOutput = output
        process.standardError = FileHandle.nullDevice
        // Tests run on threads that block signals, which a child inherits.
        var (none, before) = (sigset_t(), sigset_t())
        sigemptyset(&none)
        pthread_sigmask(SIG_SETMASK, &none, &before)
        defer { pthread_sigmask(SIG_SETMASK, &before, nil) }
        try process.run()
        let start = ContinuousClock.now
        while process.isRunning, stepCount(run) < steps, ContinuousClock.now - start < .seconds(60) {
            usleep(2000)
        }
        // Whatever it makes of the signal, it does not outlive the test.
        let identifier = process.processIdentifier
        let watchdog = DispatchWorkItem { kill(identifier, SIGKILL) }
        DispatchQueue.global().asyncAfter(deadline: .now() + 60, execute: watchdog)
        defer { watchdog.cancel() }
        kill(identifier, number)
        let said = output.fileHandleForReading.readDataToEndOfFile()
        process.waitUntilExit()
        return (process.terminationStatus, process.terminationReason, String(decoding: said, as: UTF8.self))
    }

    /// Lines of steps in a run's log.
    func stepCount(_ run: String) -> Int {
        guard let data = FileManager.default.contents(atPath: path(run, "log.jsonl")) else { return 0 }
        return String(decoding: data, as: UTF8.self).split(separator: "\n").count { $0.contains(#""kind":"step""#) }
    }

    /// Bits of all tensors of a file of the run, but of the state, whose keys have no order.
    func bits(_ run: String, _ file: String) throws -> [String: [UInt32]] {
        try Checkpoint.read(path: path(run, file)).tensors.filter { $0.key != "state" }
            .mapValues { $0.floats.map(\.bitPattern) }
    }
}

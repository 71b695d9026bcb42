import Foundation
import Testing

/// One run of the real binary.
struct CommandRun {
    var status: Int32
    var output: Data
    var error: String

    var text: String { String(decoding: output, as: UTF8.self) }
    var lines: [Substring] { text.split(separator: "\n", omittingEmptySubsequences: false) }

    struct Timeout: Error {}

    /// The binary, which is built into the folder of the test bundle.
    static let binary: String? = {
        var folders = [Bundle.main.bundleURL, Bundle.main.executableURL?.deletingLastPathComponent()].compactMap(\.self)
        // On macOS the running program is Xcode's, and the bundle tells where it lies.
        folders += Bundle.allBundles.filter { $0.bundlePath.hasSuffix(".xctest") }
            .map { $0.bundleURL.deletingLastPathComponent() }
        if let first = CommandLine.arguments.first {
            folders.append(URL(fileURLWithPath: first).deletingLastPathComponent())
        }
        return folders.map { $0.appendingPathComponent("epanns").path }
            .first { FileManager.default.isExecutableFile(atPath: $0) }
    }()

    /// Runs the command, at most a minute.
    ///
    /// The environment is our own; the cache of models is an empty folder unless `environment` says otherwise.
    static func run(
        _ arguments: [String], input: Data = Data(), environment: [String: String] = [:]
    ) throws -> CommandRun {
        let process = Process()
        process.executableURL = URL(fileURLWithPath: try #require(binary, "the binary epanns was not built"))
        process.arguments = arguments
        process.environment = [
            "PATH": "/usr/bin:/bin", "HOME": "/nonexistent", "EPANNS_CACHE": "/dev/null/epanns", "COLUMNS": "80",
        ].merging(environment) { $1 }
        let (standardInput, standardOutput, standardError) = (Pipe(), Pipe(), Pipe())
        process.standardInput = standardInput
        process.standardOutput = standardOutput
        process.standardError = standardError
        // A command that reads nothing leaves the pipe; that must not end the tests.
        signal(SIGPIPE, SIG_IGN)
        try process.run()
        let watchdog = DispatchWorkItem { process.terminate() }
        DispatchQueue.global().asyncAfter(deadline: .now() + 60, execute: watchdog)
        let reader = Reader(standardError.fileHandleForReading)
        let writer = Thread {
            try? standardInput.fileHandleForWriting.write(contentsOf: input)
            try? standardInput.fileHandleForWriting.close()
        }
        writer.start()
        let output = standardOutput.fileHandleForReading.readDataToEndOfFile()
        let error = reader.wait()
        process.waitUntilExit()
        watchdog.cancel()
        if process.terminationReason == .uncaughtSignal { throw Timeout() }
        return CommandRun(status: process.terminationStatus, output: output, error: error)
    }

    /// Reads a pipe in a thread of its own, so that neither of two can fill up.
    private final class Reader: @unchecked Sendable {
        private let done = DispatchSemaphore(value: 0)
        // Written before the signal, read after it.
        private var data = Data()

        init(_ handle: FileHandle) {
            Thread.detachNewThread {
                self.data = handle.readDataToEndOfFile()
                self.done.signal()
            }
        }

        func wait() -> String {
            done.wait()
            return String(decoding: data, as: UTF8.self)
        }
    }
}

import EPANNsCore
import EPANNsTestSupport
import Foundation
import Testing

/// The real binary under `mpirun`.
final class MPIRun {
    static let launcher = ["/usr/bin/mpirun", "/usr/local/bin/mpirun", "/opt/homebrew/bin/mpirun"]
        .first { FileManager.default.isExecutableFile(atPath: $0) }

    /// Whether the binary can share work, and there is something to start it with.
    static var isPossible: Bool {
        #if MPI
        launcher != nil
        #else
        false
        #endif
    }

    static let hint: Comment = "needs mpirun and a build with MPI: make test-mpi"

    let process = Process()
    private let output: URL
    private let error: URL

    /// Starts the command in so many processes.
    ///
    /// - Parameter contexts: Arguments of each group of processes; several where they are to differ.
    init(_ folder: String, _ contexts: [(processes: Int, arguments: [String])], settings: [String: String] = [:]) throws
    {
        let binary = try #require(CommandRun.binary, "the binary epanns was not built")
        process.executableURL = URL(fileURLWithPath: try #require(Self.launcher))
        process.arguments = Array(
            contexts.map { ["-n", "\($0.processes)", binary] + $0.arguments }.joined(separator: [":"]))
        process.environment = [
            "PATH": "/usr/bin:/bin", "HOME": folder, "TMPDIR": "/tmp", "EPANNS_CACHE": "/dev/null/epanns",
            // Any user, any number of cores, one machine, no remote shell.
            "OMPI_ALLOW_RUN_AS_ROOT": "1", "OMPI_ALLOW_RUN_AS_ROOT_CONFIRM": "1",
            "OMPI_MCA_rmaps_base_oversubscribe": "1", "OMPI_MCA_hwloc_base_binding_policy": "none",
            "OMPI_MCA_plm": "isolated", "OMPI_MCA_btl_vader_single_copy_mechanism": "none",
            // Everything larger goes in pieces.
            "EPANNS_MPI_PIECE_BYTES": "1000",
        ].merging(settings) { $1 }
        let base = folder + "/mpirun-\(UUID().uuidString)"
        (output, error) = (URL(fileURLWithPath: base + ".out"), URL(fileURLWithPath: base + ".err"))
        for url in [output, error] { try Data().write(to: url) }
        process.standardInput = FileHandle.nullDevice
        process.standardOutput = try FileHandle(forWritingTo: output)
        process.standardError = try FileHandle(forWritingTo: error)
        try Self.withoutBlockedSignals { try process.run() }
    }

    /// Waits for the end, at most two minutes.
    func wait() throws -> CommandRun {
        let deadline = ContinuousClock.now + .seconds(120)
        while process.isRunning, ContinuousClock.now < deadline { Thread.sleep(forTimeInterval: 0.02) }
        if process.isRunning {
            kill(process.processIdentifier, SIGKILL)
            Issue.record("mpirun did not end: \(try String(contentsOf: error, encoding: .utf8))")
        }
        process.waitUntilExit()
        return CommandRun(
            status: process.terminationStatus, output: try Data(contentsOf: output),
            error: try String(contentsOf: error, encoding: .utf8))
    }

    /// Dispatch's threads have all signals blocked, and children inherit that: mpirun would hear of none.
    private static func withoutBlockedSignals(_ body: () throws -> Void) rethrows {
        var (none, old) = (sigset_t(), sigset_t())
        sigemptyset(&none)
        pthread_sigmask(SIG_SETMASK, &none, &old)
        defer { pthread_sigmask(SIG_SETMASK, &old, nil) }
        try body()
    }

    static func run(_ folder: String, processes: Int, _ arguments: [String]) throws -> CommandRun {
        try MPIRun(folder, [(processes, arguments)]).wait()
    }

    /// The process of a rank, found by its environment.
    func processNumber(rank: Int) throws -> Int32 {
        for name in try FileManager.default.contentsOfDirectory(atPath: "/proc") {
            guard let number = Int32(name),
                let status = try? String(contentsOfFile: "/proc/\(name)/stat", encoding: .utf8),
                // Behind the name in brackets: state, parent.
                let fields = status.split(separator: ")").last?.split(separator: " "), fields.count > 1,
                Int32(fields[1]) == process.processIdentifier,
                let environment = FileManager.default.contents(atPath: "/proc/\(name)/environ")
            else { continue }
            if String(decoding: environment, as: UTF8.self).contains("OMPI_COMM_WORLD_RANK=\(rank)\0") { return number }
        }
        throw CocoaError(.fileNoSuchFile)
    }
}

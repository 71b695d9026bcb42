import ArgumentParser
import EPANNs
import EPANNsCore
import EPANNsProcesses
import EPANNsTraining
import Foundation
import Synchronization

#if MPI
import EPANNsMPI
#endif

/// A command whose work several processes can share: `mpirun -n N epanns …`.
protocol SharedCommand {}

/// The processes that share the command's work; one where the program was not started by an MPI launcher.
enum ProcessGroup {
    #if MPI
    private static let joined = Mutex<MPICommunicator?>(nil)
    #endif

    /// The other processes and this one; the first call meets the others.
    ///
    /// - Throws: `EPANNsError` with code `networkFailure`; `invalidConfiguration` when the processes are of different
    ///   versions, or this program was built without MPI.
    static func current() throws -> any Communicator {
        guard isLaunched else { return SoloCommunicator() }
        #if MPI
        if let known = joined.withLock({ $0 }) { return known }
        let group = try MPICommunicator(pieceByteCount: pieceByteCount)
        joined.withLock { $0 = group }
        guard group.count == 1 || group.rank == launchedRank ?? group.rank else {
            throw EPANNsError(.networkFailure, "The launcher and MPI number the processes differently.")
        }
        StandardError.isSilent = group.rank > 0
        try group.requireAgreement(on: [
            SharedFact("version", EPANNsVersion.current, advice: "install the same program on all machines.")
        ])
        noteBinding(group.coreShare)
        return group
        #else
        guard launchedCount <= 1 else {
            throw EPANNsError(
                .invalidConfiguration,
                "\(launchedCount) processes were started together, but this program was built without MPI, and each would "
                    + "do all of the work. Build it with: swift build -c release --traits MPI (wants libopenmpi-dev), or "
                    + "start it once, without mpirun.")
        }
        return SoloCommunicator()
        #endif
    }

    /// Refuses to do the same work several times.
    static func check(_ command: any ParsableCommand) throws {
        guard launchedCount > 1, !(command is any SharedCommand) else { return }
        let name = type(of: command).configuration.commandName ?? "epanns"
        throw EPANNsError(
            .invalidConfiguration,
            "The work of “\(name)” cannot be shared among \(launchedCount) processes; start it once, without "
                + "mpirun. What can: train, tag, embed, evaluate.")
    }

    /// Leaves the other processes at the end of the work.
    static func finish() throws {
        #if MPI
        try joined.withLock { group in
            let known = group
            group = nil
            try known?.finish()
        }
        #endif
    }

    /// Whether it is another process that tells the user.
    static var isSilent: Bool { (launchedRank ?? 0) > 0 }

    /// Gives the first process time to say what all have found: the launcher ends it with the first that fails.
    static func leaveToTheFirst() { if isSilent { sleep(1) } }

    /// Ends the other processes, too, which would wait for this one.
    ///
    /// - Parameter message: What has happened.
    static func abandon(_ message: String, status: Int32) {
        #if MPI
        if let group = joined.withLock({ $0 }) {
            if group.rank > 0 {
                // What all processes have found, the first one says and ends the run with.
                guard sleep(2) == 0, !StopRequest.isPending else { return }
                StandardError.isSilent = false
                StandardError.write("process \(group.rank) of \(group.count): \(message)")
            } else {
                StandardError.write(message)
            }
            return group.abandon(status: status)
        }
        #endif
        leaveToTheFirst()
        if !isSilent { StandardError.write(message) }
    }

    // MARK: The launcher's environment

    /// Whether an MPI launcher has started the program, even a single time.
    private static var isLaunched: Bool { launchedRank != nil }

    /// The process's number as the launcher says it, before MPI is asked: Open MPI's, the one that MPICH, Intel MPI and
    /// Slurm's PMI-2 share, and that of PMIx.
    private static var launchedRank: Int? {
        let environment = ProcessInfo.processInfo.environment
        return ["OMPI_COMM_WORLD_RANK", "PMI_RANK", "PMIX_RANK"].lazy
            .compactMap { environment[$0].flatMap { Int($0) } }.first
    }

    /// How many were started together; one where the launcher does not say.
    private static var launchedCount: Int {
        guard isLaunched else { return 1 }
        let environment = ProcessInfo.processInfo.environment
        // With PMIx alone, Slurm's own variable says it.
        return ["OMPI_COMM_WORLD_SIZE", "PMI_SIZE", "SLURM_STEP_NUM_TASKS"].lazy
            .compactMap { environment[$0].flatMap { Int($0) } }.first ?? 1
    }

    #if MPI
    /// The largest message; tests make it small, so that small networks are sent in pieces.
    private static var pieceByteCount: Int {
        ProcessInfo.processInfo.environment["EPANNS_MPI_PIECE_BYTES"].flatMap { Int($0) } ?? 1 << 24
    }

    /// Launchers bind each process to one core where they are not told otherwise.
    private static func noteBinding(_ share: CoreShare) {
        guard share.usableCoreCount < share.machineCoreCount else { return }
        StandardError.write(
            "The launcher leaves \(share.usableCoreCount) of this machine's \(share.machineCoreCount) cores to its "
                + "\(share.processCount.counted("process")); mpirun --bind-to none gives all."
        )
    }
    #endif
}

#if MPI
import CMPI
import EPANNsCore
import EPANNsProcesses
import Foundation

/// The processes that `mpirun`, or another launcher of MPI programs, has started together.
///
/// All calls are made by the thread that made the value (`MPI_THREAD_FUNNELED`). Before each exchange processes that
/// are early sleep until the last one is there: most implementations of MPI would keep a core busy with waiting, which
/// on one machine slows those down that are waited for. Tests: `MPITests`.
public final class MPICommunicator: Communicator {
    /// This process's number, counted from 0.
    public let rank: Int
    /// How many processes there are.
    public let count: Int
    /// The share of the machine's cores that is this process's; see ``CoreShare``.
    public let coreCount: Int
    /// How the cores of this machine are shared out.
    public let coreShare: CoreShare
    // Counts are 32-bit integers in MPI; megabytes at a time lose no speed.
    private let pieceByteCount: Int

    /// Joins the other processes.
    ///
    /// - Parameter pieceByteCount: The largest message, in bytes.
    /// - Throws: `EPANNsError` with code `networkFailure`.
    public init(pieceByteCount: Int = 1 << 24) throws {
        self.pieceByteCount = min(max(pieceByteCount, 64), 1 << 28)
        var provided: Int32 = 0
        try MPICall.check(MPI_Init_thread(nil, nil, mpi_thread_funneled(), &provided), "MPI_Init_thread")
        // Errors come back as codes, rather than ending the program.
        try MPICall.check(MPI_Comm_set_errhandler(mpi_comm_world(), mpi_errors_return()), "MPI_Comm_set_errhandler")
        guard provided >= mpi_thread_funneled() else {
            throw EPANNsError(
                .networkFailure,
                "This MPI cannot be used by programs with threads; install one that can, such as Open MPI.")
        }
        var (rank, count): (Int32, Int32) = (0, 0)
        try MPICall.check(MPI_Comm_rank(mpi_comm_world(), &rank), "MPI_Comm_rank")
        try MPICall.check(MPI_Comm_size(mpi_comm_world(), &count), "MPI_Comm_size")
        self.rank = Int(rank)
        self.count = Int(count)
        coreShare = try CoreShare.ofThisMachine()
        coreCount = coreShare.coreCount
    }

    /// Says good-bye; no further call may follow.
    ///
    /// - Throws: `EPANNsError` with code `networkFailure`.
    public func finish() throws {
        // Its own barrier would keep a core busy.
        try arrive()
        try MPICall.check(MPI_Finalize(), "MPI_Finalize")
    }

    /// Ends all processes of the run, which the launcher then reports with this exit status.
    public func abandon(status: Int32) {
        _ = MPI_Abort(mpi_comm_world(), status)
    }

    /// Adds up the same stretch of memory of all processes, in place.
    ///
    /// All get the same bits, as the standard recommends to implementations; a run checks it at each checkpoint.
    ///
    /// - Throws: `EPANNsError` with code `networkFailure`.
    public func sum(_ values: UnsafeMutableBufferPointer<Float>) throws {
        guard count > 1, let base = values.baseAddress else { return }
        try arrive()
        let piece = pieceByteCount / MemoryLayout<Float>.stride
        for start in stride(from: 0, to: values.count, by: piece) {
            let size = Int32(min(piece, values.count - start))
            try MPICall.check(
                MPI_Allreduce(
                    mpi_in_place(), base + start, size, mpi_type_float(), mpi_op_sum(), mpi_comm_world()),
                "MPI_Allreduce")
        }
    }

    /// Puts the bytes of all processes together, in the order of their ranks.
    ///
    /// - Throws: `EPANNsError` with code `networkFailure`.
    public func gather(_ bytes: [UInt8]) throws -> [[UInt8]] {
        guard count > 1 else { return [bytes] }
        try arrive()
        var mine = Int64(bytes.count)
        var sizes = [Int64](repeating: 0, count: count)
        try MPICall.check(
            MPI_Allgather(&mine, 1, mpi_type_int64(), &sizes, 1, mpi_type_int64(), mpi_comm_world()), "MPI_Allgather")
        precondition(sizes.allSatisfy { $0 >= 0 })
        var result = sizes.map { size -> [UInt8] in
            var part: [UInt8] = []
            part.reserveCapacity(Int(size))
            return part
        }
        // A displacement is 32 bits, too: all pieces of a round together.
        let piece = min(pieceByteCount, Int(Int32.max) / count)
        for start in stride(from: 0, to: Int(sizes.max() ?? 0), by: piece) {
            let counts = sizes.map { Int32(min(max(Int($0) - start, 0), piece)) }
            var offsets: [Int32] = []
            var total: Int32 = 0
            for count in counts {
                offsets.append(total)
                total += count
            }
            var received = [UInt8](repeating: 0, count: Int(total))
            try bytes.withUnsafeBytes { bytes in
                try MPICall.check(
                    MPI_Allgatherv(
                        bytes.baseAddress.map { $0 + min(start, bytes.count) }, counts[rank], mpi_type_byte(),
                        &received,
                        counts, offsets, mpi_type_byte(), mpi_comm_world()), "MPI_Allgatherv")
            }
            for rank in 0..<count {
                result[rank] += received[Int(offsets[rank])..<Int(offsets[rank] + counts[rank])]
            }
        }
        return result
    }

    /// Waits, without keeping a core busy, until all processes have come here.
    private func arrive() throws {
        var request = mpi_request_null()
        try MPICall.check(MPI_Ibarrier(mpi_comm_world(), &request), "MPI_Ibarrier")
        var (isDone, tries): (Int32, UInt32) = (0, 0)
        while true {
            try MPICall.check(MPI_Test(&request, &isDone, mpi_status_ignore()), "MPI_Test")
            if isDone != 0 { return }
            tries += 1
            // At most a fifth of a millisecond, beside iterations of a tenth of a second and more.
            if tries > 50 { usleep(min(tries - 50, 20) * 10) }
        }
    }
}
#endif

#if MPI
import CMPI
import EPANNsCore
import EPANNsProcesses
import Foundation

extension CoreShare {
    /// Asks the other processes on this machine; a collective call.
    static func ofThisMachine() throws -> CoreShare {
        var local = mpi_comm_null()
        try MPICall.check(
            MPI_Comm_split_type(mpi_comm_world(), mpi_comm_type_shared(), 0, mpi_info_null(), &local),
            "MPI_Comm_split_type")
        defer { _ = MPI_Comm_free(&local) }
        var size: Int32 = 0
        try MPICall.check(MPI_Comm_size(local, &size), "MPI_Comm_size")
        let mine = affinity()
        var all = [UInt8](repeating: 0, count: mine.count * Int(size))
        try MPICall.check(
            MPI_Allgather(
                mine, Int32(mine.count), mpi_type_byte(), &all, Int32(mine.count), mpi_type_byte(), local),
            "MPI_Allgather")
        return CoreShare(
            mine: mine,
            all: stride(from: 0, to: all.count, by: mine.count).map { Array(all[$0..<$0 + mine.count]) },
            machineCoreCount: ProcessInfo.processInfo.processorCount)
    }

    /// Cores that this process may use, a bit each, for at most 1024 cores.
    private static func affinity() -> [UInt8] {
        var mask = [UInt8](repeating: 0, count: 128)
        #if os(Linux)
        if process_affinity(&mask, UInt(mask.count)) != 0 { return mask }
        #endif
        for core in 0..<min(ProcessInfo.processInfo.processorCount, 1024) { mask[core / 8] |= 1 << (core % 8) }
        return mask
    }
}
#endif

#if MPI
import CMPI
import EPANNsCore
import EPANNsProcesses

/// The one place where MPI's status codes become errors.
enum MPICall {
    /// What MPI says of a failure.
    struct Failure: Error, CustomStringConvertible {
        var call: String
        var text: String
        var description: String { "\(call): \(text)" }
    }

    /// - Throws: `EPANNsError` with code `networkFailure` and MPI's own text as cause.
    static func check(_ status: Int32, _ call: String) throws {
        guard status != mpi_success() else { return }
        var text = [UInt8](repeating: 0, count: Int(mpi_max_error_string()) + 1)
        var length: Int32 = 0
        let found = text.withUnsafeMutableBytes { bytes in
            MPI_Error_string(status, bytes.baseAddress?.assumingMemoryBound(to: CChar.self), &length)
        }
        let known = found == mpi_success() ? String(decoding: text.prefix(Int(max(length, 0))), as: UTF8.self) : ""
        throw EPANNsError(
            .networkFailure,
            "The processes of this run can no longer work together. See what mpirun says above or below; a training "
                + "run goes on from its last checkpoint.",
            cause: Failure(call: call, text: known.isEmpty ? "code \(status)" : known), remedy: .resume)
    }
}
#endif

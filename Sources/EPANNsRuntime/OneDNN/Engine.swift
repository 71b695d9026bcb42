import COneDNN
import EPANNsCore

/// Throws when a call to oneDNN failed; the one place where its status codes are looked at.
func check(_ status: dnnl_status_t, _ call: String, file: String = #fileID, line: Int = #line) throws {
    guard status != dnnl_success else { return }
    let meaning =
        switch status {
        case dnnl_out_of_memory: "out of memory"
        case dnnl_invalid_arguments: "invalid arguments"
        case dnnl_unimplemented: "unimplemented on this CPU"
        case dnnl_runtime_error: "runtime error"
        default: "status \(status.rawValue)"
        }
    throw EPANNsError(.backendFailure, "oneDNN refused \(call): \(meaning).", file: file, line: line)
}

/// The object that a call to oneDNN makes.
///
/// - Throws: `EPANNsError` with code `backendFailure` when the call failed or made nothing.
func made(
    _ call: String, file: String = #fileID, line: Int = #line,
    _ make: (inout OpaquePointer?) throws -> dnnl_status_t
) throws -> OpaquePointer {
    var handle: OpaquePointer?
    try check(make(&handle), call, file: file, line: line)
    guard let handle else {
        throw EPANNsError(.backendFailure, "oneDNN returned nothing for \(call).", file: file, line: line)
    }
    return handle
}

/// oneDNN's CPU engine; one a process, never released, safe to share.
struct Engine: @unchecked Sendable {
    let handle: dnnl_engine_t

    private static let shared = Result { () throws -> Engine in
        Engine(handle: try made("dnnl_engine_create") { dnnl_engine_create(&$0, dnnl_cpu, 0) })
    }

    /// The engine, or the error that making it gave.
    static func cpu() throws -> Engine { try shared.get() }
}

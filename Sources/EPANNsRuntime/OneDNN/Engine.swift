import COneDNN
import EPANNsCore
import EPANNsGraph

/// Throws when a call to oneDNN failed; the one place where its status codes are looked at.
package func check(_ status: dnnl_status_t, _ call: String, file: String = #fileID, line: Int = #line) throws {
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

/// oneDNN's CPU engine; one a process, never released, safe to share.
package struct Engine: @unchecked Sendable {
    package let handle: dnnl_engine_t

    private static let shared = Result { () throws -> Engine in
        var engine: dnnl_engine_t?
        try check(dnnl_engine_create(&engine, dnnl_cpu, 0), "dnnl_engine_create")
        guard let engine else { throw EPANNsError(.backendFailure, "oneDNN gave no CPU engine.") }
        return Engine(handle: engine)
    }

    /// The engine, or the error that making it gave.
    package static func cpu() throws -> Engine { try shared.get() }
}

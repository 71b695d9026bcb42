import COneDNN
import EPANNsCore
import EPANNsGraph

/// A compiled oneDNN primitive with its descriptor.
///
/// Immutable; oneDNN allows executing it from several threads at
/// once because its scratchpad is given by the caller.
package final class Primitive: @unchecked Sendable {
    private let descriptor: dnnl_primitive_desc_t
    private let handle: dnnl_primitive_t
    /// The implementation that oneDNN chose, for example `brgconv:avx512_core_bf16`.
    package let implementation: String
    /// What a backward primitive's descriptor is made with.
    package var hint: dnnl_primitive_desc_t { descriptor }
    package let scratchpad: MemoryDescriptor?

    /// Compiles a primitive descriptor, which it then owns.
    ///
    /// - Parameter make: Creates the descriptor with an attribute that has `postOps`.
    package init(
        _ call: String, postOps: [PostOp] = [],
        _ make: (inout dnnl_primitive_desc_t?, dnnl_primitive_attr_t) throws -> dnnl_status_t
    ) throws {
        var attribute: dnnl_primitive_attr_t?
        try check(dnnl_primitive_attr_create(&attribute), "dnnl_primitive_attr_create")
        guard let attribute else { throw EPANNsError(.backendFailure, "oneDNN gave no attribute.") }
        defer { dnnl_primitive_attr_destroy(attribute) }
        try check(
            dnnl_primitive_attr_set_scratchpad_mode(attribute, dnnl_scratchpad_mode_user), "the scratchpad mode")
        try PostOp.set(postOps, on: attribute)

        var descriptor: dnnl_primitive_desc_t?
        try check(make(&descriptor, attribute), call)
        guard let descriptor else { throw EPANNsError(.backendFailure, "oneDNN gave no descriptor for \(call).") }
        self.descriptor = descriptor
        var handle: dnnl_primitive_t?
        let status = dnnl_primitive_create(&handle, descriptor)
        guard status == dnnl_success, let handle else {
            dnnl_primitive_desc_destroy(descriptor)
            try check(status, call)
            throw EPANNsError(.backendFailure, "oneDNN gave no primitive for \(call).")
        }
        self.handle = handle
        implementation = String(cString: onednn_implementation(descriptor))
        var raw: onednn_md?
        try check(onednn_query_md(&raw, descriptor, dnnl_query_scratchpad_md, 0), "the scratchpad's size")
        scratchpad = raw.map { MemoryDescriptor(owning: $0, dimensions: [], dataType: dnnl_u8) }
    }

    deinit {
        dnnl_primitive_destroy(handle)
        dnnl_primitive_desc_destroy(descriptor)
    }

    /// The layout that the primitive wants for an argument.
    package func layout(
        _ query: dnnl_query_t, _ index: Int32 = 0, dimensions: [Int], dataType: dnnl_data_type_t
    ) throws -> MemoryDescriptor {
        var raw: onednn_md?
        try check(onednn_query_md(&raw, descriptor, query, index), "a layout query")
        guard let raw else { throw EPANNsError(.backendFailure, "oneDNN has no layout for an argument.") }
        return MemoryDescriptor(owning: raw, dimensions: dimensions, dataType: dataType)
    }

    package func execute(_ stream: dnnl_stream_t, _ arguments: UnsafeBufferPointer<dnnl_exec_arg_t>) throws {
        try check(
            dnnl_primitive_execute(handle, stream, Int32(arguments.count), arguments.baseAddress),
            "executing \(implementation)")
    }
}

/// Something fused behind a primitive's own result.
package enum PostOp {
    case activation(Activation)
    /// Adds what the destination held before.
    case sum
    case add(MemoryDescriptor)

    package static func set(_ postOps: [PostOp], on attribute: dnnl_primitive_attr_t) throws {
        guard !postOps.isEmpty else { return }
        var list: dnnl_post_ops_t?
        try check(dnnl_post_ops_create(&list), "dnnl_post_ops_create")
        guard let list else { throw EPANNsError(.backendFailure, "oneDNN gave no post-operations.") }
        defer { dnnl_post_ops_destroy(list) }
        for postOp in postOps {
            switch postOp {
            case .activation(let function):
                let (algorithm, alpha, beta) = function.oneDNN
                try check(onednn_append_eltwise(list, algorithm, alpha, beta), "a fused activation")
            case .sum: try check(onednn_append_sum(list, 1), "a fused sum")
            case .add(let other):
                try check(onednn_append_binary(list, dnnl_binary_add, other.handle), "a fused addition")
            }
        }
        try check(dnnl_primitive_attr_set_post_ops(attribute, list), "post-operations")
    }
}

extension Activation {
    /// oneDNN's algorithm with alpha and beta.
    package var oneDNN: (dnnl_alg_kind_t, Float, Float) {
        switch self {
        case .relu: (dnnl_eltwise_relu, 0, 0)
        case .relu6: (dnnl_eltwise_clip, 0, 6)
        case .leakyReLU(let slope): (dnnl_eltwise_relu, slope, 0)
        // 2.x has the constants built in, 3.x takes them.
        case .hardSwish: (dnnl_eltwise_hardswish, 1 / 6, 0.5)
        case .sigmoid: (dnnl_eltwise_logistic, 0, 0)
        }
    }
}

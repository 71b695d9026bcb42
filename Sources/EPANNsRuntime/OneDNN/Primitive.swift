import COneDNN
import EPANNsCore
import EPANNsGraph

/// A compiled oneDNN primitive with its descriptor.
///
/// Immutable; oneDNN allows executing it from several threads at once because its scratchpad is given by the caller.
final class Primitive: @unchecked Sendable {
    private let descriptor: dnnl_primitive_desc_t
    private let handle: dnnl_primitive_t
    /// The implementation that oneDNN chose, for example `brgconv:avx512_core_bf16`.
    let implementation: String
    let scratchpad: MemoryDescriptor?

    /// What a backward primitive's descriptor is made with.
    var hint: dnnl_primitive_desc_t { descriptor }

    /// Compiles a primitive descriptor, which it then owns.
    ///
    /// - Parameter make: Creates the descriptor for an engine with an attribute that has `postOps`.
    init(
        _ call: String, postOps: [PostOp] = [],
        _ make: (inout dnnl_primitive_desc_t?, dnnl_engine_t, dnnl_primitive_attr_t) throws -> dnnl_status_t
    ) throws {
        let engine = try Engine.cpu()
        let attribute = try made("dnnl_primitive_attr_create") { dnnl_primitive_attr_create(&$0) }
        defer { dnnl_primitive_attr_destroy(attribute) }
        try check(
            dnnl_primitive_attr_set_scratchpad_mode(attribute, dnnl_scratchpad_mode_user), "the scratchpad mode")
        try PostOp.set(postOps, on: attribute)

        let descriptor = try made(call) { try make(&$0, engine.handle, attribute) }
        self.descriptor = descriptor
        do {
            handle = try made(call) { dnnl_primitive_create(&$0, descriptor) }
        } catch {
            dnnl_primitive_desc_destroy(descriptor)
            throw error
        }
        implementation = String(cString: onednn_implementation(descriptor))
        var raw: onednn_md?
        try check(onednn_query_md(&raw, descriptor, dnnl_query_scratchpad_md, 0), "the scratchpad's size")
        scratchpad = raw.map { MemoryDescriptor(owning: $0, dimensions: [], dataType: dnnl_u8) }
    }

    deinit {
        dnnl_primitive_destroy(handle)
        dnnl_primitive_desc_destroy(descriptor)
    }

    /// A copy from one layout or element type to another.
    static func reorder(
        _ name: String, from source: MemoryDescriptor, to target: MemoryDescriptor
    ) throws -> Primitive {
        try Primitive(name) { descriptor, engine, attribute in
            onednn_reorder(&descriptor, engine, source.handle, target.handle, attribute)
        }
    }

    /// The layout that the primitive wants for an argument.
    func layout(
        _ query: dnnl_query_t, _ index: Int32 = 0, dimensions: [Int], dataType: dnnl_data_type_t
    ) throws -> MemoryDescriptor {
        MemoryDescriptor(
            owning: try made("a layout query") { onednn_query_md(&$0, descriptor, query, index) },
            dimensions: dimensions, dataType: dataType)
    }

    func execute(_ stream: dnnl_stream_t, _ arguments: UnsafeBufferPointer<dnnl_exec_arg_t>) throws {
        try check(
            dnnl_primitive_execute(handle, stream, Int32(arguments.count), arguments.baseAddress),
            "executing \(implementation)")
    }
}

/// Something fused behind a primitive's own result.
enum PostOp {
    case activation(Activation)
    /// Multiplies with a number.
    case scale(Float)
    /// Adds what the destination held before.
    case sum

    static func set(_ postOps: [PostOp], on attribute: dnnl_primitive_attr_t) throws {
        guard !postOps.isEmpty else { return }
        let list = try made("dnnl_post_ops_create") { dnnl_post_ops_create(&$0) }
        defer { dnnl_post_ops_destroy(list) }
        for postOp in postOps {
            switch postOp {
            case .activation(let function):
                let (algorithm, alpha, beta) = function.oneDNN
                try check(onednn_append_eltwise(list, algorithm, alpha, beta), "a fused activation")
            case .scale(let factor):
                try check(onednn_append_eltwise(list, dnnl_eltwise_linear, factor, 0), "a fused factor")
            case .sum: try check(onednn_append_sum(list, 1), "a fused sum")
            }
        }
        try check(dnnl_primitive_attr_set_post_ops(attribute, list), "post-operations")
    }
}

extension Activation {
    /// oneDNN's algorithm with alpha and beta.
    var oneDNN: (dnnl_alg_kind_t, Float, Float) {
        switch self {
        case .relu: (dnnl_eltwise_relu, 0, 0)
        case .relu6: (dnnl_eltwise_clip, 0, 6)
        case .leakyReLU(let slope): (dnnl_eltwise_relu, slope, 0)
        // 2.x has the constants built in, 3.x takes them.
        case .hardSwish: (dnnl_eltwise_hardswish, 1 / 6, 0.5)
        case .gelu: (dnnl_eltwise_gelu_erf, 0, 0)
        case .sigmoid: (dnnl_eltwise_logistic, 0, 0)
        }
    }

    /// Whether zero stays zero, so that a layout's padding may be run through it.
    var keepsZero: Bool {
        switch self {
        case .relu, .relu6, .leakyReLU, .hardSwish, .gelu: true
        case .sigmoid: false
        }
    }
}

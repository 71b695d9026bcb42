import COneDNN
import EPANNsCore
import EPANNsGraph

// Values, buffers, lifetimes, reorders.
extension ProgramBuilder {
    /// New memory for something of a layout.
    package mutating func newValue(_ layout: MemoryDescriptor, transposed: Bool = false) -> Value {
        buffers.append(PlanBuffer(byteCount: layout.byteCount, firstStep: steps.count, lastStep: steps.count))
        return Value(buffer: buffers.count - 1, layout: layout, isTransposed: transposed)
    }

    /// New memory for something of the same layout.
    package mutating func newValue(like other: Value) -> Value {
        newValue(other.layout, transposed: other.isTransposed)
    }

    /// Keeps a value until the end of the run.
    mutating func keep(_ value: Value) { buffers[value.buffer].lastStep = .max }

    private mutating func touch(_ buffer: Int) { buffers[buffer].lastStep = max(buffers[buffer].lastStep, steps.count) }

    mutating func emit(_ name: String, _ primitive: Primitive, _ arguments: [Argument]) {
        for case .buffer(let index) in arguments.map(\.place) { touch(index) }
        steps.append(ProgramStep(name: name, work: .primitive(primitive, arguments)))
    }

    /// Emits a kernel of ours; it names the buffers that it touches, so that they are kept until then.
    package mutating func emit(
        _ name: String, buffers: [Int], _ kernel: @escaping (KernelContext) throws -> Void
    ) {
        for buffer in buffers { touch(buffer) }
        steps.append(ProgramStep(name: name, work: .kernel(kernel)))
    }

    func argument(_ index: Int32, _ value: Value, as layout: MemoryDescriptor? = nil) -> Argument {
        Argument(index: index, place: .buffer(value.buffer), layout: layout ?? value.layout)
    }

    /// The value in another layout or element type, through a reorder where it differs.
    mutating func reordered(_ value: Value, to layout: MemoryDescriptor, name: String) throws -> Value {
        if value.layout.matches(layout) { return value }
        let primitive = try Primitive.reorder("a reorder for \(name)", from: value.layout, to: layout)
        let result = newValue(layout, transposed: value.isTransposed)
        emit(
            "reorder for \(name)", primitive, [argument(DNNL_ARG_FROM, value), argument(DNNL_ARG_TO, result)])
        return result
    }

    /// The same memory seen the other way round.
    func oriented(_ value: Value, transposed: Bool) throws -> Value {
        if value.isTransposed == transposed || value.layout.dimensions.count < 4 { return value }
        return Value(buffer: value.buffer, layout: try value.layout.transposed(), isTransposed: transposed)
    }

    /// The value with the layout, type and orientation of another.
    package mutating func arranged(_ value: Value, like other: Value, name: String) throws -> Value {
        try reordered(oriented(value, transposed: other.isTransposed), to: other.layout, name: name)
    }

    /// The value row-major in the graph's order of axes, of the same element type where no other is asked for.
    mutating func plain(_ value: Value, type: dnnl_data_type_t? = nil, name: String) throws -> Value {
        let value = try oriented(value, transposed: false)
        return try reordered(value, to: .plain(value.layout.dimensions, type ?? value.layout.dataType), name: name)
    }

    /// The value as row-major Float32 in the graph's order of axes.
    package mutating func plainFloats(_ value: Value, name: String) throws -> Value {
        try plain(value, type: dnnl_f32, name: name)
    }

    /// The same memory, which must be row-major, with other extents.
    func relabelled(_ value: Value, _ dimensions: [Int]) throws -> Value {
        Value(buffer: value.buffer, layout: try .plain(dimensions, value.layout.dataType))
    }

    /// The element-wise sum or product of two values of one layout, in memory of its own unless `target` is given.
    mutating func binary(
        _ algorithm: dnnl_alg_kind_t, _ first: Value, _ second: Value, into target: Value? = nil,
        then function: Activation? = nil, name: String
    ) throws -> Value {
        precondition(first.layout.matches(second.layout))
        let layout = function?.keepsZero ?? true ? try first.layout.flat() : first.layout
        let postOps: [PostOp] = function.map { [.activation($0)] } ?? []
        let primitive = try Primitive("a sum or product for \(name)", postOps: postOps) {
            descriptor, engine, attribute in
            onednn_binary(&descriptor, engine, algorithm, layout.handle, layout.handle, layout.handle, attribute)
        }
        let result = target ?? newValue(like: first)
        emit(
            name, primitive,
            [
                argument(DNNL_ARG_SRC_0, first, as: layout), argument(DNNL_ARG_SRC_1, second, as: layout),
                argument(DNNL_ARG_DST, result, as: layout),
            ])
        return result
    }
}

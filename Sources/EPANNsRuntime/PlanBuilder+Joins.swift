import COneDNN
import EPANNsCore
import EPANNsGraph

// Operations with more than one input, and changes of shape.
extension PlanBuilder {
    /// An input; a vector as (batch, channels), whether a reduction made it, which leaves extents of 1, or a linear
    /// layer.
    private mutating func operand(_ index: Int, _ position: Int) throws -> Value {
        let node = graph.nodes[index]
        let value = try input(node, position)
        guard shapes[aliases[node.inputs[position]]].spatial.isEmpty else { return value }
        return try vector(value, type: value.layout.dataType, name: node.name)
    }

    mutating func add(_ index: Int) throws {
        let node = graph.nodes[index]
        let first = try operand(index, 0)
        let others = try node.inputs.indices.dropFirst().map { position in
            try reordered(
                oriented(operand(index, position), transposed: first.isTransposed), to: first.layout, name: node.name)
        }
        var postOps: [PostOp] = others.dropFirst().map { .add($0.layout) }
        var last = index
        if let next = soleConsumer(index), case .activation(let function) = graph.nodes[next].operation {
            postOps.append(.activation(function))
            last = next
        }
        let extra = others.enumerated().dropFirst().map { position, value in
            PlanArgument(
                index: Int32(DNNL_ARG_ATTR_MULTIPLE_POST_OP_BASE) * Int32(position) | DNNL_ARG_SRC_1,
                source: .buffer(value.buffer), layout: value.layout)
        }
        let result = Value(
            buffer: newBuffer(first.layout), layout: first.layout, isTransposed: first.isTransposed)
        try emitBinary(dnnl_binary_add, index, last, first, others[0], others[0].layout, result, postOps, extra)
    }

    mutating func multiply(_ index: Int) throws {
        let node = graph.nodes[index]
        let first = try operand(index, 0)
        var factor = try operand(index, 1)
        var layout: MemoryDescriptor
        if shapes[aliases[node.inputs[1]]].spatial.isEmpty, first.layout.dimensions.count == 4 {
            let channels = first.layout.dimensions[1]
            factor = try vector(factor, type: first.layout.dataType, name: node.name)
            layout = try .plain([batch, channels, 1, 1], first.layout.dataType)
        } else {
            factor = try reordered(
                oriented(factor, transposed: first.isTransposed), to: first.layout, name: node.name)
            layout = factor.layout
        }
        var result = first
        if !isFree(aliases[node.inputs[0]], from: index, except: index) { result.buffer = newBuffer(first.layout) }
        try emitBinary(dnnl_binary_mul, index, index, first, factor, layout, result, [], [])
    }

    private mutating func emitBinary(
        _ algorithm: dnnl_alg_kind_t, _ index: Int, _ last: Int, _ first: Value, _ second: Value,
        _ secondLayout: MemoryDescriptor, _ result: Value, _ postOps: [PostOp], _ extra: [PlanArgument]
    ) throws {
        let engine = engine
        let primitive = try Primitive("\(graph.nodes[index].name)", postOps: postOps) { descriptor, attribute in
            onednn_binary(
                &descriptor, engine.handle, algorithm, first.layout.handle, secondLayout.handle,
                result.layout.handle, attribute)
        }
        emit(
            graph.nodes[last].name, primitive,
            [
                PlanArgument(index: DNNL_ARG_SRC_0, source: .buffer(first.buffer), layout: first.layout),
                PlanArgument(index: DNNL_ARG_SRC_1, source: .buffer(second.buffer), layout: secondLayout),
                PlanArgument(index: DNNL_ARG_DST, source: .buffer(result.buffer), layout: result.layout),
            ] + extra)
        markFused(last)
        values[last] = result
    }

    mutating func concatenate(_ index: Int) throws {
        let node = graph.nodes[index]
        let first = try operand(index, 0)
        let sources = try node.inputs.indices.map { position in
            try oriented(operand(index, position), transposed: first.isTransposed)
        }
        let extents =
            shapes[index].spatial.isEmpty
            ? [batch, shapes[index].channels] : dimensions(shapes[index], transposed: first.isTransposed)
        // One element type for all, the first one's.
        let type = first.layout.dataType
        let arranged = try sources.map { value in
            value.layout.dataType == type
                ? value : try reordered(value, to: .plain(value.layout.dimensions, type), name: node.name)
        }
        let wanted = try MemoryDescriptor(extents, type, dnnl_format_tag_any)
        let engine = engine
        let handles = arranged.map(\.layout.handle)
        let primitive = try Primitive("concatenation \(node.name)") { descriptor, attribute in
            var list: [onednn_md?] = handles
            return onednn_concat(
                &descriptor, engine.handle, wanted.handle, Int32(handles.count), 1, &list, attribute)
        }
        let layout = try primitive.layout(dnnl_query_dst_md, dimensions: extents, dataType: type)
        let result = Value(buffer: newBuffer(layout), layout: layout, isTransposed: first.isTransposed)
        emit(
            node.name, primitive,
            arranged.enumerated().map { position, value in
                PlanArgument(
                    index: DNNL_ARG_MULTIPLE_SRC + Int32(position), source: .buffer(value.buffer),
                    layout: value.layout)
            } + [PlanArgument(index: DNNL_ARG_DST, source: .buffer(result.buffer), layout: result.layout)])
        values[index] = result
    }

    mutating func unflatten(_ index: Int, _ height: Int) throws {
        let node = graph.nodes[index]
        let source = try oriented(input(node), transposed: false)
        let type = source.layout.dataType
        let plain = try reordered(source, to: .plain(source.layout.dimensions, type), name: node.name)
        values[index] = Value(
            buffer: plain.buffer, layout: try .plain(dimensions(shapes[index], transposed: false), type),
            isTransposed: false)
    }
}

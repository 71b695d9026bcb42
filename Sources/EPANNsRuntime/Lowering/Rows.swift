import COneDNN
import EPANNsCore

// Positions as rows of channels: how tokens lie, and what matrix products and layer norms read.
extension ProgramBuilder {
    /// The value with the channels last in the graph's order of axes, of the same element type where no other is asked for.
    mutating func channelsLast(_ value: Value, type: dnnl_data_type_t? = nil, name: String) throws -> Value {
        let value = try oriented(value, transposed: false)
        let extents = value.layout.dimensions
        guard extents.count == 4 else { return try plain(value, type: type, name: name) }
        return try reordered(
            value, to: MemoryDescriptor(extents, type ?? value.layout.dataType, dnnl_nhwc), name: name)
    }

    /// The value as a row-major matrix with a row for every clip and position.
    mutating func rows(_ value: Value, type: dnnl_data_type_t? = nil, name: String) throws -> Value {
        let source = try channelsLast(value, type: type, name: name)
        let extents = source.layout.dimensions
        return try relabelled(source, [extents[0] * extents.dropFirst(2).reduce(1, *), extents[1]])
    }

    /// Such a matrix as the value of a node: a vector, or a map with the channels last.
    func unfolded(_ rows: Value, like index: Int) throws -> Value {
        let extents = dimensions(index)
        guard extents.count == 4 else { return rows }
        return Value(
            buffer: rows.buffer, layout: try MemoryDescriptor(extents, rows.layout.dataType, dnnl_nhwc))
    }

    /// Two axes of a map become one: with the channels last the same memory.
    mutating func flatten(_ index: Int) throws {
        let name = name(index)
        let input = use.source(index)
        let type = value(input).layout.dataType
        values[index] = try unfolded(rows(value(input), name: name), like: index)
        recipes[index] = { builder, gradient in
            let rows = try builder.rows(gradient, type: type, name: name)
            builder.addGradient(input, try builder.unfolded(rows, like: input))
        }
    }

    /// Maps one behind another, in Float32 unless all are bfloat16.
    mutating func join(_ index: Int) throws {
        let name = name(index)
        let sources = use.sources(index)
        let type = sources.allSatisfy { value($0).layout.dataType == dnnl_bf16 } ? dnnl_bf16 : dnnl_f32
        let parts = try sources.map { try rows(value($0), type: type, name: name) }
        let batch = batch(index)
        let result = newValue(try .plain([batch * shapes[index].positions, shapes[index].channels], type))
        let sizes = parts.map { $0.layout.byteCount / batch }
        let total = sizes.reduce(0, +)
        emit(name, buffers: parts.map(\.buffer) + [result.buffer]) { context in
            var offset = 0
            for (part, size) in zip(parts, sizes) {
                for clip in 0..<batch {
                    (context.bytes(result.buffer) + clip * total + offset).copyMemory(
                        from: context.bytes(part.buffer) + clip * size, byteCount: size)
                }
                offset += size
            }
        }
        values[index] = try unfolded(result, like: index)
        recipes[index] = { builder, gradient in
            let gradient = try builder.rows(gradient, type: type, name: name)
            var offset = 0
            for (source, part) in zip(sources, parts) {
                let (size, start) = (part.layout.byteCount / batch, offset)
                offset += size
                guard builder.use.carries[source] else { continue }
                let difference = builder.newValue(part.layout)
                builder.emit(name, buffers: [gradient.buffer, difference.buffer]) { context in
                    for clip in 0..<batch {
                        (context.bytes(difference.buffer) + clip * size).copyMemory(
                            from: context.bytes(gradient.buffer) + clip * total + start, byteCount: size)
                    }
                }
                builder.addGradient(source, try builder.unfolded(difference, like: source))
            }
        }
    }

    /// The first positions of a map.
    mutating func first(_ index: Int, count: Int) throws {
        let name = name(index)
        let input = use.source(index)
        let source = try rows(value(input), name: name)
        let batch = batch(index)
        let result = newValue(try .plain([batch * count, shapes[index].channels], source.layout.dataType))
        let (size, total) = (result.layout.byteCount / batch, source.layout.byteCount / batch)
        emit(name, buffers: [source.buffer, result.buffer]) { context in
            for clip in 0..<batch {
                (context.bytes(result.buffer) + clip * size).copyMemory(
                    from: context.bytes(source.buffer) + clip * total, byteCount: size)
            }
        }
        values[index] = try unfolded(result, like: index)
        recipes[index] = { builder, gradient in
            let gradient = try builder.rows(gradient, type: source.layout.dataType, name: name)
            let difference = builder.newValue(source.layout)
            builder.emit(name, buffers: [gradient.buffer, difference.buffer]) { context in
                for clip in 0..<batch {
                    let target = context.bytes(difference.buffer) + clip * total
                    target.copyMemory(from: context.bytes(gradient.buffer) + clip * size, byteCount: size)
                    (target + size).initializeMemory(as: UInt8.self, repeating: 0, count: total - size)
                }
            }
            builder.addGradient(input, try builder.unfolded(difference, like: input))
        }
    }
}

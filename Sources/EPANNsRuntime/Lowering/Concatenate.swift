import COneDNN

extension ProgramBuilder {
    /// Concatenation along the channels, all in the element type of the first.
    mutating func concatenate(_ index: Int) throws {
        let name = name(index)
        let sources = use.sources(index)
        let first = value(sources[0])
        let type = first.layout.dataType
        let parts = try sources.map { source in
            let part = try oriented(value(source), transposed: first.isTransposed)
            return part.layout.dataType == type
                ? part : try reordered(part, to: .plain(part.layout.dimensions, type), name: name)
        }
        let extents = dimensions(index, transposed: first.isTransposed)
        let wanted = try MemoryDescriptor(extents, type, dnnl_format_tag_any)
        let handles = parts.map(\.layout.handle)
        let primitive = try Primitive("concatenation \(name)") { descriptor, engine, attribute in
            var list: [onednn_md?] = handles
            return onednn_concat(&descriptor, engine, wanted.handle, Int32(handles.count), 1, &list, attribute)
        }
        let result = newValue(
            try primitive.layout(dnnl_query_dst_md, dimensions: extents, dataType: type),
            transposed: first.isTransposed)
        emit(
            name, primitive,
            parts.enumerated().map { argument(DNNL_ARG_MULTIPLE_SRC + Int32($0), $1) }
                + [argument(DNNL_ARG_DST, result)])
        values[index] = shapes[index].spatial.isEmpty ? try plain(result, name: name) : result

        let batch = extents[0]
        recipes[index] = { builder, gradient in
            // Row-major, a clip's channels are one stretch.
            let gradient = try builder.plain(gradient, type: type, name: name)
            let total = gradient.layout.byteCount / batch
            var start = 0
            for source in sources {
                let layout = try MemoryDescriptor.plain(builder.dimensions(source, batch: batch), type)
                let (size, offset) = (layout.byteCount / batch, start)
                start += size
                guard builder.use.carries[source] else { continue }
                let part = builder.newValue(layout)
                builder.emit(name, buffers: [gradient.buffer, part.buffer]) { context in
                    for clip in 0..<batch {
                        (context.bytes(part.buffer) + clip * size).copyMemory(
                            from: context.bytes(gradient.buffer) + clip * total + offset, byteCount: size)
                    }
                }
                builder.addGradient(source, part)
            }
        }
    }
}

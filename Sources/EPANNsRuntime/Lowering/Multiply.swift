import COneDNN

extension ProgramBuilder {
    /// The product of equal shapes, or of a map with a vector, channel by channel.
    mutating func multiply(_ index: Int) throws {
        let (first, second) = (use.source(index), use.source(index, 1))
        if shapes[second].spatial.isEmpty, !shapes[first].spatial.isEmpty {
            if mode.isTraining { return try scaleChannels(index, first, second) }
            return try broadcastChannels(index, first, second)
        }
        let name = name(index)
        let source = value(first)
        let factor = try arranged(value(second), like: source, name: name)
        values[index] = try binary(
            dnnl_binary_mul, source, factor, into: canOverwrite(first, in: index) ? source : nil, name: name)
        recipes[index] = { builder, gradient in
            let gradient = try builder.arranged(gradient, like: source, name: name)
            if builder.use.carries[first] {
                builder.addGradient(first, try builder.binary(dnnl_binary_mul, gradient, factor, name: name))
            }
            if builder.use.carries[second] {
                builder.addGradient(second, try builder.binary(dnnl_binary_mul, gradient, source, name: name))
            }
        }
    }

    /// A map times a vector in whatever layout the map has: inference, mostly of a single clip.
    private mutating func broadcastChannels(_ index: Int, _ first: Int, _ second: Int) throws {
        let source = value(first)
        let type = source.layout.dataType
        let extents = Array(source.layout.dimensions[..<2])
        let factor = try reordered(value(second), to: .plain(extents, type), name: name(index))
        let factorLayout = try MemoryDescriptor.plain(extents + [1, 1], type)
        let primitive = try Primitive("a product for \(name(index))") { descriptor, engine, attribute in
            onednn_binary(
                &descriptor, engine, dnnl_binary_mul, source.layout.handle, factorLayout.handle, source.layout.handle,
                attribute)
        }
        let result = canOverwrite(first, in: index) ? source : newValue(like: source)
        emit(
            name(index), primitive,
            [
                argument(DNNL_ARG_SRC_0, source), argument(DNNL_ARG_SRC_1, factor, as: factorLayout),
                argument(DNNL_ARG_DST, result),
            ])
        values[index] = result
    }

    /// A map times a vector by kernels of ours, which have a backward pass: training.
    private mutating func scaleChannels(_ index: Int, _ first: Int, _ second: Int) throws {
        let name = name(index)
        let found = value(first)
        let extents = found.layout.dimensions
        let blocked = try MemoryDescriptor(extents, found.layout.dataType, dnnl_nChw16c)
        let source = try reordered(found, to: blocked, name: name)
        let factor = try plainFloats(value(second), name: name)
        let kernel = ChannelScaleKernel(batch: extents[0], channels: extents[1], positions: extents[2] * extents[3])
        let isHalf = blocked.dataType == dnnl_bf16
        func scale(_ context: KernelContext, _ from: Int, _ to: Int) {
            if isHalf {
                kernel.scale(context.team, context.bfloats(from), context.floats(factor.buffer), context.bfloats(to))
            } else {
                kernel.scale(context.team, context.floats(from), context.floats(factor.buffer), context.floats(to))
            }
        }
        let result = newValue(like: source)
        emit(name, buffers: [source.buffer, factor.buffer, result.buffer]) {
            scale($0, source.buffer, result.buffer)
        }
        values[index] = result
        recipes[index] = { builder, gradient in
            let gradient = try builder.arranged(gradient, like: source, name: name)
            if builder.use.carries[first] {
                let difference = builder.newValue(like: source)
                builder.emit(name, buffers: [gradient.buffer, factor.buffer, difference.buffer]) {
                    scale($0, gradient.buffer, difference.buffer)
                }
                builder.addGradient(first, difference)
            }
            guard builder.use.carries[second] else { return }
            let sums = builder.newValue(factor.layout)
            builder.emit(name, buffers: [gradient.buffer, source.buffer, sums.buffer]) { context in
                let target = context.floats(sums.buffer)
                if isHalf {
                    kernel.dot(context.team, context.bfloats(gradient.buffer), context.bfloats(source.buffer), target)
                } else {
                    kernel.dot(context.team, context.floats(gradient.buffer), context.floats(source.buffer), target)
                }
            }
            builder.addGradient(second, sums)
        }
    }
}

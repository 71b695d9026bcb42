import COneDNN
import EPANNsCore
import EPANNsGraph
import EPANNsRuntime

// Operations with more than one input, and changes of shape.
extension TrainingPlanBuilder {
    mutating func transpose(_ index: Int) throws {
        let input = graph.nodes[index].inputs[0]
        // Nothing moves: what was the graph's height is its width from here on.
        values[index] = value(input)
        values[index]?.isTransposed.toggle()
        recipes[index] = { builder, gradient in
            var gradient = gradient
            gradient.isTransposed.toggle()
            builder.addGradient(input, gradient)
        }
    }

    mutating func add(_ index: Int) throws {
        let node = graph.nodes[index]
        var total = value(node.inputs[0])
        for input in node.inputs.dropFirst() {
            let other = try arranged(value(input), like: total, name: node.name)
            total = try binary(dnnl_binary_add, total, other, name: node.name)
        }
        values[index] = total
        recipes[index] = { builder, gradient in
            for input in node.inputs { builder.addGradient(input, gradient) }
        }
    }

    mutating func multiply(_ index: Int) throws {
        let node = graph.nodes[index]
        let (first, second) = (node.inputs[0], node.inputs[1])
        if shapes[second].spatial.isEmpty, !shapes[first].spatial.isEmpty { return try scaleChannels(index) }
        let source = value(first)
        let factor = try arranged(value(second), like: source, name: node.name)
        values[index] = try binary(dnnl_binary_mul, source, factor, name: node.name)
        recipes[index] = { builder, gradient in
            let gradient = try builder.arranged(gradient, like: source, name: node.name)
            if builder.carries[first] {
                builder.addGradient(first, try builder.binary(dnnl_binary_mul, gradient, factor, name: node.name))
            }
            if builder.carries[second] {
                builder.addGradient(second, try builder.binary(dnnl_binary_mul, gradient, source, name: node.name))
            }
        }
    }

    /// A map times a vector, channel by channel.
    private mutating func scaleChannels(_ index: Int) throws {
        let node = graph.nodes[index]
        let (first, second) = (node.inputs[0], node.inputs[1])
        let found = value(first)
        let extents = found.layout.dimensions
        let blocked = try MemoryDescriptor(extents, found.layout.dataType, dnnl_nChw16c)
        let source = try reordered(found, to: blocked, name: node.name)
        let factor = try plain(value(second), type: dnnl_f32, name: node.name)
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
        emit(node.name, buffers: [source.buffer, factor.buffer, result.buffer]) {
            scale($0, source.buffer, result.buffer)
        }
        values[index] = result
        recipes[index] = { builder, gradient in
            let gradient = try builder.arranged(gradient, like: source, name: node.name)
            if builder.carries[first] {
                let difference = builder.newValue(like: source)
                builder.emit(node.name, buffers: [gradient.buffer, factor.buffer, difference.buffer]) {
                    scale($0, gradient.buffer, difference.buffer)
                }
                builder.addGradient(first, difference)
            }
            guard builder.carries[second] else { return }
            let sums = builder.newValue(factor.layout)
            builder.emit(node.name, buffers: [gradient.buffer, source.buffer, sums.buffer]) { context in
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

    mutating func concatenate(_ index: Int) throws {
        let node = graph.nodes[index]
        let type = value(node.inputs[0]).layout.dataType
        let extents = dimensions(index)
        let parts = try node.inputs.map { try plain(value($0), type: type, name: node.name) }
        let elementSize = type == dnnl_bf16 ? 2 : 4
        let batch = extents[0]
        // Row-major, a clip's channels are one stretch.
        let sizes = parts.map { $0.layout.dimensions.dropFirst().reduce(elementSize, *) }
        let total = sizes.reduce(0, +)
        let result = newValue(try .plain(extents, type))
        emit(node.name, buffers: parts.map(\.buffer) + [result.buffer]) { context in
            for clip in 0..<batch {
                var target = context.arena + context.offsets[result.buffer] + clip * total
                for (part, size) in zip(parts, sizes) {
                    target.copyMemory(from: context.arena + context.offsets[part.buffer] + clip * size, byteCount: size)
                    target += size
                }
            }
        }
        values[index] = result
        recipes[index] = { builder, gradient in
            let gradient = try builder.plain(gradient, type: type, name: node.name)
            var start = 0
            for (position, input) in node.inputs.enumerated() {
                let (size, offset) = (sizes[position], start)
                start += size
                guard builder.carries[input] else { continue }
                let part = builder.newValue(parts[position].layout)
                builder.emit(node.name, buffers: [gradient.buffer, part.buffer]) { context in
                    for clip in 0..<batch {
                        (context.arena + context.offsets[part.buffer] + clip * size).copyMemory(
                            from: context.arena + context.offsets[gradient.buffer] + clip * total + offset,
                            byteCount: size)
                    }
                }
                builder.addGradient(input, part)
            }
        }
    }

    mutating func unflatten(_ index: Int) throws {
        let node = graph.nodes[index]
        let input = node.inputs[0]
        let source = try plain(value(input), name: node.name)
        let extents = source.layout.dimensions
        values[index] = try relabelled(source, dimensions(index))
        recipes[index] = { builder, gradient in
            let row = try builder.plain(gradient, name: node.name)
            builder.addGradient(input, try builder.relabelled(row, extents))
        }
    }

    mutating func softmax(_ index: Int) throws {
        let node = graph.nodes[index]
        let input = node.inputs[0]
        let source = value(input)
        guard source.layout.dimensions.count == 2 else {
            throw EPANNsError(.backendFailure, "Softmax is supported over the channels of a vector only.")
        }
        let (batch, width) = (source.layout.dimensions[0], source.layout.dimensions[1])
        let result = newValue(source.layout)
        emit(node.name, buffers: [source.buffer, result.buffer]) { context in
            for clip in 0..<batch {
                let row = UnsafeBufferPointer(start: context.floats(source.buffer) + clip * width, count: width)
                let scores = OutputActivation.softmax.apply(to: Array(row), classCount: width)
                (context.floats(result.buffer) + clip * width).update(from: scores, count: width)
            }
        }
        values[index] = result
        recipes[index] = { builder, gradient in
            let gradient = try builder.arranged(gradient, like: source, name: node.name)
            let difference = builder.newValue(source.layout)
            builder.emit(node.name, buffers: [result.buffer, gradient.buffer, difference.buffer]) { context in
                for clip in 0..<batch {
                    let scores = context.floats(result.buffer) + clip * width
                    let outer = context.floats(gradient.buffer) + clip * width
                    let inner = context.floats(difference.buffer) + clip * width
                    var dot = 0.0
                    for entry in 0..<width { dot += Double(scores[entry]) * Double(outer[entry]) }
                    for entry in 0..<width { inner[entry] = scores[entry] * (outer[entry] - Float(dot)) }
                }
            }
            builder.addGradient(input, difference)
        }
    }
}

import COneDNN
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
        let source = value(first)
        let factorIsVector = shapes[second].spatial.isEmpty && source.layout.dimensions.count == 4
        let factor = try multiplier(value(second), for: source, isVector: factorIsVector, name: node.name)
        values[index] = try binary(dnnl_binary_mul, source, factor, name: node.name)
        recipes[index] = { builder, gradient in
            let gradient = try builder.arranged(gradient, like: source, name: node.name)
            if builder.carries[first] {
                builder.addGradient(first, try builder.binary(dnnl_binary_mul, gradient, factor, name: node.name))
            }
            guard builder.carries[second] else { return }
            let product = try builder.binary(dnnl_binary_mul, gradient, source, name: node.name)
            guard factorIsVector else { return builder.addGradient(second, product) }
            builder.addGradient(second, try builder.sumOverPositions(product, name: node.name))
        }
    }

    /// The second factor in the first one's layout, or a vector as a map of one position.
    private mutating func multiplier(
        _ factor: Value, for source: Value, isVector: Bool, name: String
    ) throws -> Value {
        guard isVector else { return try arranged(factor, like: source, name: name) }
        let extents = Array(source.layout.dimensions[..<2]) + [1, 1]
        let map = try relabelled(plain(factor, name: name), extents)
        return try reordered(map, to: .plain(extents, source.layout.dataType), name: name)
    }

    /// A map's sums over its positions, a plain vector: a mean, times the number of positions.
    private mutating func sumOverPositions(_ map: Value, name: String) throws -> Value {
        let extents = map.layout.dimensions
        let kernel = Array(extents[2...])
        let pooled = try makePool(name, map, .mean, kernel: kernel, stride: kernel, padding: [0, 0]).result
        let mean = try plain(pooled, type: dnnl_f32, name: name)
        let result = newValue(try .plain([extents[0], extents[1]]))
        let positions = Float(kernel[0] * kernel[1])
        let count = extents[0] * extents[1]
        emit(name, buffers: [mean.buffer, result.buffer]) { context in
            let (source, target) = (context.floats(mean.buffer), context.floats(result.buffer))
            for element in 0..<count { target[element] = source[element] * positions }
        }
        return result
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

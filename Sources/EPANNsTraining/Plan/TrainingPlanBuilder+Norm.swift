import COneDNN
import EPANNsCore
import EPANNsGraph
import EPANNsRuntime

extension TrainingPlanBuilder {
    mutating func batchNorm(_ index: Int, _ settings: BatchNorm) throws {
        let node = graph.nodes[index]
        let input = node.inputs[0]
        let width = shapes[index].spatial.isEmpty ? shapes[index].channels : shapes[index].extent(of: settings.axis)
        var source = value(input)
        let original = source
        if settings.axis != .channel { source = try plain(source, name: node.name) }
        var data = source.layout
        switch settings.axis {
        case .channel: break
        case .height, .width:
            // The axis is made oneDNN's channels by renaming extents of the row-major memory.
            let extents = source.layout.dimensions
            let type = source.layout.dataType
            if settings.axis == .width {
                data = try MemoryDescriptor([1, extents[3], extents[0] * extents[1] * extents[2], 1], type, dnnl_nhwc)
            } else {
                data = try .plain([extents[0] * extents[1], extents[2], extents[3], 1], type)
            }
        }
        let elementsPerEntry = data.dimensions.reduce(1, *) / width
        let scale = try addParameter(node.name + ".weight", shape: [width], dimensions: [width])
        let shift = try addParameter(node.name + ".bias", shape: [width], dimensions: [width])
        let mean = store.addStatistic(
            node.name + ".running_mean", try weight(node.name + ".running_mean", count: width).floats)
        let variance = store.addStatistic(
            node.name + ".running_var", try weight(node.name + ".running_var", count: width).floats)
        if let counter = weights[node.name + ".num_batches_tracked"] {
            store.setCounter(node.name + ".num_batches_tracked", counter.doubles.first.map { Int($0) } ?? 0)
        }
        let isFixed = options.freeze.containsStatistics(of: node.name)
        guard isFixed || elementsPerEntry > 1 else {
            throw EPANNsError(
                .invalidConfiguration,
                "\(node.name) would normalise over one value; use a batch of two clips or more, or longer clips.")
        }

        // The ReLU behind a norm comes for free, with one bit per element for the way back.
        var last = index
        if settings.axis == .channel, let next = soleConsumer(index),
            case .activation(.relu) = graph.nodes[next].operation
        {
            last = next
        }
        var flags = dnnl_use_scale.rawValue | dnnl_use_shift.rawValue
        if isFixed { flags |= dnnl_use_global_stats.rawValue }
        if last != index { flags |= dnnl_fuse_norm_relu.rawValue }
        let engine = engine
        let forward = try Primitive("batch norm \(node.name)") { descriptor, attribute in
            onednn_batch_norm_forward(&descriptor, engine.handle, data.handle, settings.epsilon, flags, attribute)
        }
        let vector = try MemoryDescriptor.plain([width])
        let statistics: [TrainingArgument]
        if isFixed {
            statistics = [
                TrainingArgument(index: DNNL_ARG_MEAN, memory: try Self.fixed(mean), layout: vector),
                TrainingArgument(index: DNNL_ARG_VARIANCE, memory: try Self.fixed(variance), layout: vector),
            ]
        } else {
            statistics = [
                argument(DNNL_ARG_MEAN, newValue(vector)), argument(DNNL_ARG_VARIANCE, newValue(vector)),
            ]
        }
        func seen(_ value: Value) -> Value { Value(buffer: value.buffer, layout: data) }
        let result = newValue(like: source)
        var shared = [TrainingArgument(index: DNNL_ARG_SCALE, memory: .weight(scale), layout: vector)] + statistics
        let offset = TrainingArgument(index: DNNL_ARG_SHIFT, memory: .weight(shift), layout: vector)
        if last != index {
            let mask = try forward.layout(dnnl_query_workspace_md, dimensions: [], dataType: dnnl_u8)
            shared.append(argument(DNNL_ARG_WORKSPACE, newValue(mask)))
        }
        emit(
            node.name, forward,
            shared + [
                offset, argument(DNNL_ARG_SRC, seen(source)), argument(DNNL_ARG_DST, seen(result)),
            ])
        if !isFixed {
            emitRunningStatistics(
                node.name, statistics, mean, variance, momentum: settings.momentum, count: elementsPerEntry)
        }
        values[last] = result

        let backward = try Primitive("batch norm \(node.name), backward") { descriptor, attribute in
            onednn_batch_norm_backward(
                &descriptor, engine.handle, data.handle, data.handle, settings.epsilon, flags, forward.hint, attribute)
        }
        if onednn_batch_norm_backward_takes_shift() != 0 { shared.append(offset) }
        let inputs = shared
        let isMap = settings.axis == .channel
        let recipe: Recipe = { builder, gradient in
            let arranged = try builder.arranged(gradient, like: source, name: node.name)
            let result = builder.newValue(like: source)
            builder.emit(
                node.name, backward,
                inputs + [
                    builder.argument(DNNL_ARG_SRC, seen(source)), builder.argument(DNNL_ARG_DIFF_DST, seen(arranged)),
                    builder.argument(DNNL_ARG_DIFF_SRC, seen(result)),
                    try builder.gradientArgument(DNNL_ARG_DIFF_SCALE, scale),
                    try builder.gradientArgument(DNNL_ARG_DIFF_SHIFT, shift),
                ])
            builder.addGradient(input, isMap ? result : try builder.arranged(result, like: original, name: node.name))
        }
        recipes[index] = recipe
        if last != index {
            recipes[last] = { builder, gradient in builder.addGradient(index, gradient) }
        }
    }

    private static func fixed(_ memory: UnsafeMutableBufferPointer<Float>) throws -> TrainingMemory {
        guard let address = memory.baseAddress else { preconditionFailure("statistics have memory") }
        return .fixed(UnsafeMutableRawPointer(address))
    }

    /// PyTorch's running statistics: the batch's mean and unbiased variance, with weight `momentum`.
    private mutating func emitRunningStatistics(
        _ name: String, _ statistics: [TrainingArgument], _ mean: UnsafeMutableBufferPointer<Float>,
        _ variance: UnsafeMutableBufferPointer<Float>, momentum: Float, count: Int
    ) {
        let buffers = statistics.compactMap { argument -> Int? in
            if case .buffer(let index) = argument.memory { return index }
            return nil
        }
        let unbiased = Float(Double(count) / Double(count - 1))
        let width = statistics[0].layout.dimensions[0]
        emit(name + " statistics", buffers: buffers) { context in
            let batchMean = context.floats(buffers[0])
            let batchVariance = context.floats(buffers[1])
            for entry in 0..<width {
                mean[entry] = (1 - momentum) * mean[entry] + momentum * batchMean[entry]
                variance[entry] = (1 - momentum) * variance[entry] + momentum * (batchVariance[entry] * unbiased)
            }
            context.store.countBatch(name + ".num_batches_tracked")
        }
    }
}

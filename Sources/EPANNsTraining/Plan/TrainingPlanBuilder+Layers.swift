import COneDNN
import EPANNsCore
import EPANNsGraph
import EPANNsRuntime

extension TrainingPlanBuilder {
    mutating func linear(_ index: Int, _ settings: Linear) throws {
        let node = graph.nodes[index]
        let input = node.inputs[0]
        let extents = [settings.outputs, shapes[input].channels]
        let slot = try addParameter(node.name + ".weight", shape: extents, dimensions: extents)
        let bias =
            settings.hasBias
            ? try addParameter(node.name + ".bias", shape: [settings.outputs], dimensions: [settings.outputs]) : nil
        let source = value(input)
        let output = try MemoryDescriptor.plain([batch(index), settings.outputs])
        let anyWeights = try MemoryDescriptor(extents, dnnl_f32, dnnl_format_tag_any)
        let vector = try MemoryDescriptor.plain([settings.outputs])
        let engine = engine
        let forward = try Primitive("linear layer \(node.name)") { descriptor, attribute in
            onednn_inner_product_forward(
                &descriptor, engine.handle, dnnl_forward_training, source.layout.handle, anyWeights.handle,
                bias == nil ? nil : vector.handle, output.handle, attribute)
        }
        let isTrained = store.slots[slot].isTrainable || bias.map { store.slots[$0].isTrainable } ?? false
        var weightGradient: Primitive?
        if isTrained {
            let primitive = try Primitive("linear layer \(node.name), weight gradient") { descriptor, attribute in
                onednn_inner_product_backward_weights(
                    &descriptor, engine.handle, source.layout.handle, anyWeights.handle,
                    bias == nil ? nil : vector.handle, output.handle, forward.hint, attribute)
            }
            store.setLayout(
                try primitive.layout(dnnl_query_diff_weights_md, dimensions: extents, dataType: dnnl_f32), of: slot)
            weightGradient = primitive
        }
        let wanted = try forward.layout(dnnl_query_weights_md, dimensions: extents, dataType: dnnl_f32)
        let result = newValue(output)
        var arguments = [
            argument(DNNL_ARG_SRC, source), try weightArgument(slot, wanted, name: node.name),
            argument(DNNL_ARG_DST, result),
        ]
        if let bias { arguments.append(TrainingArgument(index: DNNL_ARG_BIAS, memory: .weight(bias), layout: vector)) }
        emit(node.name, forward, arguments)
        values[index] = result

        recipes[index] = { [weightGradient] builder, gradient in
            let gradient = try builder.reordered(gradient, to: output, name: node.name)
            if let weightGradient {
                var arguments = [
                    builder.argument(DNNL_ARG_SRC, source), builder.argument(DNNL_ARG_DIFF_DST, gradient),
                    try builder.gradientArgument(DNNL_ARG_DIFF_WEIGHTS, slot),
                ]
                if let bias { arguments.append(try builder.gradientArgument(DNNL_ARG_DIFF_BIAS, bias)) }
                builder.emit(node.name + " weights", weightGradient, arguments)
            }
            guard builder.carries[input] else { return }
            let primitive = try Primitive("linear layer \(node.name), data gradient") { descriptor, attribute in
                onednn_inner_product_backward_data(
                    &descriptor, engine.handle, source.layout.handle, anyWeights.handle, output.handle, forward.hint,
                    attribute)
            }
            let wanted = try primitive.layout(dnnl_query_weights_md, dimensions: extents, dataType: dnnl_f32)
            let weights = try builder.weightArgument(slot, wanted, name: node.name)
            let result = builder.newValue(source.layout)
            builder.emit(
                node.name + " data", primitive,
                [
                    builder.argument(DNNL_ARG_DIFF_DST, gradient), weights,
                    builder.argument(DNNL_ARG_DIFF_SRC, result),
                ])
            builder.addGradient(input, result)
        }
    }

    mutating func activation(_ index: Int, _ function: Activation) throws {
        let node = graph.nodes[index]
        let input = node.inputs[0]
        let source = value(input)
        let (algorithm, alpha, beta, usesResult) = function.training
        let engine = engine
        // A sigmoid makes one half of a padding's zero, which must not be.
        let data = function == .sigmoid ? source.layout : try source.layout.flat()
        func seen(_ index: Int32, _ value: Value) -> TrainingArgument {
            TrainingArgument(index: index, memory: .buffer(value.buffer), layout: data)
        }
        let forward = try Primitive("activation \(node.name)") { descriptor, attribute in
            onednn_eltwise_forward(
                &descriptor, engine.handle, dnnl_forward_training, algorithm, data.handle, alpha, beta, attribute)
        }
        let result = newValue(like: source)
        emit(node.name, forward, [seen(DNNL_ARG_SRC, source), seen(DNNL_ARG_DST, result)])
        values[index] = result
        recipes[index] = { builder, gradient in
            let primitive = try Primitive("activation \(node.name), backward") { descriptor, attribute in
                onednn_eltwise_backward(
                    &descriptor, engine.handle, algorithm, data.handle, data.handle, alpha, beta, forward.hint,
                    attribute)
            }
            let arranged = try builder.arranged(gradient, like: source, name: node.name)
            let difference = builder.newValue(like: source)
            builder.emit(
                node.name, primitive,
                [
                    usesResult ? seen(DNNL_ARG_DST, result) : seen(DNNL_ARG_SRC, source),
                    seen(DNNL_ARG_DIFF_DST, arranged), seen(DNNL_ARG_DIFF_SRC, difference),
                ])
            builder.addGradient(input, difference)
        }
    }

    mutating func pool(_ index: Int, _ settings: Pool) throws {
        let input = graph.nodes[index].inputs[0]
        let source = value(input)
        func axes(_ values: [Int], fill: Int) -> [Int] {
            let full: [Int] = values.count == 1 ? [values[0], fill] : values
            return source.isTransposed ? full.reversed() : full
        }
        let pooling = try makePool(
            graph.nodes[index].name, source, settings.reduction, kernel: axes(settings.kernel, fill: 1),
            stride: axes(settings.stride, fill: 1), padding: axes(settings.padding, fill: 0))
        values[index] = pooling.result
        recipes[index] = { builder, gradient in
            builder.addGradient(input, try pooling.backward(&builder, gradient))
        }
    }

    mutating func reduce(_ index: Int, _ reduction: Reduction, _ axes: [Axis]) throws {
        let node = graph.nodes[index]
        let input = node.inputs[0]
        let source = value(input)
        guard source.layout.dimensions.count == 4, !axes.contains(.channel) else {
            throw EPANNsError(.backendFailure, "Only time and mel axes can be reduced, not the channels.")
        }
        let (first, second): (Axis, Axis) = source.isTransposed ? (.width, .height) : (.height, .width)
        let kernel = [
            axes.contains(first) ? source.layout.dimensions[2] : 1,
            axes.contains(second) ? source.layout.dimensions[3] : 1,
        ]
        let pooling = try makePool(node.name, source, reduction, kernel: kernel, stride: kernel, padding: [0, 0])
        let pooled = pooling.result.layout.dimensions
        // A vector is plain Float32; what is left of a map without its height is the height from now on.
        let isVector = shapes[index].spatial.isEmpty
        let isTurned = !isVector && axes.contains(.height)
        if isVector {
            let row = try plain(pooling.result, type: dnnl_f32, name: node.name)
            values[index] = try relabelled(row, [pooled[0], pooled[1]])
        } else {
            values[index] = pooling.result
            if isTurned { values[index]?.isTransposed.toggle() }
        }
        recipes[index] = { builder, gradient in
            var gradient = gradient
            if isVector {
                gradient = try builder.relabelled(builder.plain(gradient, name: node.name), pooled)
            } else if isTurned {
                gradient.isTransposed.toggle()
            }
            builder.addGradient(input, try pooling.backward(&builder, gradient))
        }
    }

    /// A pooling and its way back.
    struct Pooling {
        var result: Value
        var backward: (inout TrainingPlanBuilder, Value) throws -> Value
    }

    mutating func makePool(
        _ name: String, _ source: Value, _ reduction: Reduction, kernel: [Int], stride: [Int], padding: [Int]
    ) throws -> Pooling {
        let extents = source.layout.dimensions
        func length(_ axis: Int) -> Int {
            let room = extents[2 + axis] + 2 * padding[axis] - kernel[axis]
            return room / stride[axis] + 1
        }
        let output = [extents[0], extents[1], length(0), length(1)]
        let type = source.layout.dataType
        let any = try MemoryDescriptor(output, type, dnnl_format_tag_any)
        let algorithm = reduction == .mean ? dnnl_pooling_avg_include_padding : dnnl_pooling_max
        let (strides, window, pads) = (stride.map(Int64.init), kernel.map(Int64.init), padding.map(Int64.init))
        let engine = engine
        let forward = try Primitive("pooling \(name)") { descriptor, attribute in
            onednn_pooling_forward(
                &descriptor, engine.handle, dnnl_forward_training, algorithm, source.layout.handle, any.handle, strides,
                window, pads, pads, attribute)
        }
        let layout = try forward.layout(dnnl_query_dst_md, dimensions: output, dataType: type)
        let result = newValue(layout, transposed: source.isTransposed)
        var shared: [TrainingArgument] = []
        if reduction == .max {
            let workspace = try forward.layout(dnnl_query_workspace_md, dimensions: [], dataType: dnnl_u8)
            shared.append(argument(DNNL_ARG_WORKSPACE, newValue(workspace)))
        }
        emit(name, forward, shared + [argument(DNNL_ARG_SRC, source), argument(DNNL_ARG_DST, result)])
        return Pooling(result: result) { builder, gradient in
            let backward = try Primitive("pooling \(name), backward") { descriptor, attribute in
                onednn_pooling_backward(
                    &descriptor, engine.handle, algorithm, source.layout.handle, layout.handle, strides, window, pads,
                    pads, forward.hint, attribute)
            }
            let arranged = try builder.arranged(gradient, like: result, name: name)
            let difference = builder.newValue(like: source)
            builder.emit(
                name, backward,
                shared + [
                    builder.argument(DNNL_ARG_DIFF_DST, arranged), builder.argument(DNNL_ARG_DIFF_SRC, difference),
                ])
            return difference
        }
    }
}

extension Activation {
    /// oneDNN's algorithm with alpha and beta, and whether backward reads the result rather than the source.
    fileprivate var training: (dnnl_alg_kind_t, Float, Float, Bool) {
        switch self {
        case .relu: (dnnl_eltwise_relu_use_dst_for_bwd, 0, 0, true)
        case .leakyReLU(let slope):
            // The result's sign is the source's as long as the slope is not negative.
            slope >= 0 ? (dnnl_eltwise_relu_use_dst_for_bwd, slope, 0, true) : (dnnl_eltwise_relu, slope, 0, false)
        case .sigmoid: (dnnl_eltwise_logistic_use_dst_for_bwd, 0, 0, true)
        case .relu6, .hardSwish: (oneDNN.0, oneDNN.1, oneDNN.2, false)
        }
    }
}

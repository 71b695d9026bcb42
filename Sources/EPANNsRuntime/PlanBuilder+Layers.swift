import COneDNN
import EPANNsCore
import EPANNsGraph

extension PlanBuilder {
    mutating func batchNorm(_ index: Int, _ settings: BatchNorm) throws {
        let node = graph.nodes[index]
        let (scale, shift) = try affine(settings, name: node.name)
        let source = try input(node)
        guard scale.count == shapes[index].extent(of: settings.axis) else {
            throw EPANNsError(.checkpointMismatch, "\(node.name) has another size than the network.")
        }
        if settings.axis == .width, aliases[node.inputs[0]] == 0, consumers[0].count == 1, !source.isTransposed {
            inputAffine = InputAffine(scale: scale, shift: shift)
            values[index] = source
            return
        }
        var extents = [1, 1, 1, 1]
        switch settings.axis {
        case .channel: extents[1] = scale.count
        case .height: extents[source.isTransposed ? 3 : 2] = scale.count
        case .width: extents[source.isTransposed ? 2 : 3] = scale.count
        }
        let layout = try MemoryDescriptor.plain(extents)
        let arranged = try reordered(source, to: source.layout, name: node.name)
        let engine = engine
        var postOps: [PostOp] = [.add(layout)]
        var last = index
        if let next = soleConsumer(index), case .activation(let function) = graph.nodes[next].operation {
            postOps.append(.activation(function))
            last = next
        }
        let primitive = try Primitive("batch norm \(node.name)", postOps: postOps) { descriptor, attribute in
            onednn_binary(
                &descriptor, engine.handle, dnnl_binary_mul, arranged.layout.handle, layout.handle,
                arranged.layout.handle, attribute)
        }
        let result = Value(
            buffer: newBuffer(arranged.layout), layout: arranged.layout, isTransposed: source.isTransposed)
        let scaleTensor = try constant(node.name + " scale", scale, as: layout)
        let shiftTensor = try constant(node.name + " shift", shift, as: layout)
        emit(
            graph.nodes[last].name, primitive,
            [
                PlanArgument(index: DNNL_ARG_SRC_0, source: .buffer(arranged.buffer), layout: arranged.layout),
                PlanArgument(index: DNNL_ARG_SRC_1, source: .constant(scaleTensor), layout: layout),
                PlanArgument(index: DNNL_ARG_DST, source: .buffer(result.buffer), layout: result.layout),
                // oneDNN numbers the operands of post-operation 0 from DNNL_ARG_ATTR_MULTIPLE_POST_OP_BASE.
                PlanArgument(
                    index: Int32(DNNL_ARG_ATTR_MULTIPLE_POST_OP_BASE) | DNNL_ARG_SRC_1,
                    source: .constant(shiftTensor), layout: layout),
            ])
        markFused(last)
        values[last] = result
    }

    mutating func linear(_ index: Int, _ settings: Linear) throws {
        let node = graph.nodes[index]
        let inputCount = shapes[aliases[node.inputs[0]]].channels
        let elementType = elementType(of: index)
        let source = try vector(input(node), type: elementType, name: node.name)
        var last = index
        var postOps: [PostOp] = []
        if let next = soleConsumer(index), case .activation(let function) = graph.nodes[next].operation {
            postOps.append(.activation(function))
            last = next
        }
        let outputType = elementType == dnnl_bf16 ? self.outputType(of: last) : dnnl_f32
        let wanted = try MemoryDescriptor([settings.outputs, inputCount], elementType, dnnl_format_tag_any)
        let biasLayout = try MemoryDescriptor([settings.outputs], dnnl_f32, dnnl_a)
        let layout = try MemoryDescriptor.plain([batch, settings.outputs], outputType)
        let engine = engine
        let primitive = try Primitive("linear layer \(node.name)", postOps: postOps) { descriptor, attribute in
            onednn_inner_product_forward(
                &descriptor, engine.handle, dnnl_forward_inference, source.layout.handle, wanted.handle,
                settings.hasBias ? biasLayout.handle : nil, layout.handle, attribute)
        }
        let weightLayout = try primitive.layout(
            dnnl_query_weights_md, dimensions: [settings.outputs, inputCount], dataType: elementType)
        let weights = try packedWeight(
            node.name, scale: nil, dimensions: [settings.outputs, inputCount], wanted: weightLayout)
        var constants = [PlanArgument(index: DNNL_ARG_WEIGHTS, source: .constant(weights), layout: weightLayout)]
        if settings.hasBias {
            let bias = try constant(node.name + ".bias", weight(node.name + ".bias").floats, as: biasLayout)
            constants.append(PlanArgument(index: DNNL_ARG_BIAS, source: .constant(bias), layout: biasLayout))
        }
        let result = Value(buffer: newBuffer(layout), layout: layout, isTransposed: false)
        emit(
            graph.nodes[last].name, primitive, source: source, as: source.layout, to: result, constants: constants)
        markFused(last)
        values[last] = result
    }

    mutating func activation(_ index: Int, _ function: Activation) throws {
        let node = graph.nodes[index]
        // The output activation is applied to the few logits by the caller, in exact arithmetic.
        if isOutputActivation(index) { return }
        let source = try input(node)
        let engine = engine
        let (algorithm, alpha, beta) = function.oneDNN
        let primitive = try Primitive("activation \(node.name)") { descriptor, attribute in
            onednn_eltwise_forward(
                &descriptor, engine.handle, dnnl_forward_inference, algorithm, source.layout.handle, alpha, beta,
                attribute)
        }
        var result = source
        if !isFree(aliases[node.inputs[0]], from: index, except: index) { result.buffer = newBuffer(source.layout) }
        emit(node.name, primitive, source: source, as: source.layout, to: result)
        values[index] = result
    }

    mutating func softmax(_ index: Int) throws {
        guard isOutputActivation(index) else {
            throw EPANNsError(.backendFailure, "Softmax is supported as output activation only.")
        }
    }

    func isOutputActivation(_ index: Int) -> Bool {
        guard let scores = graph.outputs[.scores], let logits = graph.outputs[.logits] else { return false }
        return index == scores && scores != logits && graph.nodes[scores].inputs == [logits]
    }

    mutating func pool(_ index: Int, _ settings: Pool) throws {
        let source = try input(graph.nodes[index])
        func flip(_ values: [Int], fill: Int) -> [Int] {
            let full: [Int] = values.count == 1 ? [values[0], fill] : values
            return source.isTransposed ? full.reversed() : full
        }
        try emitPool(
            index, source, settings.reduction, kernel: flip(settings.kernel, fill: 1),
            stride: flip(settings.stride, fill: 1),
            padding: flip(settings.padding, fill: 0))
    }

    mutating func reduce(_ index: Int, _ reduction: Reduction, _ axes: [Axis]) throws {
        let source = try input(graph.nodes[index])
        let extents = Array(source.layout.dimensions[2...])
        let (heightPosition, widthPosition) = source.isTransposed ? (1, 0) : (0, 1)
        var kernel = [1, 1]
        for axis in axes {
            switch axis {
            case .height: kernel[heightPosition] = extents[heightPosition]
            case .width: kernel[widthPosition] = extents[widthPosition]
            case .channel: throw EPANNsError(.backendFailure, "Channels cannot be reduced.")
            }
        }
        try emitPool(index, source, reduction, kernel: kernel, stride: kernel, padding: [0, 0])
        // What is left of a two-dimensional map without its height is one-dimensional, and lies along the height.
        if axes.contains(.height), shapes[index].spatial.count == 1 { values[index]?.isTransposed.toggle() }
    }

    private mutating func emitPool(
        _ index: Int, _ source: Value, _ reduction: Reduction, kernel: [Int], stride: [Int], padding: [Int]
    ) throws {
        let input = source.layout.dimensions
        let output = (0..<2).map { (axis: Int) -> Int in
            let room = input[2 + axis] + 2 * padding[axis] - kernel[axis]
            return room / stride[axis] + 1
        }
        let type = source.layout.dataType
        let wanted = try MemoryDescriptor([batch, input[1]] + output, type, dnnl_format_tag_any)
        let algorithm = reduction == .mean ? dnnl_pooling_avg_include_padding : dnnl_pooling_max
        let engine = engine
        let primitive = try Primitive("pooling \(graph.nodes[index].name)") { descriptor, attribute in
            onednn_pooling_forward(
                &descriptor, engine.handle, dnnl_forward_inference, algorithm, source.layout.handle, wanted.handle,
                stride.map(Int64.init), kernel.map(Int64.init), padding.map(Int64.init), padding.map(Int64.init),
                attribute)
        }
        let layout = try primitive.layout(dnnl_query_dst_md, dimensions: [batch, input[1]] + output, dataType: type)
        let result = Value(buffer: newBuffer(layout), layout: layout, isTransposed: source.isTransposed)
        emit(graph.nodes[index].name, primitive, source: source, as: source.layout, to: result)
        values[index] = result
    }
}

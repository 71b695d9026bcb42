import COneDNN
import EPANNsCore
import EPANNsGraph
import EPANNsRuntime

extension TrainingPlanBuilder {
    /// Everything that a convolution's three primitives share.
    private struct Setting {
        var algorithm: dnnl_alg_kind_t
        var strides: [Int64]
        var dilates: [Int64]
        var padding: [Int64]
        var weightDimensions: [Int]
        var hasBias: Bool
    }

    mutating func convolution(_ index: Int, _ settings: Convolution) throws {
        let node = graph.nodes[index]
        let input = node.inputs[0]
        let channels = shapes[input].channels
        let isWinograd = usesWinograd(settings, shapes[input], shapes[index])
        let turned = !isWinograd && prefersTransposed(settings, shapes[index])
        func axes(_ values: [Int], fill: Int) -> [Int] {
            let full: [Int] = values.count == 1 ? [values[0], fill] : values
            return turned ? full.reversed() : full
        }
        let kernel = axes(settings.kernel, fill: 1)
        let groups = settings.groups
        let shape = [settings.filters, channels / groups] + settings.kernel
        let weightDimensions =
            (groups > 1 ? [groups] : []) + [settings.filters / groups, channels / groups] + kernel
        let slot = try addParameter(
            node.name + ".weight", shape: shape, dimensions: weightDimensions, transposed: turned)
        let bias =
            settings.hasBias
            ? try addParameter(node.name + ".bias", shape: [settings.filters], dimensions: [settings.filters]) : nil
        var setting = Setting(
            algorithm: dnnl_convolution_direct, strides: axes(settings.stride, fill: 1).map(Int64.init),
            dilates: axes(settings.dilation, fill: 1).map { Int64($0 - 1) },
            padding: axes(settings.padding, fill: 0).map(Int64.init), weightDimensions: weightDimensions,
            hasBias: settings.hasBias)

        let type = mapType
        let sourceDimensions = dimensions(input, batch: batch(index), transposed: turned)
        let outputDimensions = dimensions(index, transposed: turned)
        let anySource = try MemoryDescriptor(sourceDimensions, type, dnnl_format_tag_any)
        let anyOutput = try MemoryDescriptor(outputDimensions, type, dnnl_format_tag_any)
        var forward: Primitive?
        if isWinograd {
            setting.algorithm = dnnl_convolution_winograd
            forward = try? makeForward(setting, anySource, anyOutput)
        }
        if forward == nil {
            setting.algorithm = dnnl_convolution_direct
            forward = try makeForward(setting, anySource, anyOutput)
        }
        guard let forward else { preconditionFailure("a failure has thrown") }

        let sourceLayout = try forward.layout(dnnl_query_src_md, dimensions: sourceDimensions, dataType: type)
        let outputLayout = try forward.layout(dnnl_query_dst_md, dimensions: outputDimensions, dataType: type)
        let weightLayout = try forward.layout(
            dnnl_query_weights_md, dimensions: weightDimensions, dataType: type)
        let source = try reordered(
            oriented(value(input), transposed: turned), to: sourceLayout, name: node.name)

        // Backward primitives come first: the weight's layout is what its gradient comes in.
        let isTrained = store.slots[slot].isTrainable || bias.map { store.slots[$0].isTrainable } ?? false
        let weightGradient =
            isTrained ? try makeBackwardWeights(setting, sourceLayout, outputLayout, hint: forward) : nil
        if let weightGradient {
            store.setLayout(
                try weightGradient.layout(
                    dnnl_query_diff_weights_md, dimensions: weightDimensions, dataType: dnnl_f32), of: slot)
        }
        let dataGradient =
            carries[input] ? try makeBackwardData(setting, sourceLayout, outputLayout, hint: forward) : nil

        let result = newValue(outputLayout, transposed: turned)
        emit(
            node.name, forward,
            [
                argument(DNNL_ARG_SRC, source), try weightArgument(slot, weightLayout, name: node.name),
                argument(DNNL_ARG_DST, result),
            ]
                + (bias.map {
                    [TrainingArgument(index: DNNL_ARG_BIAS, memory: .weight($0), layout: store.slots[$0].layout)]
                } ?? []))
        values[index] = result

        recipes[index] = { builder, gradient in
            let gradient = try builder.oriented(gradient, transposed: turned)
            if let weightGradient {
                let output = try weightGradient.layout(
                    dnnl_query_diff_dst_md, dimensions: outputDimensions, dataType: type)
                let wanted = try weightGradient.layout(
                    dnnl_query_src_md, dimensions: sourceDimensions, dataType: type)
                let arranged = try builder.reordered(gradient, to: output, name: node.name)
                let arrangedSource = try builder.reordered(source, to: wanted, name: node.name)
                var arguments = [
                    builder.argument(DNNL_ARG_SRC, arrangedSource), builder.argument(DNNL_ARG_DIFF_DST, arranged),
                    try builder.gradientArgument(DNNL_ARG_DIFF_WEIGHTS, slot),
                ]
                if let bias { arguments.append(try builder.gradientArgument(DNNL_ARG_DIFF_BIAS, bias)) }
                builder.emit(node.name + " weights", weightGradient, arguments)
            }
            guard let dataGradient else { return }
            let output = try dataGradient.layout(
                dnnl_query_diff_dst_md, dimensions: outputDimensions, dataType: type)
            let arranged = try builder.reordered(gradient, to: output, name: node.name)
            let wanted = try dataGradient.layout(
                dnnl_query_weights_md, dimensions: weightDimensions, dataType: type)
            let weights = try builder.weightArgument(slot, wanted, name: node.name)
            let result = builder.newValue(
                try dataGradient.layout(dnnl_query_diff_src_md, dimensions: sourceDimensions, dataType: type),
                transposed: turned)
            builder.emit(
                node.name + " data", dataGradient,
                [
                    builder.argument(DNNL_ARG_DIFF_DST, arranged), weights,
                    builder.argument(DNNL_ARG_DIFF_SRC, result),
                ])
            builder.addGradient(input, result)
        }
    }

    /// The master weight in the layout and type that a primitive wants.
    mutating func weightArgument(_ slot: Int, _ wanted: MemoryDescriptor, name: String) throws -> TrainingArgument {
        let layout = store.slots[slot].layout
        if layout.matches(wanted) {
            return TrainingArgument(index: DNNL_ARG_WEIGHTS, memory: .weight(slot), layout: wanted)
        }
        let engine = engine
        let primitive = try Primitive("a reorder of \(name).weight") { descriptor, attribute in
            onednn_reorder(&descriptor, engine.handle, layout.handle, wanted.handle, attribute)
        }
        let copy = newValue(wanted)
        emit(
            "reorder of \(name).weight", primitive,
            [
                TrainingArgument(index: DNNL_ARG_FROM, memory: .weight(slot), layout: layout),
                argument(DNNL_ARG_TO, copy),
            ])
        return argument(DNNL_ARG_WEIGHTS, copy)
    }

    /// Where a weight's gradient goes: nowhere that is kept, if it is frozen.
    mutating func gradientArgument(_ index: Int32, _ slot: Int) throws -> TrainingArgument {
        let layout = store.slots[slot].layout
        if store.slots[slot].isTrainable {
            return TrainingArgument(index: index, memory: .gradient(slot), layout: layout)
        }
        return argument(index, newValue(layout))
    }

    // MARK: Primitives

    private func makeForward(
        _ setting: Setting, _ source: MemoryDescriptor, _ output: MemoryDescriptor
    ) throws -> Primitive {
        let weights = try MemoryDescriptor(setting.weightDimensions, source.dataType, dnnl_format_tag_any)
        let bias = try MemoryDescriptor([output.dimensions[1]], dnnl_f32, dnnl_a)
        let engine = engine
        return try Primitive("a convolution") { descriptor, attribute in
            onednn_convolution_forward(
                &descriptor, engine.handle, dnnl_forward_training, setting.algorithm, source.handle, weights.handle,
                setting.hasBias ? bias.handle : nil, output.handle, setting.strides, setting.dilates,
                setting.padding, setting.padding, attribute)
        }
    }

    private func makeBackwardWeights(
        _ setting: Setting, _ source: MemoryDescriptor, _ output: MemoryDescriptor, hint: Primitive
    ) throws -> Primitive {
        let weights = try MemoryDescriptor(setting.weightDimensions, dnnl_f32, dnnl_format_tag_any)
        let bias = try MemoryDescriptor([output.dimensions[1]], dnnl_f32, dnnl_a)
        let engine = engine
        return try preferred(source, output) { source, output in
            try Primitive("a convolution's weight gradient") { descriptor, attribute in
                onednn_convolution_backward_weights(
                    &descriptor, engine.handle, setting.algorithm, source.handle, weights.handle,
                    setting.hasBias ? bias.handle : nil, output.handle, setting.strides, setting.dilates,
                    setting.padding, setting.padding, hint.hint, attribute)
            }
        }
    }

    private func makeBackwardData(
        _ setting: Setting, _ source: MemoryDescriptor, _ output: MemoryDescriptor, hint: Primitive
    ) throws -> Primitive {
        let weights = try MemoryDescriptor(setting.weightDimensions, source.dataType, dnnl_format_tag_any)
        let engine = engine
        return try preferred(source, output) { source, output in
            try Primitive("a convolution's data gradient") { descriptor, attribute in
                onednn_convolution_backward_data(
                    &descriptor, engine.handle, setting.algorithm, source.handle, weights.handle, output.handle,
                    setting.strides, setting.dilates, setting.padding, setting.padding, hint.hint, attribute)
            }
        }
    }

    /// A primitive on the forward pass's layouts, which need no reorder; on its own where only a slow one has them.
    private func preferred(
        _ source: MemoryDescriptor, _ output: MemoryDescriptor,
        _ make: (MemoryDescriptor, MemoryDescriptor) throws -> Primitive
    ) throws -> Primitive {
        let direct = try? make(source, output)
        if let direct, direct.implementation.hasPrefix("jit") || direct.implementation.hasPrefix("brg") {
            return direct
        }
        let free = try? make(
            MemoryDescriptor(source.dimensions, source.dataType, dnnl_format_tag_any),
            MemoryDescriptor(output.dimensions, output.dataType, dnnl_format_tag_any))
        if let primitive = free ?? direct { return primitive }
        return try make(source, output)
    }

    /// Whether Winograd's F(4×4, 3×3) is used in all three passes: a quarter of the multiplications.
    ///
    /// Measured on Zen 4 with batches of 8 (see Benchmarks): 2 to 3 times as fast on maps of 31×4 and larger. At 15×2
    /// it gains a quarter only, and the transformed weights of 2048×2048 take 0.6 GB; on a single input channel it
    /// loses.
    private func usesWinograd(_ settings: Convolution, _ input: Shape, _ output: Shape) -> Bool {
        let transformedByteCount = settings.filters * input.channels * 36 * 4
        return options.allowsWinograd && transformedByteCount <= 160 << 20 && mapType == dnnl_f32
            && Precision.hasWinograd && settings.kernel == [3, 3]
            && settings.stride == [1, 1] && settings.dilation == [1, 1] && settings.groups == 1
            && input.channels >= 16 && settings.filters >= 16
    }

    /// Whether height and width change places: oneDNN's direct kernels run along the width, and a narrow map wastes them.
    ///
    /// Measured on AVX-512 (see Benchmarks): weight gradients of 15×2 and 31×4 maps take half the time.
    private func prefersTransposed(_ settings: Convolution, _ output: Shape) -> Bool {
        guard output.spatial.count == 2, settings.kernel.contains(where: { $0 > 1 }) else {
            return output.spatial.count == 1
        }
        return output.spatial[1] <= 4 && output.spatial[0] > output.spatial[1]
    }
}

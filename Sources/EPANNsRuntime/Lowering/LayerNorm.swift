import COneDNN
import EPANNsCore
import EPANNsGraph

extension ProgramBuilder {
    /// A normalisation of every position over its channels, in Float32.
    mutating func layerNorm(_ index: Int, _ settings: LayerNorm) throws {
        let name = name(index)
        let input = use.source(index)
        let source = try rows(value(input), type: dnnl_f32, name: name)
        let (data, width) = (source.layout, source.layout.dimensions[1])
        let statistic = try MemoryDescriptor.plain([data.dimensions[0]])
        let vector = try MemoryDescriptor.plain([width])
        let flags = dnnl_use_scale.rawValue | dnnl_use_shift.rawValue
        let propagation = mode.propagation
        let forward = try Primitive("layer norm \(name)") { descriptor, engine, attribute in
            onednn_layer_norm_forward(
                &descriptor, engine, propagation, data.handle, statistic.handle, settings.epsilon, flags, attribute)
        }
        let result = newValue(data)
        let ends = [argument(DNNL_ARG_SRC, source), argument(DNNL_ARG_DST, result)]
        values[index] = try unfolded(result, like: index)
        switch mode.weights {
        case .packed(let packed):
            let scale = try constant(
                DNNL_ARG_SCALE, name + ".weight", weight(name + ".weight", count: width).floats, in: packed)
            let shift = try constant(
                DNNL_ARG_SHIFT, name + ".bias", weight(name + ".bias", count: width).floats, in: packed)
            emit(name, forward, ends + [scale, shift])
        case .store(let store):
            let slots = try [".weight", ".bias"].map {
                try addParameter(name + $0, shape: [width], dimensions: [width], in: store)
            }
            let scale = Argument(index: DNNL_ARG_SCALE, place: .weight(slots[0]), layout: vector)
            let shift = Argument(index: DNNL_ARG_SHIFT, place: .weight(slots[1]), layout: vector)
            let statistics = [DNNL_ARG_MEAN, DNNL_ARG_VARIANCE].map { argument($0, newValue(statistic)) }
            emit(name, forward, ends + statistics + [scale, shift])
            recipes[index] = { builder, gradient in
                let backward = try Primitive("layer norm \(name), backward") { descriptor, engine, attribute in
                    onednn_layer_norm_backward(
                        &descriptor, engine, data.handle, data.handle, statistic.handle, settings.epsilon, flags,
                        forward.hint, attribute)
                }
                let gradient = try builder.rows(gradient, type: dnnl_f32, name: name)
                let difference = builder.newValue(data)
                // oneDNN 2.6 and 3.7 want the shift, which nothing is computed from; 3.12 takes it or not.
                builder.emit(
                    name, backward,
                    statistics + [scale, shift] + [
                        builder.argument(DNNL_ARG_SRC, source), builder.argument(DNNL_ARG_DIFF_DST, gradient),
                        builder.argument(DNNL_ARG_DIFF_SRC, difference),
                        builder.gradientArgument(DNNL_ARG_DIFF_SCALE, slots[0], in: store),
                        builder.gradientArgument(DNNL_ARG_DIFF_SHIFT, slots[1], in: store),
                    ])
                builder.addGradient(input, try builder.unfolded(difference, like: input))
            }
        }
    }
}

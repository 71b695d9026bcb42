import COneDNN
import EPANNsGraph

extension ProgramBuilder {
    /// An element-wise function that nothing has taken along.
    mutating func activation(_ index: Int, _ function: Activation) throws {
        let name = name(index)
        let input = use.source(index)
        let source = value(input)
        let way = mode.isTraining ? function.training : (function.oneDNN, usesResult: false)
        let (algorithm, alpha, beta) = way.0
        let data = function.keepsZero ? try source.layout.flat() : source.layout
        let propagation = mode.propagation
        let forward = try Primitive("activation \(name)") { descriptor, engine, attribute in
            onednn_eltwise_forward(&descriptor, engine, propagation, algorithm, data.handle, alpha, beta, attribute)
        }
        let result = canOverwrite(input, in: index) ? source : newValue(like: source)
        emit(
            name, forward, [argument(DNNL_ARG_SRC, source, as: data), argument(DNNL_ARG_DST, result, as: data)])
        values[index] = result
        recipes[index] = { builder, gradient in
            let primitive = try Primitive("activation \(name), backward") { descriptor, engine, attribute in
                onednn_eltwise_backward(
                    &descriptor, engine, algorithm, data.handle, data.handle, alpha, beta, forward.hint, attribute)
            }
            let arranged = try builder.arranged(gradient, like: source, name: name)
            let difference = builder.newValue(like: source)
            builder.emit(
                name, primitive,
                [
                    way.usesResult
                        ? builder.argument(DNNL_ARG_DST, result, as: data)
                        : builder.argument(DNNL_ARG_SRC, source, as: data),
                    builder.argument(DNNL_ARG_DIFF_DST, arranged, as: data),
                    builder.argument(DNNL_ARG_DIFF_SRC, difference, as: data),
                ])
            builder.addGradient(input, difference)
        }
    }
}

extension Activation {
    /// oneDNN's algorithm for training, and whether its backward pass reads the result rather than the source.
    fileprivate var training: ((dnnl_alg_kind_t, Float, Float), usesResult: Bool) {
        switch self {
        case .relu: ((dnnl_eltwise_relu_use_dst_for_bwd, 0, 0), true)
        case .leakyReLU(let slope):
            // The result's sign is the source's as long as the slope is not negative.
            slope >= 0 ? ((dnnl_eltwise_relu_use_dst_for_bwd, slope, 0), true) : (oneDNN, false)
        case .sigmoid: ((dnnl_eltwise_logistic_use_dst_for_bwd, 0, 0), true)
        case .relu6, .hardSwish, .gelu: (oneDNN, false)
        }
    }
}

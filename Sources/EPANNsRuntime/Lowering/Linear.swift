import COneDNN
import EPANNsCore
import EPANNsGraph

extension ProgramBuilder {
    /// A matrix product over the channels of a vector, or of every position of a one-dimensional map.
    mutating func linear(_ index: Int, _ settings: Linear) throws {
        let name = name(index)
        let input = use.source(index)
        let type = elementType(of: index)
        let (last, function) = fusedActivation(behind: index)
        let problem = LinearProblem(
            name: name, batch: batch(index) * shapes[index].positions, inputs: shapes[input].channels,
            settings: settings, type: type,
            outputType: outputType(of: index, last: last))
        let source = try rows(value(input), type: type, name: name)
        let forward = try problem.forward(mode.propagation, function)
        let wanted = try forward.layout(dnnl_query_weights_md, dimensions: problem.weights, dataType: type)
        switch mode.weights {
        case .packed(let packed):
            let weights = try packedWeight(name, in: packed, scale: nil, dimensions: problem.weights, wanted: wanted)
            var constants = [Argument(index: DNNL_ARG_WEIGHTS, place: .constant(weights), layout: wanted)]
            if settings.hasBias {
                let values = try weight(name + ".bias").floats
                constants.append(try constant(DNNL_ARG_BIAS, name + ".bias", values, in: packed))
            }
            let result = newValue(try problem.output())
            emit(
                self.name(last), forward, [argument(DNNL_ARG_SRC, source), argument(DNNL_ARG_DST, result)] + constants)
            values[last] = try unfolded(result, like: index)
            done.insert(last)
        case .store(let store):
            try trainedLinear(index, problem, forward, wanted, source, store)
        }
    }

    private mutating func trainedLinear(
        _ index: Int, _ problem: LinearProblem, _ forward: Primitive, _ wanted: MemoryDescriptor, _ source: Value,
        _ store: ParameterStore
    ) throws {
        let name = problem.name
        let input = use.source(index)
        let parameters = try addLayer(
            name, shape: problem.weights, dimensions: problem.weights, hasBias: problem.settings.hasBias, in: store)
        let weightGradient = parameters.isTrained(in: store) ? try problem.backwardWeights(forward) : nil
        if let weightGradient {
            // As the weight-gradient primitive writes it.
            store.setLayout(
                try weightGradient.layout(dnnl_query_diff_weights_md, dimensions: problem.weights, dataType: dnnl_f32),
                of: parameters.weight)
        }
        let result = newValue(try problem.output())
        emit(
            name, forward,
            [
                argument(DNNL_ARG_SRC, source),
                try weightArgument(parameters.weight, wanted, in: store), argument(DNNL_ARG_DST, result),
            ] + parameters.biasArguments(in: store))
        values[index] = try unfolded(result, like: index)

        recipes[index] = { builder, gradient in
            let gradient = try builder.rows(gradient, type: problem.outputType, name: name)
            if let weightGradient {
                builder.emit(
                    name + " weights", weightGradient,
                    [builder.argument(DNNL_ARG_SRC, source), builder.argument(DNNL_ARG_DIFF_DST, gradient)]
                        + builder.gradientArguments(parameters, in: store))
            }
            guard builder.use.carries[input] else { return }
            let primitive = try problem.backwardData(forward)
            let wanted = try primitive.layout(
                dnnl_query_weights_md, dimensions: problem.weights, dataType: problem.type)
            let weights = try builder.weightArgument(parameters.weight, wanted, in: store)
            let result = builder.newValue(like: source)
            builder.emit(
                name + " data", primitive,
                [
                    builder.argument(DNNL_ARG_DIFF_DST, gradient), weights,
                    builder.argument(DNNL_ARG_DIFF_SRC, result),
                ])
            builder.addGradient(input, try builder.unfolded(result, like: input))
        }
    }
}

/// A linear layer as oneDNN sees it, with the primitives of its three passes; vectors, or positions, are rows.
private struct LinearProblem {
    let name: String
    let batch: Int
    let inputs: Int
    let settings: Linear
    let type: dnnl_data_type_t
    let outputType: dnnl_data_type_t

    var weights: [Int] { [settings.outputs, inputs] }
    private func source() throws -> MemoryDescriptor { try .plain([batch, inputs], type) }
    func output() throws -> MemoryDescriptor { try .plain([batch, settings.outputs], outputType) }
    private func anyWeights(_ type: dnnl_data_type_t) throws -> MemoryDescriptor {
        try MemoryDescriptor(weights, type, dnnl_format_tag_any)
    }
    private func bias() throws -> MemoryDescriptor? { settings.hasBias ? try .plain([settings.outputs]) : nil }

    func forward(_ propagation: dnnl_prop_kind_t, _ function: Activation?) throws -> Primitive {
        let postOps = function.map { [PostOp.activation($0)] } ?? []
        let (source, weights, bias, output) = (try source(), try anyWeights(type), try bias(), try output())
        return try Primitive("linear layer \(name)", postOps: postOps) { descriptor, engine, attribute in
            onednn_inner_product_forward(
                &descriptor, engine, propagation, source.handle, weights.handle, bias?.handle, output.handle,
                attribute)
        }
    }

    func backwardWeights(_ forward: Primitive) throws -> Primitive {
        let (source, weights, bias, output) = (try source(), try anyWeights(dnnl_f32), try bias(), try output())
        return try Primitive("linear layer \(name), weight gradient") { descriptor, engine, attribute in
            onednn_inner_product_backward_weights(
                &descriptor, engine, source.handle, weights.handle, bias?.handle, output.handle, forward.hint,
                attribute)
        }
    }

    func backwardData(_ forward: Primitive) throws -> Primitive {
        let (source, weights, output) = (try source(), try anyWeights(type), try output())
        return try Primitive("linear layer \(name), data gradient") { descriptor, engine, attribute in
            onednn_inner_product_backward_data(
                &descriptor, engine, source.handle, weights.handle, output.handle, forward.hint, attribute)
        }
    }
}

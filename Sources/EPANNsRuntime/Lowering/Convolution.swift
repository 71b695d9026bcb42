import COneDNN
import EPANNsCore
import EPANNsGraph

extension ProgramBuilder {
    /// A convolution; in inference with the batch norm, the residual sum and the activation behind it.
    mutating func convolution(_ index: Int, _ settings: Convolution) throws {
        switch mode.weights {
        case .store(let store): try trainedConvolution(index, settings, store)
        case .packed(let packed):
            var fusion = fusion(of: index)
            if try fusedConvolution(index, settings, fusion, packed) { return }
            // The sum could not be fused in the residual's layout: do without.
            fusion.residual = nil
            fusion.last = fusion.norm ?? index
            fusion.postOps = []
            guard try fusedConvolution(index, settings, fusion, packed) else {
                throw EPANNsError(.backendFailure, "oneDNN has no convolution for \(name(index)) (\(settings)).")
            }
        }
    }
}

// MARK: - Inference

extension ProgramBuilder {
    /// What a convolution takes along: its batch norm, residual sum, and activation.
    private struct Fusion {
        /// The last node whose result the primitive gives.
        var last: Int
        var norm: Int?
        /// The other summand's node.
        var residual: Int?
        var postOps: [PostOp] = []
    }

    private func fusion(of index: Int) -> Fusion {
        var fusion = Fusion(last: index)
        if let next = use.soleConsumer(index), case .batchNorm(let norm) = graph.nodes[next].operation,
            norm.axis == .channel
        {
            fusion.norm = next
            fusion.last = next
        }
        if let next = use.soleConsumer(fusion.last), case .add = graph.nodes[next].operation,
            graph.nodes[next].inputs.count == 2
        {
            let others = use.sources(next).filter { $0 != fusion.last }
            // In place: the residual's memory becomes the sum's, so nothing but the sum may read the residual from
            // here on, this convolution included.
            if others.count == 1, values[others[0]] != nil, isFree(others[0], from: index, except: next) {
                fusion.residual = others[0]
                fusion.postOps.append(.sum)
                fusion.last = next
            }
        }
        let (last, function) = fusedActivation(behind: fusion.last)
        if let function { fusion.postOps.append(.activation(function)) }
        fusion.last = last
        return fusion
    }

    /// Emits the primitive.
    ///
    /// - Returns: false when oneDNN has none for this combination.
    private mutating func fusedConvolution(
        _ index: Int, _ settings: Convolution, _ fusion: Fusion, _ packed: PackedWeights
    ) throws -> Bool {
        let residual = fusion.residual.map { value($0) }
        let affine = try fusion.norm.map { try self.affine(ofNorm: $0, width: settings.filters) }
        let bias = try foldedBias(name(index), settings, affine)
        var problem = ConvolutionProblem(
            self, index, settings,
            transposed: residual?.isTransposed ?? ConvolutionProblem.prefersTransposed(settings, shapes[index]),
            type: elementType(of: index), outputType: outputType(of: index, last: fusion.last), hasBias: bias != nil)
        guard let primitive = try primitive(&problem, index, settings, fusion, residual) else { return false }

        let source = try oriented(value(use.source(index)), transposed: problem.isTransposed)
        let arranged = try reordered(
            source, to: primitive.layout(dnnl_query_src_md, dimensions: problem.source, dataType: problem.type),
            name: problem.name)
        let wanted = try primitive.layout(
            dnnl_query_weights_md, dimensions: problem.weights, dataType: problem.type)
        let weights = try packedWeight(
            problem.name, in: packed, scale: affine?.scale, dimensions: problem.weights, wanted: wanted,
            swapsKernel: problem.isTransposed)
        var constants = [Argument(index: DNNL_ARG_WEIGHTS, place: .constant(weights), layout: wanted)]
        if let bias { constants.append(try constant(DNNL_ARG_BIAS, problem.name + " folded bias", bias, in: packed)) }
        let result =
            try residual
            ?? newValue(
                primitive.layout(dnnl_query_dst_md, dimensions: problem.output, dataType: problem.outputType),
                transposed: problem.isTransposed)
        emit(
            name(fusion.last), primitive,
            [argument(DNNL_ARG_SRC, arranged), argument(DNNL_ARG_DST, result)] + constants)
        if let norm = fusion.norm { done.insert(norm) }
        done.insert(fusion.last)
        // The sum in between, where an activation is the last.
        for next in use.consumers[fusion.norm ?? index] where next < fusion.last { done.insert(next) }
        values[fusion.last] = result
        return true
    }

    /// The first of some ways that oneDNN has: Winograd's, or one that writes the layout that Winograd's reads, or any.
    private func primitive(
        _ problem: inout ConvolutionProblem, _ index: Int, _ settings: Convolution, _ fusion: Fusion,
        _ residual: Value?
    ) throws -> Primitive? {
        let destination = try residual?.layout ?? problem.anyOutput()
        let propagation = mode.propagation
        if usesWinograd(index, settings) {
            problem.algorithm = dnnl_convolution_winograd
            if let found = try? problem.forward(propagation, to: destination, postOps: fusion.postOps) { return found }
            problem.algorithm = dnnl_convolution_direct
        } else if residual == nil, problem.type == dnnl_f32, feedsWinograd(fusion.last), settings.filters % 16 == 0 {
            // Written at once, it needs no reorder in between. A CPU without AVX-512 has only a slow loop for that
            // layout, and no Winograd either.
            let blocked = try MemoryDescriptor(problem.output, problem.outputType, dnnl_nChw16c)
            if let found = try? problem.forward(propagation, to: blocked, postOps: fusion.postOps),
                found.implementation.hasPrefix("jit:avx512")
            {
                return found
            }
        }
        return try? problem.forward(propagation, to: destination, postOps: fusion.postOps)
    }

    /// Whether the one reader of a node is a convolution by Winograd's algorithm.
    private func feedsWinograd(_ index: Int) -> Bool {
        guard let next = use.soleConsumer(index), case .convolution(let settings) = graph.nodes[next].operation else {
            return false
        }
        return usesWinograd(next, settings)
    }

    private func affine(ofNorm index: Int, width: Int) throws -> (scale: [Float], shift: [Float]) {
        guard case .batchNorm(let settings) = graph.nodes[index].operation else {
            preconditionFailure("\(name(index)) is not a batch norm")
        }
        return try affine(settings, name: name(index), width: width)
    }

    private func foldedBias(
        _ name: String, _ settings: Convolution, _ affine: (scale: [Float], shift: [Float])?
    ) throws -> [Float]? {
        let own = settings.hasBias ? try weight(name + ".bias", count: settings.filters).floats : nil
        guard let affine else { return own }
        guard let own else { return affine.shift }
        return zip(own, zip(affine.scale, affine.shift)).map { $0 * $1.0 + $1.1 }
    }
}

// MARK: - Training

extension ProgramBuilder {
    private mutating func trainedConvolution(_ index: Int, _ settings: Convolution, _ store: ParameterStore) throws {
        let input = use.source(index)
        let isWinograd = usesWinograd(index, settings)
        var problem = ConvolutionProblem(
            self, index, settings,
            transposed: !(isWinograd && mode.winograd?.keepsOrientation == true)
                && ConvolutionProblem.prefersTransposed(settings, shapes[index]),
            type: elementType(of: index), outputType: elementType(of: index), hasBias: settings.hasBias)
        let name = problem.name
        let parameters = try addLayer(
            name, shape: problem.weightShape, dimensions: problem.weights, transposed: problem.isTransposed,
            hasBias: settings.hasBias, in: store)
        var found: Primitive?
        if isWinograd {
            problem.algorithm = dnnl_convolution_winograd
            found = try? problem.forward(mode.propagation, to: problem.anyOutput())
            if found == nil { problem.algorithm = dnnl_convolution_direct }
        }
        let forward = try found ?? problem.forward(mode.propagation, to: problem.anyOutput())
        let type = problem.type
        let sourceLayout = try forward.layout(dnnl_query_src_md, dimensions: problem.source, dataType: type)
        let outputLayout = try forward.layout(dnnl_query_dst_md, dimensions: problem.output, dataType: type)
        let wanted = try forward.layout(dnnl_query_weights_md, dimensions: problem.weights, dataType: type)
        let source = try reordered(
            oriented(value(input), transposed: problem.isTransposed), to: sourceLayout, name: name)

        // Backward primitives come first: the weight's layout is what its gradient comes in.
        var weightGradient: Primitive?
        if parameters.isTrained(in: store) {
            let made = try problem.backwardWeights(sourceLayout, outputLayout, hint: forward)
            store.setLayout(
                try made.layout(dnnl_query_diff_weights_md, dimensions: problem.weights, dataType: dnnl_f32),
                of: parameters.weight)
            weightGradient = made
        }
        let dataGradient =
            use.carries[input] ? try problem.backwardData(sourceLayout, outputLayout, hint: forward) : nil

        let result = newValue(outputLayout, transposed: problem.isTransposed)
        emit(
            name, forward,
            [
                argument(DNNL_ARG_SRC, source), try weightArgument(parameters.weight, wanted, in: store),
                argument(DNNL_ARG_DST, result),
            ] + parameters.biasArguments(in: store))
        values[index] = result
        recipes[index] = { [problem, weightGradient] builder, gradient in
            let gradient = try builder.oriented(gradient, transposed: problem.isTransposed)
            func arranged(_ primitive: Primitive) throws -> Argument {
                let wanted = try primitive.layout(
                    dnnl_query_diff_dst_md, dimensions: problem.output, dataType: type)
                return builder.argument(
                    DNNL_ARG_DIFF_DST, try builder.reordered(gradient, to: wanted, name: name))
            }
            if let weightGradient {
                let output = try arranged(weightGradient)
                let wanted = try weightGradient.layout(
                    dnnl_query_src_md, dimensions: problem.source, dataType: type)
                let source = try builder.reordered(source, to: wanted, name: name)
                builder.emit(
                    name + " weights", weightGradient,
                    [builder.argument(DNNL_ARG_SRC, source), output]
                        + builder.gradientArguments(parameters, in: store))
            }
            guard let dataGradient else { return }
            let output = try arranged(dataGradient)
            let wanted = try dataGradient.layout(
                dnnl_query_weights_md, dimensions: problem.weights, dataType: type)
            let weights = try builder.weightArgument(parameters.weight, wanted, in: store)
            let result = builder.newValue(
                try dataGradient.layout(dnnl_query_diff_src_md, dimensions: problem.source, dataType: type),
                transposed: problem.isTransposed)
            builder.emit(name + " data", dataGradient, [output, weights, builder.argument(DNNL_ARG_DIFF_SRC, result)])
            builder.addGradient(input, result)
        }
    }
}

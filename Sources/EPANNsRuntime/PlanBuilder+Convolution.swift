import COneDNN
import EPANNsCore
import EPANNsGraph

extension PlanBuilder {
    /// What a convolution takes along: its batch norm, activation, and residual sum.
    struct ConvolutionFusion {
        /// The last node whose result the primitive gives.
        var last: Int
        var norm: Int?
        /// The other summand's node.
        var residual: Int?
        var postOps: [PostOp] = []
    }

    mutating func convolution(_ index: Int, _ settings: Convolution) throws {
        let fusion = fusion(of: index, settings)
        if try convolve(index, settings, fusion) { return }
        // The sum could not be fused in the residual's layout: do without.
        var plain = fusion
        plain.residual = nil
        plain.last = fusion.norm ?? index
        plain.postOps = []
        guard try convolve(index, settings, plain) else {
            throw EPANNsError(
                .backendFailure, "oneDNN has no convolution for \(graph.nodes[index].name) (\(settings)).")
        }
    }

    private func fusion(of index: Int, _ settings: Convolution) -> ConvolutionFusion {
        var fusion = ConvolutionFusion(last: index)
        if let next = soleConsumer(index), case .batchNorm(let norm) = graph.nodes[next].operation,
            norm.axis == .channel
        {
            fusion.norm = next
            fusion.last = next
        }
        if let next = soleConsumer(fusion.last), case .add = graph.nodes[next].operation,
            graph.nodes[next].inputs.count == 2
        {
            let others = graph.nodes[next].inputs.map { aliases[$0] }.filter { $0 != fusion.last }
            // In place: the residual's memory becomes the sum's, so nothing but the sum may read the residual from
            // here on, this convolution included.
            if others.count == 1, values[others[0]] != nil, isFree(others[0], from: index, except: next) {
                fusion.residual = others[0]
                fusion.postOps.append(.sum)
                fusion.last = next
            }
        }
        if let next = soleConsumer(fusion.last), case .activation(let function) = graph.nodes[next].operation {
            fusion.postOps.append(.activation(function))
            fusion.last = next
        }
        return fusion
    }

    /// Emits the primitive.
    ///
    /// - Returns: false when oneDNN has none for this combination.
    private mutating func convolve(_ index: Int, _ settings: Convolution, _ fusion: ConvolutionFusion) throws -> Bool {
        let node = graph.nodes[index]
        let inputShape = shapes[aliases[node.inputs[0]]]
        let outputShape = shapes[index]
        let residual = fusion.residual.flatMap { values[$0] }
        let transposed = residual?.isTransposed ?? prefersTransposed(outputShape, settings)
        let source = try oriented(input(node), transposed: transposed)

        func axes(_ values: [Int], fill: Int) -> [Int] {
            let full = values.count == 1 ? [values[0], fill] : values
            return transposed ? full.reversed() : full
        }
        let kernel = axes(settings.kernel, fill: 1)
        let groups = settings.groups
        var weightDimensions = [settings.filters / groups, inputShape.channels / groups] + kernel
        if groups > 1 {
            weightDimensions.insert(groups, at: 0)
        }

        let affine = try fusion.norm.map { try self.norm($0) }
        let bias = try bias(node.name, settings, affine)
        let elementType = elementType(of: index)
        let outputType = elementType == dnnl_bf16 ? self.outputType(of: fusion.last) : dnnl_f32

        let sourceDimensions = dimensions(inputShape, transposed: transposed)
        let outputDimensions = dimensions(outputShape, transposed: transposed)
        let anySource = try MemoryDescriptor(sourceDimensions, elementType, dnnl_format_tag_any)
        let anyWeights = try MemoryDescriptor(weightDimensions, elementType, dnnl_format_tag_any)
        let biasLayout = try MemoryDescriptor([settings.filters], dnnl_f32, dnnl_a)
        let destination =
            try residual?.layout ?? MemoryDescriptor(outputDimensions, outputType, dnnl_format_tag_any)
        let padding = axes(settings.padding, fill: 0).map(Int64.init)
        let strides = axes(settings.stride, fill: 1).map(Int64.init)
        let dilates = axes(settings.dilation, fill: 1).map { Int64($0 - 1) }
        let engine = engine

        var choices = [(algorithm: dnnl_convolution_direct, destination: destination)]
        if elementType == dnnl_f32, usesWinograd(settings, inputShape, outputShape) {
            choices.insert((dnnl_convolution_winograd, destination), at: 0)
        } else if residual == nil, elementType == dnnl_f32, feedsWinograd(fusion.last), settings.filters % 16 == 0 {
            // The layout of oneDNN's Winograd: written at once, it needs no reorder in between.
            let blocked = try MemoryDescriptor(outputDimensions, outputType, dnnl_nChw16c)
            choices.insert((dnnl_convolution_direct, blocked), at: 0)
        }
        var primitive: Primitive?
        for choice in choices where primitive == nil {
            primitive = try? Primitive("convolution \(node.name)", postOps: fusion.postOps) { descriptor, attribute in
                onednn_convolution_forward(
                    &descriptor, engine.handle, dnnl_forward_inference, choice.algorithm, anySource.handle,
                    anyWeights.handle, bias == nil ? nil : biasLayout.handle, choice.destination.handle, strides,
                    dilates, padding, padding, attribute)
            }
            // A CPU without AVX-512 has only a slow loop for that layout, and no Winograd either.
            if choice.destination !== destination, primitive?.implementation.hasPrefix("jit:avx512") != true {
                primitive = nil
            }
        }
        guard let primitive else { return false }

        let wantedSource = try primitive.layout(dnnl_query_src_md, dimensions: sourceDimensions, dataType: elementType)
        let wantedWeights = try primitive.layout(
            dnnl_query_weights_md, dimensions: weightDimensions, dataType: elementType)
        let arranged = try reordered(source, to: wantedSource, name: node.name)
        let constant = try packedWeight(
            node.name, scale: affine?.scale, dimensions: weightDimensions, wanted: wantedWeights,
            swapsKernel: transposed)
        var constants = [
            PlanArgument(index: DNNL_ARG_WEIGHTS, source: .constant(constant), layout: wantedWeights)
        ]
        if let bias {
            let tensor = try self.constant(node.name + " folded bias", bias, as: biasLayout)
            constants.append(PlanArgument(index: DNNL_ARG_BIAS, source: .constant(tensor), layout: biasLayout))
        }
        let result: Value
        if let residual {
            result = residual
        } else {
            let layout = try primitive.layout(
                dnnl_query_dst_md, dimensions: outputDimensions, dataType: outputType)
            result = Value(buffer: newBuffer(layout), layout: layout, isTransposed: transposed)
        }
        emit(
            graph.nodes[fusion.last].name, primitive, source: arranged, as: wantedSource, to: result,
            constants: constants)
        if let norm = fusion.norm { markFused(norm) }
        markFused(fusion.last)
        for next in consumers[fusion.norm ?? index] where next < fusion.last { markFused(next) }
        values[fusion.last] = result
        return true
    }

    private func norm(_ index: Int) throws -> (scale: [Float], shift: [Float]) {
        guard case .batchNorm(let settings) = graph.nodes[index].operation else {
            preconditionFailure("\(graph.nodes[index].name) is no batch norm")
        }
        return try affine(settings, name: graph.nodes[index].name)
    }

    private func bias(
        _ name: String, _ settings: Convolution, _ affine: (scale: [Float], shift: [Float])?
    ) throws -> [Float]? {
        let own = settings.hasBias ? try weight(name + ".bias").floats : nil
        guard let affine else { return own }
        guard let own else { return affine.shift }
        return zip(own, zip(affine.scale, affine.shift)).map { $0 * $1.0 + $1.1 }
    }

    private func prefersTransposed(_ output: Shape, _ settings: Convolution) -> Bool {
        guard output.spatial.count == 2, settings.kernel.contains(where: { $0 > 1 }) else {
            return output.spatial.count == 1
        }
        // Measured on AVX-512 for maps of 62×4 and 31×2 (see Benchmarks): 1.5 to 4 times faster.
        return output.spatial[1] <= 4 && output.spatial[0] > output.spatial[1]
    }

    /// Whether the one reader of a node is a convolution by Winograd's algorithm.
    private func feedsWinograd(_ index: Int) -> Bool {
        guard let next = soleConsumer(index), case .convolution(let settings) = graph.nodes[next].operation else {
            return false
        }
        return elementType(of: next) == dnnl_f32 && usesWinograd(settings, shapes[index], shapes[next])
    }

    /// Whether Winograd's F(4×4, 3×3) is worth it: a quarter of the multiplications, four times the weights' memory.
    ///
    /// oneDNN's pads the input to 16 channels: on the single one of a spectrogram it takes ten times as long as a
    /// direct convolution (measured on Zen 4, see Benchmarks).
    private func usesWinograd(_ settings: Convolution, _ input: Shape, _ output: Shape) -> Bool {
        let transformedByteCount = settings.filters * input.channels * 36 * 4
        return allowsWinograd && settings.kernel == [3, 3] && settings.stride == [1, 1]
            && settings.dilation == [1, 1] && settings.groups == 1 && input.channels > 1
            && output.spatial.allSatisfy { $0 >= 4 }
            && transformedByteCount <= 48 << 20
    }
}

import COneDNN
import EPANNsCore
import EPANNsGraph

extension ProgramBuilder {
    /// A normalisation that no convolution has taken along.
    ///
    /// One primitive for both modes and all axes: oneDNN 3.12 gives wrong numbers for a product and a sum that are
    /// broadcast along the height in one step.
    mutating func batchNorm(_ index: Int, _ settings: BatchNorm) throws {
        if try isFoldedIntoInput(index, settings) { return }
        let name = name(index)
        let input = use.source(index)
        let width = shapes[index].extent(of: settings.axis)
        let original = value(input)
        guard settings.axis == .channel || original.layout.dimensions.count == 4 else {
            throw EPANNsError(.invalidConfiguration, "\(name): a vector can be normalised over its channels only.")
        }
        let source = settings.axis == .channel ? original : try plain(original, name: name)
        let data = try normLayout(source.layout, settings.axis)
        let count = data.dimensions.reduce(1, *) / width
        let norm = try normArguments(index, settings, width: width, count: count)

        // A ReLU comes for free, in training with one bit per element for the backward pass.
        var last = index
        if settings.axis == .channel, let next = use.soleConsumer(index),
            case .activation(.relu) = graph.nodes[next].operation
        {
            last = next
        }
        var flags = dnnl_use_scale.rawValue | dnnl_use_shift.rawValue
        if norm.isFixed { flags |= dnnl_use_global_stats.rawValue }
        if last != index { flags |= dnnl_fuse_norm_relu.rawValue }
        let propagation = mode.propagation
        let forward = try Primitive("batch norm \(name)") { descriptor, engine, attribute in
            onednn_batch_norm_forward(
                &descriptor, engine, propagation, data.handle, settings.epsilon, flags, attribute)
        }
        let result = newValue(like: source)
        var shared = [norm.scale] + norm.statistics
        if mode.isTraining, last != index {
            let mask = try forward.layout(dnnl_query_workspace_md, dimensions: [], dataType: dnnl_u8)
            shared.append(argument(DNNL_ARG_WORKSPACE, newValue(mask)))
        }
        emit(
            self.name(last), forward,
            shared + [
                norm.shift, argument(DNNL_ARG_SRC, source, as: data), argument(DNNL_ARG_DST, result, as: data),
            ])
        values[last] = result
        done.insert(last)
        guard let parameters = norm.parameters else { return }
        if !norm.isFixed { emitRunningStatistics(name, norm, parameters, momentum: settings.momentum, count: count) }

        let backward = try Primitive("batch norm \(name), backward") { descriptor, engine, attribute in
            onednn_batch_norm_backward(
                &descriptor, engine, data.handle, data.handle, settings.epsilon, flags, forward.hint, attribute)
        }
        if onednn_batch_norm_backward_takes_shift() != 0 { shared.append(norm.shift) }
        recipes[index] = { [shared] builder, gradient in
            let arranged = try builder.arranged(gradient, like: source, name: name)
            let difference = builder.newValue(like: source)
            builder.emit(
                name, backward,
                shared + [
                    builder.argument(DNNL_ARG_SRC, source, as: data),
                    builder.argument(DNNL_ARG_DIFF_DST, arranged, as: data),
                    builder.argument(DNNL_ARG_DIFF_SRC, difference, as: data),
                    builder.gradientArgument(DNNL_ARG_DIFF_SCALE, parameters.scale, in: parameters.store),
                    builder.gradientArgument(DNNL_ARG_DIFF_SHIFT, parameters.shift, in: parameters.store),
                ])
            builder.addGradient(
                input,
                settings.axis == .channel ? difference : try builder.arranged(difference, like: original, name: name))
        }
        if last != index {
            recipes[last] = { builder, gradient in builder.addGradient(index, gradient) }
        }
    }

    /// In inference a norm over mel right behind the spectrogram costs nothing: it is applied while the input is copied in.
    private mutating func isFoldedIntoInput(_ index: Int, _ settings: BatchNorm) throws -> Bool {
        guard !mode.isTraining, settings.axis == .width, index == use.spectrogramStage else { return false }
        let affine = try affine(settings, name: name(index), width: shapes[index].extent(of: .width))
        inputAffines[use.source(index)] = ProgramInput.Affine(scale: affine.scale, shift: affine.shift)
        values[index] = value(use.source(index))
        return true
    }

    /// What a batch norm does with its stored statistics: `x · scale + shift`.
    func affine(_ norm: BatchNorm, name: String, width: Int) throws -> (scale: [Float], shift: [Float]) {
        let gamma = try weight(name + ".weight", count: width).floats
        let beta = try weight(name + ".bias", count: width).floats
        let mean = try weight(name + ".running_mean", count: width).floats
        let variance = try weight(name + ".running_var", count: width).floats
        var scale = gamma
        var shift = beta
        for index in gamma.indices {
            // In double precision: folding must not cost accuracy.
            let factor = Double(gamma[index]) / (Double(variance[index]) + Double(norm.epsilon)).squareRoot()
            scale[index] = Float(factor)
            shift[index] = Float(Double(beta[index]) - Double(mean[index]) * factor)
        }
        return (scale, shift)
    }

    /// The memory as the primitive sees it: what has statistics of its own is oneDNN's channels, by renaming the extents
    /// of row-major memory.
    private func normLayout(_ layout: MemoryDescriptor, _ axis: Axis) throws -> MemoryDescriptor {
        let extents = layout.dimensions
        switch axis {
        case .channel: return layout
        case .height: return try .plain([extents[0] * extents[1], extents[2], extents[3], 1], layout.dataType)
        case .width:
            return try MemoryDescriptor(
                [1, extents[3], extents[0] * extents[1] * extents[2], 1], layout.dataType, dnnl_nhwc)
        }
    }
}

// MARK: Weights and statistics

extension ProgramBuilder {
    private struct NormArguments {
        /// What training changes.
        struct Parameters {
            var store: ParameterStore
            var scale: Int
            var shift: Int
            var mean: UnsafeMutableBufferPointer<Float>
            var variance: UnsafeMutableBufferPointer<Float>
        }

        var scale: Argument
        var shift: Argument
        /// Mean and variance.
        var statistics: [Argument]
        /// Whether the statistics are given rather than the batch's.
        var isFixed: Bool
        var parameters: Parameters?
    }

    private mutating func normArguments(
        _ index: Int, _ settings: BatchNorm, width: Int, count: Int
    ) throws -> NormArguments {
        let name = name(index)
        let vector = try MemoryDescriptor.plain([width])
        func stored(_ suffix: String) throws -> [Float] { try weight(name + suffix, count: width).floats }
        switch mode.weights {
        case .packed(let packed):
            func constant(_ index: Int32, _ suffix: String) throws -> Argument {
                try self.constant(index, name + suffix, stored(suffix), in: packed)
            }
            return NormArguments(
                scale: try constant(DNNL_ARG_SCALE, ".weight"), shift: try constant(DNNL_ARG_SHIFT, ".bias"),
                statistics: [
                    try constant(DNNL_ARG_MEAN, ".running_mean"), try constant(DNNL_ARG_VARIANCE, ".running_var"),
                ],
                isFixed: true)
        case .store(let store):
            let scale = try addParameter(name + ".weight", shape: [width], dimensions: [width], in: store)
            let shift = try addParameter(name + ".bias", shape: [width], dimensions: [width], in: store)
            let mean = store.addStatistic(name + ".running_mean", try stored(".running_mean"))
            let variance = store.addStatistic(name + ".running_var", try stored(".running_var"))
            if let counter = weights[name + ".num_batches_tracked"] {
                store.setCounter(name + ".num_batches_tracked", counter.doubles.first.map { Int($0) } ?? 0)
            }
            let isFixed = mode.keepsStatistics(name)
            guard isFixed || count > 1 else {
                throw EPANNsError(
                    .invalidConfiguration,
                    "\(name) would normalise over one value; use a batch of two clips or more, or longer clips.")
            }
            let statistics = [(DNNL_ARG_MEAN, mean), (DNNL_ARG_VARIANCE, variance)].map { index, values in
                isFixed
                    ? Argument(index: index, place: .fixed(values.baseAddress), layout: vector)
                    : argument(index, newValue(vector))
            }
            return NormArguments(
                scale: Argument(index: DNNL_ARG_SCALE, place: .weight(scale), layout: vector),
                shift: Argument(index: DNNL_ARG_SHIFT, place: .weight(shift), layout: vector),
                statistics: statistics, isFixed: isFixed,
                parameters: .init(store: store, scale: scale, shift: shift, mean: mean, variance: variance))
        }
    }

    /// PyTorch's running statistics: the batch's mean and unbiased variance, with weight `momentum`.
    private mutating func emitRunningStatistics(
        _ name: String, _ norm: NormArguments, _ parameters: NormArguments.Parameters, momentum: Float, count: Int
    ) {
        let buffers = norm.statistics.compactMap { argument -> Int? in
            if case .buffer(let index) = argument.place { return index }
            return nil
        }
        let unbiased = Float(Double(count) / Double(count - 1))
        let width = norm.scale.layout.dimensions[0]
        let (store, mean, variance) = (parameters.store, parameters.mean, parameters.variance)
        emit(name + " statistics", buffers: buffers) { context in
            let batchMean = context.floats(buffers[0])
            let batchVariance = context.floats(buffers[1])
            for entry in 0..<width {
                mean[entry] = (1 - momentum) * mean[entry] + momentum * batchMean[entry]
                variance[entry] = (1 - momentum) * variance[entry] + momentum * (batchVariance[entry] * unbiased)
            }
            store.countBatch(name + ".num_batches_tracked")
        }
    }
}

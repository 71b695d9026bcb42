import COneDNN
import EPANNsCore
import EPANNsGraph

extension PlanBuilder {
    /// A tensor of the checkpoint.
    func weight(_ name: String) throws -> Tensor {
        guard let tensor = weights[name] else {
            throw EPANNsError(.checkpointMismatch, "The weights hold no \(name).")
        }
        return tensor
    }

    private func mismatch(_ name: String) -> EPANNsError {
        EPANNsError(
            .checkpointMismatch, "\(name) has another size than the network; do the weights belong to this graph?")
    }

    /// What a batch norm does with its stored statistics: `x · scale + shift`.
    func affine(_ norm: BatchNorm, name: String) throws -> (scale: [Float], shift: [Float]) {
        let gamma = try weight(name + ".weight").floats
        let beta = try weight(name + ".bias").floats
        let mean = try weight(name + ".running_mean").floats
        let variance = try weight(name + ".running_var").floats
        guard gamma.count == beta.count, gamma.count == mean.count, gamma.count == variance.count else {
            throw mismatch(name + ".weight")
        }
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

    /// A vector of Float32 as a constant argument.
    func constant(_ key: String, _ values: [Float], as layout: MemoryDescriptor) throws -> PackedTensor {
        guard values.count * MemoryLayout<Float>.stride == layout.byteCount else { throw mismatch(key) }
        return try packed.tensor(key, layout) { tensor in
            values.withUnsafeBytes { tensor.bytes.copyMemory(from: $0) }
        }
    }

    /// A weight in the layout that a primitive wants, each filter scaled by the folded norm.
    ///
    /// - Parameters:
    ///   - dimensions: Extents as the primitive sees them; the last two are the kernel of a convolution.
    ///   - swapsKernel: Whether the primitive sees the kernel's height as its width.
    func packedWeight(
        _ name: String, scale: [Float]?, dimensions: [Int], wanted: MemoryDescriptor, swapsKernel: Bool = false
    ) throws -> PackedTensor {
        let source = try weight(name + ".weight")
        let engine = engine
        let plain = try MemoryDescriptor.plain(dimensions)
        guard source.count == dimensions.reduce(1, *), scale.map({ $0.count == source.shape.first }) ?? true else {
            throw mismatch(name + ".weight")
        }
        return try packed.tensor(name + ".weight" + (swapsKernel ? " swapped" : ""), wanted) { destination in
            defer { source.releaseForNow() }
            try source.withFloats { elements in
                let kernel = swapsKernel ? Array(dimensions.suffix(2)) : [1, 1]
                let isRounded = wanted.dataType == dnnl_bf16
                guard scale != nil || kernel != [1, 1] || isRounded else {
                    return try Self.reorder(elements, plain, destination, engine)
                }
                let arranged = Self.arranged(
                    elements, scale: scale, filterCount: source.shape[0], kernel: kernel, isRounded: isRounded)
                try arranged.withUnsafeBufferPointer { try Self.reorder($0, plain, destination, engine) }
            }
        }
    }

    /// Scales each filter and swaps the axes of each kernel.
    ///
    /// oneDNN has no reorder for permuted kernels, and scaling
    /// copies anyway.
    private static func arranged(
        _ elements: UnsafeBufferPointer<Float>, scale: [Float]?, filterCount: Int, kernel: [Int],
        isRounded: Bool
    ) -> [Float] {
        let filterSize = elements.count / filterCount
        let kernelSize = kernel[0] * kernel[1]
        return [Float](unsafeUninitializedCapacity: elements.count) { buffer, count in
            count = elements.count
            for filter in 0..<filterCount {
                let factor = scale?[filter] ?? 1
                let range = filter * filterSize..<(filter + 1) * filterSize
                if kernelSize == 1 {
                    for index in range { buffer[index] = elements[index] * factor }
                } else {
                    for start in stride(from: range.lowerBound, to: range.upperBound, by: kernelSize) {
                        for row in 0..<kernel[0] {
                            for column in 0..<kernel[1] {
                                buffer[start + row * kernel[1] + column] =
                                    elements[start + column * kernel[0] + row] * factor
                            }
                        }
                    }
                }
            }
            if isRounded {
                DiffusedRounding.apply(UnsafeMutableBufferPointer(rebasing: buffer[..<count]), filterSize: filterSize)
            }
        }
    }

    private static func reorder(
        _ elements: UnsafeBufferPointer<Float>, _ plain: MemoryDescriptor, _ destination: PackedTensor,
        _ engine: Engine
    ) throws {
        let primitive = try Primitive("a reorder of weights") { descriptor, attribute in
            onednn_reorder(&descriptor, engine.handle, plain.handle, destination.layout.handle, attribute)
        }
        // A one-step plan: the source lies outside any arena, so it is wrapped as a constant without ownership.
        try OneShot.run(
            primitive, engine: engine,
            [
                (DNNL_ARG_FROM, plain, UnsafeMutableRawPointer(mutating: elements.baseAddress)),
                (DNNL_ARG_TO, destination.layout, destination.bytes.baseAddress),
            ])
    }
}

/// Runs a primitive once on memory that the caller keeps alive.
enum OneShot {
    static func run(
        _ primitive: Primitive, engine: Engine,
        _ arguments: [(index: Int32, layout: MemoryDescriptor, address: UnsafeMutableRawPointer?)]
    ) throws {
        var stream: dnnl_stream_t?
        let flags = UInt32(dnnl_stream_default_flags.rawValue)
        try check(dnnl_stream_create(&stream, engine.handle, flags), "dnnl_stream_create")
        guard let stream else { throw EPANNsError(.backendFailure, "oneDNN gave no stream.") }
        var list: [dnnl_exec_arg_t] = []
        let scratch = UnsafeMutableRawPointer.allocate(
            byteCount: max(primitive.scratchpad?.byteCount ?? 0, 64), alignment: 64)
        defer {
            for argument in list { dnnl_memory_destroy(argument.memory) }
            dnnl_stream_destroy(stream)
            scratch.deallocate()
        }
        var all = arguments
        if let layout = primitive.scratchpad { all.append((DNNL_ARG_SCRATCHPAD, layout, scratch)) }
        for argument in all {
            var memory: dnnl_memory_t?
            try check(
                onednn_memory_create(&memory, argument.layout.handle, engine.handle, argument.address),
                "dnnl_memory_create")
            list.append(dnnl_exec_arg_t(arg: argument.index, memory: memory))
        }
        try list.withUnsafeBufferPointer { try primitive.execute(stream, $0) }
        try check(dnnl_stream_wait(stream), "dnnl_stream_wait")
    }
}

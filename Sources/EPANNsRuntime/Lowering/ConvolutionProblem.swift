import COneDNN
import EPANNsCore
import EPANNsGraph

/// A convolution as oneDNN sees it: extents, steps, and the primitives of its three passes.
///
/// One-dimensional maps are columns, or rows where height and width change places.
struct ConvolutionProblem {
    let name: String
    let isTransposed: Bool
    let source: [Int]
    let output: [Int]
    let weights: [Int]
    /// PyTorch's shape of the weights.
    let weightShape: [Int]
    /// Element type of source and weights.
    let type: dnnl_data_type_t
    let outputType: dnnl_data_type_t
    let hasBias: Bool
    /// Winograd's where it pays and oneDNN has it.
    var algorithm = dnnl_convolution_direct
    private let strides: [Int64]
    private let dilates: [Int64]
    private let padding: [Int64]

    init(
        _ builder: ProgramBuilder, _ index: Int, _ settings: Convolution, transposed: Bool,
        type: dnnl_data_type_t, outputType: dnnl_data_type_t, hasBias: Bool
    ) {
        func axes(_ values: [Int], fill: Int) -> [Int] { builder.axes(values, fill: fill, transposed: transposed) }
        let input = builder.use.source(index)
        let channels = builder.shapes[input].channels
        let groups = settings.groups
        name = builder.name(index)
        isTransposed = transposed
        source = builder.dimensions(input, batch: builder.batch(index), transposed: transposed)
        output = builder.dimensions(index, transposed: transposed)
        weights =
            (groups > 1 ? [groups] : []) + [settings.filters / groups, channels / groups]
            + axes(settings.kernel, fill: 1)
        weightShape = [settings.filters, channels / groups] + (settings.isStoredAsMatrix ? [] : settings.kernel)
        self.type = type
        self.outputType = outputType
        self.hasBias = hasBias
        strides = axes(settings.stride, fill: 1).map(Int64.init)
        dilates = axes(settings.dilation, fill: 1).map { Int64($0 - 1) }
        padding = axes(settings.padding, fill: 0).map(Int64.init)
    }

    /// Whether height and width change places: oneDNN's direct kernels run along the width, and a narrow map wastes them.
    ///
    /// Measured on AVX-512 (see Benchmarks): maps of 62×4 and 31×2 take a fraction of the time, their weight gradients
    /// half of it.
    static func prefersTransposed(_ settings: Convolution, _ output: Shape) -> Bool {
        guard output.spatial.count == 2, settings.kernel.contains(where: { $0 > 1 }) else {
            return output.spatial.count == 1
        }
        return output.spatial[1] <= 4 && output.spatial[0] > output.spatial[1]
    }

    // MARK: Layouts

    func anySource() throws -> MemoryDescriptor { try MemoryDescriptor(source, type, dnnl_format_tag_any) }
    func anyOutput() throws -> MemoryDescriptor { try MemoryDescriptor(output, outputType, dnnl_format_tag_any) }

    private func anyWeights(_ type: dnnl_data_type_t) throws -> MemoryDescriptor {
        try MemoryDescriptor(weights, type, dnnl_format_tag_any)
    }

    private func bias() throws -> MemoryDescriptor? { hasBias ? try .plain([output[1]]) : nil }

    // MARK: Primitives

    func forward(
        _ propagation: dnnl_prop_kind_t, to destination: MemoryDescriptor, postOps: [PostOp] = []
    ) throws -> Primitive {
        let (source, weights, bias) = (try anySource(), try anyWeights(type), try bias())
        return try Primitive("convolution \(name)", postOps: postOps) { descriptor, engine, attribute in
            onednn_convolution_forward(
                &descriptor, engine, propagation, algorithm, source.handle, weights.handle, bias?.handle,
                destination.handle, strides, dilates, padding, padding, attribute)
        }
    }

    func backwardWeights(
        _ source: MemoryDescriptor, _ output: MemoryDescriptor, hint: Primitive
    ) throws -> Primitive {
        let (weights, bias) = (try anyWeights(dnnl_f32), try bias())
        return try preferred(source, output) { source, output in
            try Primitive("convolution \(name), weight gradient") { descriptor, engine, attribute in
                onednn_convolution_backward_weights(
                    &descriptor, engine, algorithm, source.handle, weights.handle, bias?.handle, output.handle,
                    strides, dilates, padding, padding, hint.hint, attribute)
            }
        }
    }

    func backwardData(
        _ source: MemoryDescriptor, _ output: MemoryDescriptor, hint: Primitive
    ) throws -> Primitive {
        let weights = try anyWeights(type)
        return try preferred(source, output) { source, output in
            try Primitive("convolution \(name), data gradient") { descriptor, engine, attribute in
                onednn_convolution_backward_data(
                    &descriptor, engine, algorithm, source.handle, weights.handle, output.handle, strides, dilates,
                    padding, padding, hint.hint, attribute)
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
        let free = try? make(source.open(), output.open())
        if let primitive = free ?? direct { return primitive }
        return try make(source, output)
    }
}

extension ProgramBuilder {
    /// Whether a convolution is done by Winograd's algorithm, if oneDNN has it for the layer.
    func usesWinograd(_ index: Int, _ settings: Convolution) -> Bool {
        guard let winograd = mode.winograd, elementType(of: index) == dnnl_f32 else { return false }
        let inputs = shapes[use.source(index)].channels
        return settings.kernel == [3, 3] && settings.stride == [1, 1] && settings.dilation == [1, 1]
            && settings.groups == 1 && inputs >= winograd.minimumInputs && settings.filters >= winograd.minimumFilters
            && shapes[index].spatial.allSatisfy { $0 >= winograd.minimumExtent }
            && settings.filters * inputs * 36 * 4 <= winograd.weightByteLimit
    }
}

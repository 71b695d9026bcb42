import COneDNN
import EPANNsGraph

extension ProgramBuilder {
    /// Pooling over a sliding window.
    mutating func pool(_ index: Int, _ settings: Pool) throws {
        let input = use.source(index)
        let source = value(input)
        func axes(_ values: [Int], fill: Int) -> [Int] {
            self.axes(values, fill: fill, transposed: source.isTransposed)
        }
        let pooling = try makePooling(
            name(index), source, settings.reduction, kernel: axes(settings.kernel, fill: 1),
            stride: axes(settings.stride, fill: 1), padding: axes(settings.padding, fill: 0))
        values[index] = pooling.result
        recipes[index] = { builder, gradient in
            builder.addGradient(input, try pooling.backward(&builder, gradient))
        }
    }

    /// A pooling and its backward pass.
    struct Pooling {
        var result: Value
        var backward: (inout ProgramBuilder, Value) throws -> Value
    }

    /// Pools a map; the settings are in oneDNN's order of axes.
    mutating func makePooling(
        _ name: String, _ source: Value, _ reduction: Reduction, kernel: [Int], stride: [Int], padding: [Int]
    ) throws -> Pooling {
        let extents = source.layout.dimensions
        func length(_ axis: Int) -> Int { (extents[2 + axis] + 2 * padding[axis] - kernel[axis]) / stride[axis] + 1 }
        let output = [extents[0], extents[1], length(0), length(1)]
        let type = source.layout.dataType
        let any = try MemoryDescriptor(output, type, dnnl_format_tag_any)
        let algorithm =
            switch reduction {
            case .mean: dnnl_pooling_avg_include_padding
            case .max: dnnl_pooling_max
            }
        let (strides, window, pads) = (stride.map(Int64.init), kernel.map(Int64.init), padding.map(Int64.init))
        let propagation = mode.propagation
        let forward = try Primitive("pooling \(name)") { descriptor, engine, attribute in
            onednn_pooling_forward(
                &descriptor, engine, propagation, algorithm, source.layout.handle, any.handle, strides, window, pads,
                pads, attribute)
        }
        let layout = try forward.layout(dnnl_query_dst_md, dimensions: output, dataType: type)
        let result = newValue(layout, transposed: source.isTransposed)
        var shared: [Argument] = []
        if mode.isTraining, reduction == .max {
            // Which element each maximum was.
            let places = try forward.layout(dnnl_query_workspace_md, dimensions: [], dataType: dnnl_u8)
            shared.append(argument(DNNL_ARG_WORKSPACE, newValue(places)))
        }
        emit(name, forward, shared + [argument(DNNL_ARG_SRC, source), argument(DNNL_ARG_DST, result)])
        return Pooling(result: result) { [shared] builder, gradient in
            let backward = try Primitive("pooling \(name), backward") { descriptor, engine, attribute in
                onednn_pooling_backward(
                    &descriptor, engine, algorithm, source.layout.handle, layout.handle, strides, window, pads, pads,
                    forward.hint, attribute)
            }
            let arranged = try builder.arranged(gradient, like: result, name: name)
            let difference = builder.newValue(like: source)
            builder.emit(
                name, backward,
                shared + [
                    builder.argument(DNNL_ARG_DIFF_DST, arranged), builder.argument(DNNL_ARG_DIFF_SRC, difference),
                ])
            return difference
        }
    }
}

import COneDNN
import EPANNsCore
import EPANNsGraph

extension ProgramBuilder {
    /// Attention, a block of queries at a time; the backward pass computes the blocks anew.
    mutating func attention(_ index: Int, _ settings: Attention) throws {
        let name = name(index)
        let input = use.source(index)
        let type = attentionType
        let source = try rows(value(input), type: type, name: name)
        let kernel = try AttentionKernel(
            name, settings, batch: batch(index), positions: shapes[index].positions, isHalf: type == dnnl_bf16)
        let result = newValue(try .plain([source.layout.dimensions[0], settings.width], type))
        emit(name, buffers: [source.buffer, result.buffer]) {
            try kernel.forward($0.team, $0.bytes(source.buffer), $0.bytes(result.buffer))
        }
        values[index] = try unfolded(result, like: index)
        recipes[index] = { builder, gradient in
            let gradient = try builder.rows(gradient, type: dnnl_f32, name: name)
            let difference = builder.newValue(source.layout)
            builder.emit(name + " backward", buffers: [source.buffer, gradient.buffer, difference.buffer]) {
                try kernel.backward(
                    $0.team, $0.floats(source.buffer), $0.floats(gradient.buffer), $0.floats(difference.buffer))
            }
            builder.addGradient(input, try builder.unfolded(difference, like: input))
        }
    }
}

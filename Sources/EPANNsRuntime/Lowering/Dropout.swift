import COneDNN
import EPANNsGraph

extension ProgramBuilder {
    /// Inverted dropout; where nothing is dropped the graph is read as if the operation were not there.
    ///
    /// The mask is drawn anew in the backward pass instead of being kept.
    mutating func dropout(_ index: Int, _ rate: Float) throws {
        guard let make = mode.dropout else { preconditionFailure("a dropout that drops nothing is looked through") }
        let name = name(index)
        let input = use.source(index)
        let source = value(input)
        let batch = batch(index)
        precondition(source.layout.storedCount % batch == 0, "a clip's elements are one stretch in every layout")
        let kernel = make(
            LoweringMode.Dropout(
                layer: dropoutLayers, rate: rate, batch: batch, elementsPerClip: source.layout.storedCount / batch,
                isHalf: source.layout.dataType == dnnl_bf16))
        dropoutLayers += 1
        let result = isResultRead(of: input) ? newValue(like: source) : source
        emit(name, buffers: [source.buffer, result.buffer]) { kernel($0, source.buffer, result.buffer) }
        values[index] = result
        recipes[index] = { builder, gradient in
            let arranged = try builder.arranged(gradient, like: source, name: name)
            let difference = builder.newValue(like: source)
            builder.emit(name, buffers: [arranged.buffer, difference.buffer]) {
                kernel($0, arranged.buffer, difference.buffer)
            }
            builder.addGradient(input, difference)
        }
    }

    /// Whether anybody but the dropout behind it reads a node's result, its own backward pass included.
    private func isResultRead(of index: Int) -> Bool {
        guard use.soleConsumer(index) != nil else { return true }
        switch graph.nodes[index].operation {
        case .pool, .linear, .reduce: return false
        case .input, .transpose, .convolution, .batchNorm, .activation, .add, .multiply, .concatenate,
            .unflattenChannels, .dropout, .softmax, .parameter, .layerNorm, .attention, .flatten, .join, .first,
            .poolDecisions:
            return true
        }
    }
}

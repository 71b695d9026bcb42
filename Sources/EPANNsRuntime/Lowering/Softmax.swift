import EPANNsCore
import EPANNsGraph

extension ProgramBuilder {
    /// Softmax over the channels of a vector, by a kernel of ours in double precision.
    mutating func softmax(_ index: Int) throws {
        let name = name(index)
        let input = use.source(index)
        guard shapes[input].spatial.isEmpty else {
            throw EPANNsError(
                .invalidConfiguration, "\(name): a softmax goes over the channels of a vector, not of a map.")
        }
        let source = try plainFloats(value(input), name: name)
        let (batch, width) = (source.layout.dimensions[0], source.layout.dimensions[1])
        let result = newValue(source.layout)
        emit(name, buffers: [source.buffer, result.buffer]) { context in
            for clip in 0..<batch {
                let row = UnsafeBufferPointer(start: context.floats(source.buffer) + clip * width, count: width)
                let scores = OutputActivation.softmax.apply(to: Array(row), classCount: width)
                (context.floats(result.buffer) + clip * width).update(from: scores, count: width)
            }
        }
        values[index] = result
        recipes[index] = { builder, gradient in
            let gradient = try builder.arranged(gradient, like: source, name: name)
            let difference = builder.newValue(source.layout)
            builder.emit(name, buffers: [result.buffer, gradient.buffer, difference.buffer]) { context in
                for clip in 0..<batch {
                    let scores = context.floats(result.buffer) + clip * width
                    let outer = context.floats(gradient.buffer) + clip * width
                    let inner = context.floats(difference.buffer) + clip * width
                    var dot = 0.0
                    for entry in 0..<width { dot += Double(scores[entry]) * Double(outer[entry]) }
                    for entry in 0..<width { inner[entry] = scores[entry] * (outer[entry] - Float(dot)) }
                }
            }
            builder.addGradient(input, difference)
        }
    }
}

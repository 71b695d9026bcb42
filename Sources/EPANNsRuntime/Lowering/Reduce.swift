import COneDNN
import EPANNsCore
import EPANNsGraph

extension ProgramBuilder {
    /// Pooling over whole axes, which disappear.
    mutating func reduce(_ index: Int, _ reduction: Reduction, _ axes: [Axis]) throws {
        let name = name(index)
        let input = use.source(index)
        let source = value(input)
        guard source.layout.dimensions.count == 4, !axes.contains(.channel) else {
            throw EPANNsError(
                .invalidConfiguration, "\(name): only time and mel axes of a map can be reduced, not the channels.")
        }
        let (first, second): (Axis, Axis) = source.isTransposed ? (.width, .height) : (.height, .width)
        let kernel = [
            axes.contains(first) ? source.layout.dimensions[2] : 1,
            axes.contains(second) ? source.layout.dimensions[3] : 1,
        ]
        let pooling = try makePooling(name, source, reduction, kernel: kernel, stride: kernel, padding: [0, 0])
        let pooled = pooling.result.layout.dimensions
        // What is left of a map without its height is the height from now on.
        let isVector = shapes[index].spatial.isEmpty
        let isTurned = !isVector && axes.contains(.height)
        if isVector {
            let row = try plain(pooling.result, type: vectorType(source), name: name)
            values[index] = try relabelled(row, [pooled[0], pooled[1]])
        } else {
            values[index] = pooling.result
            if isTurned { values[index]?.isTransposed.toggle() }
        }
        recipes[index] = { builder, gradient in
            var gradient = gradient
            if isVector {
                gradient = try builder.relabelled(builder.plain(gradient, name: name), pooled)
            } else if isTurned {
                gradient.isTransposed.toggle()
            }
            builder.addGradient(input, try pooling.backward(&builder, gradient))
        }
    }
}

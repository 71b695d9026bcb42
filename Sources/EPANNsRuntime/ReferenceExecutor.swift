import EPANNsCore
import EPANNsGraph
import Foundation

/// Runs a graph with plain loops in Float32: the oracle of the tests, never the product's path.
///
/// Sums accumulate in double precision, so that the executor is more exact than what it judges.
public struct ReferenceExecutor: Sendable {
    /// The network.
    public let graph: ModelGraph
    private let weights: [String: Tensor]

    /// Makes an executor for a graph and its weights.
    public init(graph: ModelGraph, weights: [String: Tensor]) {
        self.graph = graph
        self.weights = weights
    }

    /// Runs one clip.
    ///
    /// - Parameter row: What the network takes of a clip, such as log-mel frames, shape `(frames, mels)`.
    /// - Returns: Every node's result by name, row-major, batch-free.
    /// - Throws: `EPANNsError` with code `checkpointMismatch` when a tensor is missing, `invalidAudio`
    ///   when the clip is too short.
    public func allValues(_ row: [Float]) throws -> [String: [Float]] {
        let shapes = try graph.shapes(graph.extent(rowCount: row.count))
        var inputs = row[...]
        var values: [[Float]] = []
        for (index, node) in graph.nodes.enumerated() {
            if node.isInput {
                values.append(Array(inputs.prefix(shapes[index].count)))
                inputs = inputs.dropFirst(shapes[index].count)
                continue
            }
            values.append(
                try evaluate(node, inputs: node.inputs.map { (values[$0], shapes[$0]) }, output: shapes[index]))
        }
        return Dictionary(uniqueKeysWithValues: zip(graph.nodes.map(\.name), values))
    }

    /// Runs one clip and gives the network's outputs.
    ///
    /// - Throws: As ``allValues(_:)``.
    public func run(_ row: [Float]) throws -> InferencePlan.Outputs {
        let values = try allValues(row)
        func output(_ output: ModelGraph.Output) -> [Float] {
            graph.outputs[output].flatMap { values[graph.nodes[$0].name] } ?? []
        }
        var outputs = InferencePlan.Outputs(
            scores: output(.scores), logits: output(.logits), embedding: output(.embedding))
        if graph.outputs[.segments] != nil {
            let frames = try graph.extent(rowCount: row.count).frames
            outputs.framewise = [graph.framewise(output(.segments), frames: frames)]
        }
        return outputs
    }

    private func weight(_ name: String) throws -> [Float] {
        guard let tensor = weights[name] else {
            throw EPANNsError(.checkpointMismatch, "The weights hold no \(name).")
        }
        return tensor.floats
    }

    private func evaluate(
        _ node: ModelGraph.Node, inputs: [([Float], Shape)], output: Shape
    ) throws -> [Float] {
        switch node.operation {
        case .input: preconditionFailure("inputs are given, not computed")
        case .dropout: return inputs[0].0
        case .transpose:
            let (x, shape) = inputs[0]
            let (height, width) = (shape.spatial[0], shape.spatial[1])
            return (0..<output.count).map { index in
                let (channel, rest) = index.quotientAndRemainder(dividingBy: height * width)
                let (column, row) = rest.quotientAndRemainder(dividingBy: height)
                return x[channel * height * width + row * width + column]
            }
        case .convolution(let settings):
            return try convolve(node.name, settings, inputs[0].0, inputs[0].1, output)
        case .batchNorm(let settings):
            return try normalize(node.name, settings, inputs[0].0, output)
        case .linear(let settings):
            let matrix = try weight(node.name + ".weight")
            let bias = settings.hasBias ? try weight(node.name + ".bias") : nil
            let (x, shape) = inputs[0]
            return (0..<output.count).map { index in
                let (row, position) = index.quotientAndRemainder(dividingBy: output.positions)
                var sum = Double(bias?[row] ?? 0)
                for column in 0..<shape.channels {
                    sum +=
                        Double(matrix[row * shape.channels + column]) * Double(x[column * shape.positions + position])
                }
                return Float(sum)
            }
        case .layerNorm(let settings): return try normalizeLayer(node.name, settings, inputs[0].0, output)
        case .attention(let settings): return attend(settings, inputs[0].0, positions: output.positions)
        case .flatten: return inputs[0].0
        case .join:
            return (0..<output.channels).flatMap { channel in
                inputs.flatMap { x, shape in x[channel * shape.positions..<(channel + 1) * shape.positions] }
            }
        case .first(let count):
            let (x, shape) = inputs[0]
            return (0..<output.channels).flatMap { x[$0 * shape.positions..<$0 * shape.positions + count] }
        case .activation(let function): return inputs[0].0.map(function.callAsFunction)
        case .pool(let settings): return pool(settings, inputs[0].0, inputs[0].1, output)
        case .reduce(let reduction, let axes):
            return reduce(reduction, axes, inputs[0].0, inputs[0].1, output)
        case .add:
            return (0..<output.count).map { index in inputs.reduce(0) { $0 + $1.0[index] } }
        case .multiply:
            let (factor, shape) = inputs[1]
            let isVector = shape.spatial.isEmpty
            return inputs[0].0.enumerated().map { index, value in
                value * factor[isVector ? index / output.positions : index]
            }
        case .concatenate: return inputs.flatMap(\.0)
        case .unflattenChannels: return inputs[0].0
        case .softmax: return OutputActivation.softmax.apply(to: inputs[0].0, classCount: output.channels)
        case .poolDecisions(let pooling):
            let length = inputs[0].1.positions
            return (0..<output.channels).map { channel in
                let rows = inputs.map { Array($0.0[channel * length..<(channel + 1) * length]) }
                return rows[0].withUnsafeBufferPointer { values in
                    rows[rows.count - 1].withUnsafeBufferPointer { attention in
                        Float(pooling.pool(values, attention: attention).logit)
                    }
                }
            }
        case .parameter(let settings):
            // Stored with the channels last.
            let stored = try weight(node.name)
            return (0..<output.count).map { index in
                stored[index % settings.positions * settings.channels + index / settings.positions]
            }
        }
    }

    private func convolve(
        _ name: String, _ settings: Convolution, _ x: [Float], _ input: Shape, _ output: Shape
    ) throws -> [Float] {
        let kernels = try weight(name + ".weight")
        let bias = settings.hasBias ? try weight(name + ".bias") : nil
        // One-dimensional maps are columns.
        func pair(_ values: [Int], _ fill: Int) -> (Int, Int) { (values[0], values.count > 1 ? values[1] : fill) }
        let (inputHeight, inputWidth) = pair(input.spatial, 1)
        let (outputHeight, outputWidth) = pair(output.spatial, 1)
        let (kernelHeight, kernelWidth) = pair(settings.kernel, 1)
        let (strideHeight, strideWidth) = pair(settings.stride, 1)
        let (padHeight, padWidth) = pair(settings.padding, 0)
        let (dilationHeight, dilationWidth) = pair(settings.dilation, 1)
        let groupInputs = input.channels / settings.groups
        let groupOutputs = settings.filters / settings.groups
        var result: [Float] = []
        result.reserveCapacity(output.count)
        for filter in 0..<settings.filters {
            let firstChannel = filter / groupOutputs * groupInputs
            for row in 0..<outputHeight {
                for column in 0..<outputWidth {
                    var sum = Double(bias?[filter] ?? 0)
                    for channel in 0..<groupInputs {
                        let plane = (firstChannel + channel) * inputHeight * inputWidth
                        let kernel = (filter * groupInputs + channel) * kernelHeight * kernelWidth
                        for kernelRow in 0..<kernelHeight {
                            let y = row * strideHeight - padHeight + kernelRow * dilationHeight
                            guard y >= 0, y < inputHeight else { continue }
                            for kernelColumn in 0..<kernelWidth {
                                let z = column * strideWidth - padWidth + kernelColumn * dilationWidth
                                guard z >= 0, z < inputWidth else { continue }
                                sum +=
                                    Double(kernels[kernel + kernelRow * kernelWidth + kernelColumn])
                                    * Double(x[plane + y * inputWidth + z])
                            }
                        }
                    }
                    result.append(Float(sum))
                }
            }
        }
        return result
    }

    private func normalize(_ name: String, _ settings: BatchNorm, _ x: [Float], _ shape: Shape) throws -> [Float] {
        let gamma = try weight(name + ".weight")
        let beta = try weight(name + ".bias")
        let mean = try weight(name + ".running_mean")
        let variance = try weight(name + ".running_var")
        let width = shape.extent(of: .width)
        let height = shape.extent(of: .height)
        return x.enumerated().map { index, value in
            let entry =
                switch settings.axis {
                case .channel: index / shape.positions
                case .height: index / width % height
                case .width: index % width
                }
            let deviation = (Double(variance[entry]) + Double(settings.epsilon)).squareRoot()
            return Float(
                (Double(value) - Double(mean[entry])) / deviation * Double(gamma[entry]) + Double(beta[entry]))
        }
    }

    private func normalizeLayer(
        _ name: String, _ settings: LayerNorm, _ x: [Float], _ shape: Shape
    ) throws -> [Float] {
        let gamma = try weight(name + ".weight")
        let beta = try weight(name + ".bias")
        var result = x
        for position in 0..<shape.positions {
            func value(_ channel: Int) -> Double { Double(x[channel * shape.positions + position]) }
            let channels = 0..<shape.channels
            let mean = channels.reduce(0) { $0 + value($1) } / Double(shape.channels)
            let variance = channels.reduce(0) { $0 + (value($1) - mean) * (value($1) - mean) } / Double(shape.channels)
            let deviation = (variance + Double(settings.epsilon)).squareRoot()
            for channel in channels {
                result[channel * shape.positions + position] = Float(
                    (value(channel) - mean) / deviation * Double(gamma[channel]) + Double(beta[channel]))
            }
        }
        return result
    }

    private func attend(_ settings: Attention, _ x: [Float], positions: Int) -> [Float] {
        let (width, head) = (settings.width, settings.headWidth)
        var result = [Float](repeating: 0, count: width * positions)
        for first in stride(from: 0, to: width, by: head) {
            func entry(_ part: Int, _ channel: Int, _ position: Int) -> Double {
                Double(x[(part * width + first + channel) * positions + position])
            }
            for query in 0..<positions {
                let products = (0..<positions).map { key in
                    (0..<head).reduce(0) { $0 + entry(0, $1, query) * entry(1, $1, key) } * Double(settings.scale)
                }
                let largest = products.max() ?? 0
                let powers = products.map { exp($0 - largest) }
                let sum = powers.reduce(0, +)
                for channel in 0..<head {
                    let value = (0..<positions).reduce(0) { $0 + powers[$1] * entry(2, channel, $1) }
                    result[(first + channel) * positions + query] = Float(value / sum)
                }
            }
        }
        return result
    }

    private func pool(_ settings: Pool, _ x: [Float], _ input: Shape, _ output: Shape) -> [Float] {
        func pair(_ values: [Int], _ fill: Int) -> (Int, Int) { (values[0], values.count > 1 ? values[1] : fill) }
        let (inputHeight, inputWidth) = pair(input.spatial, 1)
        let (outputHeight, outputWidth) = pair(output.spatial, 1)
        let (kernelHeight, kernelWidth) = pair(settings.kernel, 1)
        let (strideHeight, strideWidth) = pair(settings.stride, 1)
        let (padHeight, padWidth) = pair(settings.padding, 0)
        var result: [Float] = []
        result.reserveCapacity(output.count)
        for channel in 0..<output.channels {
            for row in 0..<outputHeight {
                for column in 0..<outputWidth {
                    var sum = 0.0
                    var largest = -Float.infinity
                    for y in row * strideHeight - padHeight..<row * strideHeight - padHeight + kernelHeight
                    where y >= 0 && y < inputHeight {
                        for z in column * strideWidth - padWidth..<column * strideWidth - padWidth + kernelWidth
                        where z >= 0 && z < inputWidth {
                            let value = x[(channel * inputHeight + y) * inputWidth + z]
                            sum += Double(value)
                            largest = max(largest, value)
                        }
                    }
                    switch settings.reduction {
                    case .mean: result.append(Float(sum / Double(kernelHeight * kernelWidth)))
                    case .max: result.append(largest)
                    }
                }
            }
        }
        return result
    }

    private func reduce(
        _ reduction: Reduction, _ axes: [Axis], _ x: [Float], _ input: Shape, _ output: Shape
    ) -> [Float] {
        let (height, width) = (input.extent(of: .height), input.extent(of: .width))
        let outputWidth = axes.contains(.width) || input.spatial.count < 2 ? 1 : width
        var sums = [Double](repeating: 0, count: output.count)
        var largest = [Float](repeating: -.infinity, count: output.count)
        for (index, value) in x.enumerated() {
            let channel = index / (height * width)
            let row = axes.contains(.height) ? 0 : index / width % height
            let column = axes.contains(.width) ? 0 : index % width
            let rows = axes.contains(.height) ? 1 : height
            let target = (channel * rows + row) * outputWidth + column
            sums[target] += Double(value)
            largest[target] = max(largest[target], value)
        }
        switch reduction {
        case .max: return largest
        case .mean:
            let size = Double(x.count / output.count)
            return sums.map { Float($0 / size) }
        }
    }
}

extension Activation {
    /// The function's value.
    public func callAsFunction(_ x: Float) -> Float {
        switch self {
        case .relu: max(x, 0)
        case .relu6: min(max(x, 0), 6)
        case .leakyReLU(let slope): x >= 0 ? x : slope * x
        case .hardSwish: x * min(max(x + 3, 0), 6) / 6
        case .gelu: Float(Double(x) * 0.5 * erfc(-Double(x) / 2.0.squareRoot()))
        case .sigmoid: Float(1 / (1 + exp(-Double(x))))
        }
    }
}

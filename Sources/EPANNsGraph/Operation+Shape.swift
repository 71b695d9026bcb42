extension Operation {
    /// Shape of the output, or nil when a window does not fit its input.
    func outputShape(inputs: [Shape], graphInput: Shape) -> Shape? {
        switch self {
        case .input:
            return graphInput.positions > 0 ? graphInput : nil
        case .transpose:
            return Shape(inputs[0].channels, inputs[0].spatial.reversed())
        case .convolution(let settings):
            var spatial: [Int] = []
            for axis in settings.kernel.indices {
                let reach = settings.dilation[axis] * (settings.kernel[axis] - 1) + 1
                let room = inputs[0].spatial[axis] + 2 * settings.padding[axis] - reach
                if room < 0 { return nil }
                spatial.append(room / settings.stride[axis] + 1)
            }
            return Shape(settings.filters, spatial)
        case .pool(let settings):
            var spatial: [Int] = []
            for axis in settings.kernel.indices {
                let room = inputs[0].spatial[axis] + 2 * settings.padding[axis] - settings.kernel[axis]
                if room < 0 { return nil }
                spatial.append(room / settings.stride[axis] + 1)
            }
            return Shape(inputs[0].channels, spatial)
        case .linear(let settings):
            return Shape(settings.outputs)
        case .reduce(_, let axes):
            let kept = inputs[0].spatial.enumerated().filter { index, _ in
                !axes.contains(index == 0 ? .height : .width)
            }
            return Shape(inputs[0].channels, kept.map(\.element))
        case .add:
            return inputs.dropFirst().allSatisfy { $0 == inputs[0] } ? inputs[0] : nil
        case .multiply:
            return inputs[1].spatial.isEmpty || inputs[1] == inputs[0] ? inputs[0] : nil
        case .concatenate:
            guard inputs.allSatisfy({ $0.spatial == inputs[0].spatial }) else { return nil }
            return Shape(inputs.reduce(0) { $0 + $1.channels }, inputs[0].spatial)
        case .unflattenChannels(let height):
            return Shape(inputs[0].channels / height, [height] + inputs[0].spatial)
        case .batchNorm, .activation, .dropout, .softmax:
            return inputs[0]
        }
    }
}

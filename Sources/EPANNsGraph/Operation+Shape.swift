/// Why an operation has no output.
enum ShapeProblem: Error {
    /// A window does not fit its input: the clip is too short.
    case tooSmall
    /// The inputs are of a kind that the operation does not read; the text goes on after its name.
    case unreadable(String)
}

extension Operation {
    /// Shape of the output.
    ///
    /// - Throws: ``ShapeProblem``; nothing is computed from an input that the operation's kernels could not read.
    func outputShape(inputs: [Shape], clip: InputShapes) throws(ShapeProblem) -> Shape {
        switch self {
        case .input(let input):
            guard clip[input].positions > 0 else { throw .tooSmall }
            return clip[input]
        case .parameter(let settings):
            return settings.shape
        case .transpose:
            try Self.require(inputs[0], axes: 2)
            return Shape(inputs[0].channels, inputs[0].spatial.reversed())
        case .convolution(let settings):
            return Shape(
                settings.filters,
                try Self.windows(
                    over: inputs[0], kernel: settings.kernel, stride: settings.stride, padding: settings.padding,
                    dilation: settings.dilation))
        case .pool(let settings):
            return Shape(
                inputs[0].channels,
                try Self.windows(
                    over: inputs[0], kernel: settings.kernel, stride: settings.stride, padding: settings.padding,
                    dilation: settings.kernel.map { _ in 1 }))
        case .linear(let settings):
            try Self.requireRows(inputs[0])
            return Shape(settings.outputs, inputs[0].spatial)
        case .layerNorm:
            try Self.requireRows(inputs[0])
            return inputs[0]
        case .attention(let settings):
            try Self.require(inputs[0], axes: 1)
            guard settings.heads > 0, settings.headWidth > 0, inputs[0].channels == 3 * settings.width else {
                throw .unreadable(
                    "needs 3 × \(settings.heads) × \(settings.headWidth) channels, but is given \(inputs[0])")
            }
            return Shape(settings.width, inputs[0].spatial)
        case .flatten:
            try Self.require(inputs[0], axes: 2)
            return Shape(inputs[0].channels, [inputs[0].positions])
        case .join:
            for input in inputs {
                try Self.require(input, axes: 1)
                guard input.channels == inputs[0].channels else { throw Self.mismatch(inputs[0], input) }
            }
            return Shape(inputs[0].channels, [inputs.reduce(0) { $0 + $1.positions }])
        case .first(let count):
            try Self.require(inputs[0], axes: 1)
            if count > inputs[0].positions { throw .tooSmall }
            guard count > 0 else { throw .unreadable("takes \(count) positions, but must take at least one") }
            return Shape(inputs[0].channels, [count])
        case .softmax:
            try Self.require(inputs[0], axes: 0)
            return inputs[0]
        case .poolDecisions:
            for input in inputs {
                try Self.require(input, axes: 1)
                if input != inputs[0] { throw Self.mismatch(inputs[0], input) }
            }
            return Shape(inputs[0].channels)
        case .reduce(_, let axes):
            return try Self.reduced(inputs[0], over: axes)
        case .add:
            for input in inputs.dropFirst() where input != inputs[0] { throw Self.mismatch(inputs[0], input) }
            return inputs[0]
        case .multiply:
            let isVector = inputs[1].spatial.isEmpty && inputs[1].channels == inputs[0].channels
            guard isVector || inputs[1] == inputs[0] else { throw Self.mismatch(inputs[0], inputs[1]) }
            return inputs[0]
        case .concatenate:
            for input in inputs.dropFirst() where input.spatial != inputs[0].spatial {
                throw Self.mismatch(inputs[0], input)
            }
            return Shape(inputs.reduce(0) { $0 + $1.channels }, inputs[0].spatial)
        case .unflattenChannels(let height):
            try Self.require(inputs[0], axes: 1)
            guard height > 0, inputs[0].channels % height == 0 else {
                throw .unreadable("cannot split \(inputs[0].channels) channels into \(height) rows")
            }
            return Shape(inputs[0].channels / height, [height] + inputs[0].spatial)
        case .batchNorm(let settings):
            // Statistics of a norm over a spatial axis belong to the mel bands.
            let (entries, bands) = (inputs[0].extent(of: settings.axis), clip.melBands)
            guard settings.axis == .channel || entries == bands else {
                throw .unreadable("has statistics for \(bands) mel bands, but is given \(inputs[0])")
            }
            return inputs[0]
        case .activation, .dropout:
            return inputs[0]
        }
    }

    private static func windows(
        over input: Shape, kernel: [Int], stride: [Int], padding: [Int], dilation: [Int]
    ) throws(ShapeProblem) -> [Int] {
        try require(input, axes: kernel.count)
        var spatial: [Int] = []
        for axis in kernel.indices {
            let room = input.spatial[axis] + 2 * padding[axis] - (dilation[axis] * (kernel[axis] - 1) + 1)
            if room < 0 { throw .tooSmall }
            spatial.append(room / stride[axis] + 1)
        }
        return spatial
    }

    private static func reduced(_ input: Shape, over axes: [Axis]) throws(ShapeProblem) -> Shape {
        let places: [Axis] = [.height, .width]
        for axis in axes where !places.prefix(input.spatial.count).contains(axis) {
            throw .unreadable("reduces the \(axis), which \(input) does not have")
        }
        let kept = zip(input.spatial, places).filter { !axes.contains($0.1) }
        return Shape(input.channels, kept.map(\.0))
    }

    private static func requireRows(_ input: Shape) throws(ShapeProblem) {
        guard input.spatial.count < 2 else {
            throw .unreadable("reads vectors and one-dimensional maps, but is given \(input)")
        }
    }

    private static func require(_ input: Shape, axes: Int) throws(ShapeProblem) {
        guard input.spatial.count == axes else {
            let kinds = ["vectors", "one-dimensional maps", "two-dimensional maps"]
            throw .unreadable("reads \(kinds[min(axes, 2)]), but is given \(input)")
        }
    }

    private static func mismatch(_ first: Shape, _ second: Shape) -> ShapeProblem {
        .unreadable("cannot join \(first) and \(second)")
    }
}

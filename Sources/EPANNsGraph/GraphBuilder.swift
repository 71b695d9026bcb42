/// Builds a ``ModelGraph``, one method an operation.
///
/// Values are passed by hand rather than chained implicitly, because residual sums, squeeze-excitation and
/// concatenation need more than one live value:
///
///     var builder = GraphBuilder(input: .panns32k())
///     var x = builder.batchNorm("bn0", builder.input, BatchNorm(axis: .mel))
///     x = builder.convolution("conv1", x, Convolution(filters: 64, kernel: [3, 3], padding: [1, 1]))
public struct GraphBuilder {
    /// The output of a node.
    public struct Value: Hashable, Sendable {
        let node: Int
        /// Number of channels.
        public let channels: Int
    }

    /// The first input: the spectrogram, shape `(1, frames, mels)`, where nothing else was asked for.
    public let input: Value
    private var graph: ModelGraph

    /// Starts a graph.
    ///
    /// - Parameters:
    ///   - frontEnd: How the waveform becomes the spectrogram.
    ///   - inputs: What the network hears, at least one thing, none twice.
    public init(input frontEnd: FrontEndConfiguration, hearing inputs: [ModelGraph.Input] = [.logMel]) {
        precondition(!inputs.isEmpty && Set(inputs).count == inputs.count, "a network hears each input once")
        graph = ModelGraph(input: frontEnd, nodes: [], outputs: [:])
        for input in inputs {
            let name =
                switch input {
                case .logMel: "log-mel"
                case .waveform: "waveform"
                }
            graph.nodes.append(ModelGraph.Node(name: name, operation: .input(input), inputs: [], channels: 1))
        }
        input = Value(node: 0, channels: 1)
    }

    /// One of the inputs that the graph was started with.
    public func input(_ kind: ModelGraph.Input) -> Value {
        guard let node = graph.nodes.firstIndex(where: { $0.operation == .input(kind) }) else {
            preconditionFailure("the graph was not started with this input")
        }
        return Value(node: node, channels: 1)
    }

    /// Marks a value behind which training mixes clips, and before which it does not; on every path from an input there
    /// is one, or the input itself is mixed.
    public mutating func mix(_ x: Value) { graph.mixedNodes.insert(x.node) }

    /// Adds the entries of an operation that the published network stores and never uses.
    ///
    /// - Parameters:
    ///   - name: Their prefix in the state dict.
    ///   - operation: What would read them.
    ///   - input: Shape of what it would read.
    public mutating func unused(_ name: String, _ operation: Operation, input: Shape) {
        graph.unusedParameters += operation.parameterSpecs(name: name, input: input).map { spec in
            var spec = spec
            spec.isUsed = false
            return spec
        }
    }

    /// Goes on with a graph that is not finished; values of its builder stay valid.
    package init(continuing graph: ModelGraph) {
        self.graph = graph
        input = Value(node: 0, channels: 1)
    }

    /// Swaps height and width.
    public mutating func transpose(_ name: String, _ x: Value) -> Value {
        append(name, .transpose, [x], channels: x.channels)
    }

    /// Convolves; weights under `name`.
    public mutating func convolution(_ name: String, _ x: Value, _ settings: Convolution) -> Value {
        precondition(x.channels % settings.groups == 0 && settings.filters % settings.groups == 0)
        return append(name, .convolution(settings), [x], channels: settings.filters)
    }

    /// Normalises; weights and statistics under `name`.
    public mutating func batchNorm(_ name: String, _ x: Value, _ settings: BatchNorm = BatchNorm()) -> Value {
        append(name, .batchNorm(settings), [x], channels: x.channels)
    }

    /// Normalises every position over its channels; weights under `name`.
    public mutating func layerNorm(_ name: String, _ x: Value, _ settings: LayerNorm = LayerNorm()) -> Value {
        append(name, .layerNorm(settings), [x], channels: x.channels)
    }

    /// Attends from every position to all; `x` has queries, keys and values one after another.
    public mutating func attention(_ name: String, _ x: Value, _ settings: Attention) -> Value {
        append(name, .attention(settings), [x], channels: settings.width)
    }

    /// Makes a one-dimensional map of a two-dimensional one, row by row.
    public mutating func flatten(_ name: String, _ x: Value) -> Value {
        append(name, .flatten, [x], channels: x.channels)
    }

    /// Puts one-dimensional maps one behind another.
    public mutating func join(_ name: String, _ values: [Value]) -> Value {
        append(name, .join, values, channels: values[0].channels)
    }

    /// Takes the first positions of a one-dimensional map.
    public mutating func first(_ name: String, _ x: Value, count: Int) -> Value {
        append(name, .first(count: count), [x], channels: x.channels)
    }

    /// Multiplies a vector, or every position of a one-dimensional map, with a matrix; weights under `name`.
    public mutating func linear(_ name: String, _ x: Value, outputs: Int) -> Value {
        append(name, .linear(Linear(outputs: outputs)), [x], channels: outputs)
    }

    /// Applies an element-wise function.
    public mutating func activation(_ name: String, _ x: Value, _ function: Activation) -> Value {
        append(name, .activation(function), [x], channels: x.channels)
    }

    /// Pools over a sliding window.
    public mutating func pool(_ name: String, _ x: Value, _ settings: Pool) -> Value {
        append(name, .pool(settings), [x], channels: x.channels)
    }

    /// Pools over whole axes.
    public mutating func reduce(_ name: String, _ x: Value, _ reduction: Reduction, over axes: [Axis]) -> Value {
        append(name, .reduce(reduction, axes: axes), [x], channels: x.channels)
    }

    /// Adds equal shapes.
    public mutating func add(_ name: String, _ values: [Value]) -> Value {
        append(name, .add, values, channels: values[0].channels)
    }

    /// Scales `x` by `factor`, channel by channel where `factor` is a vector.
    public mutating func multiply(_ name: String, _ x: Value, by factor: Value) -> Value {
        precondition(x.channels == factor.channels)
        return append(name, .multiply, [x, factor], channels: x.channels)
    }

    /// Concatenates along the channels.
    public mutating func concatenate(_ name: String, _ values: [Value]) -> Value {
        append(name, .concatenate, values, channels: values.reduce(0) { $0 + $1.channels })
    }

    /// Makes a 2-D map of a 1-D one by splitting its channels.
    public mutating func unflattenChannels(_ name: String, _ x: Value, height: Int) -> Value {
        precondition(x.channels % height == 0)
        return append(name, .unflattenChannels(height: height), [x], channels: x.channels / height)
    }

    /// Drops elements in training.
    public mutating func dropout(_ name: String, _ x: Value, rate: Float) -> Value {
        append(name, .dropout(rate: rate), [x], channels: x.channels)
    }

    /// Applies a softmax over the channels of a vector.
    public mutating func softmax(_ name: String, _ x: Value) -> Value {
        append(name, .softmax, [x], channels: x.channels)
    }

    /// A parameter as a value; its tensor lies under `name`.
    public mutating func parameter(_ name: String, _ settings: Parameter) -> Value {
        append(name, .parameter(settings), [], channels: settings.channels)
    }

    /// Marks an output.
    public mutating func output(_ output: ModelGraph.Output, _ x: Value) {
        graph.outputs[output] = x.node
    }

    /// Marks the probabilities of stretches, each of so many frames.
    public mutating func outputSegments(_ x: Value, frames: Int) {
        output(.segments, x)
        graph.framesPerSegment = frames
    }

    /// Pools decisions of stretches: by their mean, or by attention where there is any.
    public mutating func poolDecisions(_ name: String, _ x: Value, attention: Value? = nil) -> Value {
        append(
            name, .poolDecisions(attention == nil ? .mean : .attention), [x] + (attention.map { [$0] } ?? []),
            channels: x.channels)
    }

    /// Marks `logits` and, after the activation, `scores`; the two coincide for ``OutputActivation/none``.
    public mutating func classify(_ logits: Value, _ activation: OutputActivation) {
        output(.logits, logits)
        switch activation {
        case .sigmoid: output(.scores, self.activation("sigmoid", logits, .sigmoid))
        case .softmax: output(.scores, self.softmax("softmax", logits))
        case .none: output(.scores, logits)
        }
    }

    /// The finished graph.
    public func build() -> ModelGraph {
        precondition(Set(graph.nodes.map(\.name)).count == graph.nodes.count, "two nodes have the same name")
        return graph
    }

    private mutating func append(_ name: String, _ operation: Operation, _ inputs: [Value], channels: Int) -> Value {
        graph.nodes.append(
            ModelGraph.Node(name: name, operation: operation, inputs: inputs.map(\.node), channels: channels))
        return Value(node: graph.nodes.count - 1, channels: channels)
    }
}

/// What turns logits into scores.
public enum OutputActivation: String, Codable, Hashable, Sendable, CaseIterable {
    /// Independent probabilities; what every network here was trained with.
    case sigmoid
    /// What the published E-PANNs demo applies, wrongly; for reproducing its numbers. SPEC §2.3.
    case softmax
    /// Logits.
    case none
}

/// One step of a ``ModelGraph``.
///
/// The enumeration is closed on purpose: every consumer (cost, executor, plans, pruner, exporters) switches over it
/// without a default, so that a new kind of layer breaks the build everywhere it must be handled.
public enum Operation: Hashable, Sendable {
    /// One of the graph's inputs; the clip's length and ``ModelGraph/input`` give its shape.
    case input(ModelGraph.Input)
    /// Swaps height and width.
    case transpose
    /// Convolution over one or two spatial axes.
    case convolution(Convolution)
    /// Affine normalisation with stored statistics.
    case batchNorm(BatchNorm)
    /// Affine normalisation of every position over its channels, by its own mean and variance.
    case layerNorm(LayerNorm)
    /// A matrix product over the channels of a vector, or of every position of a one-dimensional map (tokens).
    case linear(Linear)
    /// Attention of every position of a one-dimensional map to all of them, in several heads side by side.
    case attention(Attention)
    /// Makes a one-dimensional map of a two-dimensional one, row by row.
    case flatten
    /// One-dimensional maps one behind another.
    case join
    /// The first positions of a one-dimensional map.
    case first(count: Int)
    /// An element-wise function.
    case activation(Activation)
    /// Average or maximum over a sliding window.
    case pool(Pool)
    /// Mean or maximum over whole spatial axes, which disappear from the shape.
    case reduce(Reduction, axes: [Axis])
    /// The sum of two or more equal shapes.
    case add
    /// The first input times the second; a vector as second input scales the channels of the first.
    case multiply
    /// Concatenation along the channels.
    case concatenate
    /// Splits the channels of a 1-D map into (channels / height, height, length); SPEC §2.7's Wavegram.
    case unflattenChannels(height: Int)
    /// Dropout; the identity in inference.
    case dropout(rate: Float)
    /// Softmax over the channels of a vector.
    case softmax
    /// Logits of stretches of a clip, in time, to logits of the clip; attention has its weights' logits as second input.
    case poolDecisions(DecisionPooling)
    /// A parameter that is a value of its own and has no input: a class token, a positional embedding.
    case parameter(Parameter)
}

/// Settings of a convolution; spatial arrays have one entry per spatial axis, height first.
public struct Convolution: Hashable, Sendable {
    /// Number of filters.
    public var filters: Int
    /// Kernel extents.
    public var kernel: [Int]
    /// Step.
    public var stride: [Int]
    /// Zeros added at both ends.
    public var padding: [Int]
    /// Distance between kernel taps.
    public var dilation: [Int]
    /// Number of groups; equal to the channel count for a depthwise convolution.
    public var groups: Int
    /// Whether a bias per filter is added.
    public var hasBias: Bool
    /// Whether the weight is stored without the kernel's extents, which are 1: a linear layer at every frame.
    public var isStoredAsMatrix = false

    /// Makes settings; strides and dilations of 1 where not given.
    public init(
        filters: Int, kernel: [Int], stride: [Int]? = nil, padding: [Int]? = nil, dilation: [Int]? = nil,
        groups: Int = 1, hasBias: Bool = false
    ) {
        self.filters = filters
        self.kernel = kernel
        self.stride = stride ?? kernel.map { _ in 1 }
        self.padding = padding ?? kernel.map { _ in 0 }
        self.dilation = dilation ?? kernel.map { _ in 1 }
        self.groups = groups
        self.hasBias = hasBias
    }

    /// A linear layer, with bias, that is applied to every frame of a one-dimensional map.
    ///
    /// - Parameter filters: Number of outputs.
    public static func overFrames(filters: Int) -> Convolution {
        var settings = Convolution(filters: filters, kernel: [1], hasBias: true)
        settings.isStoredAsMatrix = true
        return settings
    }
}

/// Settings of a batch normalisation.
public struct BatchNorm: Hashable, Sendable {
    /// The axis with its own statistics per index: channels, or mel for PANNs' `bn0`.
    public var axis: Axis
    /// Added to the variance.
    public var epsilon: Float
    /// Weight of a new batch in the running statistics, as PyTorch counts it.
    public var momentum: Float
    /// Whether a fresh network's scales are zero rather than one, as behind a residual block's last convolution.
    public var startsAtZero: Bool

    /// Makes settings; PyTorch's defaults where not given.
    public init(axis: Axis = .channel, epsilon: Float = 1e-5, momentum: Float = 0.1, startsAtZero: Bool = false) {
        self.axis = axis
        self.epsilon = epsilon
        self.momentum = momentum
        self.startsAtZero = startsAtZero
    }
}

/// Settings of a layer normalisation.
public struct LayerNorm: Hashable, Sendable {
    /// Added to the variance.
    public var epsilon: Float

    /// Makes settings; PyTorch's default where not given.
    public init(epsilon: Float = 1e-5) { self.epsilon = epsilon }
}

/// Settings of an attention.
///
/// The input has three times the output's channels: queries, keys and values one after another, each with the heads one
/// after another, as timm's `qkv` makes them. Of a head with queries Q, keys K and values V, one row a position, the
/// output is `softmax(scale · Q·Kᵀ)·V`.
public struct Attention: Hashable, Sendable {
    /// Number of heads.
    public var heads: Int
    /// Channels of each head.
    public var headWidth: Int
    /// What products of queries and keys are multiplied by.
    public var scale: Float

    /// Makes settings; a scale of one by the root of the heads' width where not given.
    public init(heads: Int, headWidth: Int, scale: Float? = nil) {
        self.heads = heads
        self.headWidth = headWidth
        self.scale = scale ?? 1 / Float(headWidth).squareRoot()
    }

    /// Channels of the output.
    public var width: Int { heads * headWidth }
}

/// Settings of a linear layer.
public struct Linear: Hashable, Sendable {
    /// Number of outputs.
    public var outputs: Int
    /// Whether a bias is added.
    public var hasBias: Bool

    /// Makes settings.
    public init(outputs: Int, hasBias: Bool = true) {
        self.outputs = outputs
        self.hasBias = hasBias
    }
}

/// Settings of a parameter that is a value of its own.
///
/// Transformers store such tensors with the channels last, `(1, positions, channels)`; the node's value is `(channels,
/// positions)` as everywhere in a graph. The tensor lies under the node's own name, without a suffix.
public struct Parameter: Hashable, Sendable {
    /// Number of channels.
    public var channels: Int
    /// Number of positions, such as tokens.
    public var positions: Int

    /// Makes settings; a single position where not given.
    public init(channels: Int, positions: Int = 1) {
        self.channels = channels
        self.positions = positions
    }

    /// Shape of the node's value.
    public var shape: Shape { Shape(channels, [positions]) }
    /// Shape of the tensor in a state dict.
    public var storedShape: [Int] { [1, positions, channels] }
}

/// An element-wise function.
public enum Activation: Hashable, Sendable {
    case relu
    case relu6
    case leakyReLU(slope: Float)
    /// `x · clamp(x + 3, 0, 6) / 6`.
    case hardSwish
    /// `x · Φ(x)` with the normal distribution's Φ, exactly rather than by its usual approximation.
    case gelu
    case sigmoid
}

/// Settings of a sliding-window pooling.
public struct Pool: Hashable, Sendable {
    /// What is taken of the window.
    public var reduction: Reduction
    /// Window extents.
    public var kernel: [Int]
    /// Step.
    public var stride: [Int]
    /// Padding at both ends: zeros that count for the mean, minus infinity for the maximum.
    public var padding: [Int]

    /// Makes settings; a stride of the kernel's size and no padding where not given.
    public init(_ reduction: Reduction, kernel: [Int], stride: [Int]? = nil, padding: [Int]? = nil) {
        self.reduction = reduction
        self.kernel = kernel
        self.stride = stride ?? kernel
        self.padding = padding ?? kernel.map { _ in 0 }
    }
}

/// What a pooling takes of its window.
public enum Reduction: String, Hashable, Sendable {
    case mean, max
}

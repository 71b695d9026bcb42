/// How an operation's weights lie in its tensors: what readers of parameters switch over.
///
/// Most operations have none; a reader that looks at the layout names six cases rather than every operation. Adding a
/// layout breaks each of them at compile time, as adding an operation breaks ``Operation/parameterLayout``.
public enum ParameterLayout: Hashable, Sendable {
    /// `name.weight` (filters, inputs / groups, extents…) and, where there is one, `name.bias` (filters).
    case kernel(Convolution)
    /// `name.weight` (outputs, inputs) and, where there is one, `name.bias` (outputs).
    case matrix(Linear)
    /// Scale, shift and running statistics, one entry for each index of the norm's axis, and a counter.
    case norm(BatchNorm)
    /// Scale and shift of a layer norm, one entry for each channel.
    case affine(LayerNorm)
    /// One tensor under the node's own name, which is the node's value.
    case value(Parameter)
    /// No parameters.
    case none
}

extension Operation {
    /// How the operation's weights lie in its tensors.
    public var parameterLayout: ParameterLayout {
        switch self {
        case .convolution(let settings): .kernel(settings)
        case .linear(let settings): .matrix(settings)
        case .batchNorm(let settings): .norm(settings)
        case .layerNorm(let settings): .affine(settings)
        case .parameter(let settings): .value(settings)
        case .input, .transpose, .activation, .pool, .reduce, .add, .multiply, .concatenate, .unflattenChannels,
            .dropout, .softmax, .attention, .flatten, .join, .first, .poolDecisions:
            .none
        }
    }
}

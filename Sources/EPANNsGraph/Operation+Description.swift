extension Operation: CustomStringConvertible {
    /// For a layer table, for example `conv 3×3` or `linear`.
    public var description: String {
        switch self {
        case .input(.logMel): return "input"
        case .input(.waveform): return "samples"
        case .transpose: return "transpose"
        case .convolution(let settings): return settings.description
        case .batchNorm(let settings):
            return settings.axis == .channel ? "batch norm" : "batch norm over \(settings.axis)"
        case .layerNorm: return "layer norm"
        case .linear: return "linear"
        case .attention(let settings):
            return settings.heads == 1 ? "attention, 1 head" : "attention, \(settings.heads) heads"
        case .flatten: return "flatten"
        case .join: return "join"
        case .first(let count): return "first \(count)"
        case .activation(let function): return function.description
        case .pool(let settings): return "\(settings.reduction) pool \(Self.extents(settings.kernel))"
        case .reduce(let reduction, let axes):
            return "\(reduction) over \(axes.map(\.rawValue).joined(separator: " and "))"
        case .add: return "add"
        case .multiply: return "multiply"
        case .concatenate: return "concatenate"
        case .unflattenChannels: return "unflatten"
        case .dropout(let rate): return "dropout \(rate)"
        case .softmax: return "softmax"
        case .poolDecisions(.mean): return "mean of decisions over time"
        case .poolDecisions(.attention): return "attention over time"
        case .parameter: return "parameter"
        }
    }

    fileprivate static func extents(_ values: [Int]) -> String {
        values.map(String.init).joined(separator: "×")
    }
}

extension Convolution: CustomStringConvertible {
    /// For example `conv 3×3`, `depthwise conv 5×5 /2`.
    public var description: String {
        if isStoredAsMatrix { return "linear, every frame" }
        var text = groups == 1 ? "conv " : groups == filters ? "depthwise conv " : "conv in \(groups) groups "
        text += Operation.extents(kernel)
        if stride.contains(where: { $0 != 1 }) {
            text += " /" + (Set(stride).count == 1 ? "\(stride[0])" : Operation.extents(stride))
        }
        if dilation.contains(where: { $0 != 1 }) { text += " dilated \(Operation.extents(dilation))" }
        return text
    }
}

extension Activation: CustomStringConvertible {
    /// The function's usual name.
    public var description: String {
        switch self {
        case .relu: "ReLU"
        case .relu6: "ReLU6"
        case .leakyReLU(let slope): "leaky ReLU \(slope)"
        case .hardSwish: "hard swish"
        case .gelu: "GELU"
        case .sigmoid: "sigmoid"
        }
    }
}

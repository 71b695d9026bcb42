/// Name, shape and role of one entry of a network's state dict.
public struct ParameterSpec: Hashable, Sendable {
    /// What an entry is for.
    public enum Role: String, Sendable {
        /// Changed by training; what PANNs count as parameters.
        case trainable
        /// Stored but never trained: STFT kernels, the mel bank.
        case frozen
        /// Running statistics of a batch norm.
        case buffer
        /// A batch norm's `num_batches_tracked`, an int64 scalar.
        case counter
    }

    /// How a fresh network fills the entry; SPEC §2.
    public enum Initialization: Hashable, Sendable {
        /// Uniform in ±sqrt(6 / (fanIn + fanOut)).
        case xavierUniform(fanIn: Int, fanOut: Int)
        case zeros
        case ones
        /// Computed from the front end's configuration.
        case frontEnd
    }

    /// The state-dict key, which is the operation's name and PyTorch's suffix.
    public var name: String
    /// PyTorch's shape.
    public var shape: [Int]
    /// What the entry is for.
    public var role: Role
    /// How a fresh network fills it.
    public var initialization: Initialization
    /// Whether the network reads it; published ones also store what they never use.
    public var isUsed = true

    /// Number of elements.
    public var count: Int { shape.reduce(1, *) }
    /// Bytes in a PyTorch state dict: Float32, or int64 for a counter.
    public var byteCount: Int { role == .counter ? 8 : count * 4 }
    /// Whether inference can do without the entry in a checkpoint.
    public var isOptional: Bool { role == .counter || role == .frozen || !isUsed }
}

extension [ParameterSpec] {
    /// Number of trainable parameters, as PANNs count them.
    public var parameterCount: Int { reduce(0) { $0 + ($1.role == .trainable ? $1.count : 0) } }
}

extension Operation {
    /// State-dict entries of the operation.
    ///
    /// - Parameters:
    ///   - name: The operation's name, a state-dict prefix.
    ///   - input: Shape of the (first) input; of its extents only the channels and, for a norm over mel, the width count.
    ///
    /// ``ModelGraph/parameterSpecs(of:)`` knows both.
    public func parameterSpecs(name: String, input: Shape) -> [ParameterSpec] {
        switch parameterLayout {
        case .kernel(let convolution):
            let kernel = convolution.isStoredAsMatrix ? [] : convolution.kernel
            let shape = [convolution.filters, input.channels / convolution.groups] + kernel
            let receptive = convolution.kernel.reduce(1, *)
            let weight = ParameterSpec(
                name: name + ".weight", shape: shape, role: .trainable,
                initialization: .xavierUniform(fanIn: shape[1] * receptive, fanOut: shape[0] * receptive))
            return [weight] + (convolution.hasBias ? [Self.bias(name, convolution.filters)] : [])
        case .matrix(let linear):
            let weight = ParameterSpec(
                name: name + ".weight", shape: [linear.outputs, input.channels], role: .trainable,
                initialization: .xavierUniform(fanIn: input.channels, fanOut: linear.outputs))
            return [weight] + (linear.hasBias ? [Self.bias(name, linear.outputs)] : [])
        case .norm(let norm):
            let count = input.extent(of: norm.axis)
            func spec(_ suffix: String, _ role: ParameterSpec.Role, _ initial: ParameterSpec.Initialization)
                -> ParameterSpec
            {
                ParameterSpec(name: name + suffix, shape: [count], role: role, initialization: initial)
            }
            return [
                spec(".weight", .trainable, norm.startsAtZero ? .zeros : .ones), spec(".bias", .trainable, .zeros),
                spec(".running_mean", .buffer, .zeros), spec(".running_var", .buffer, .ones),
                ParameterSpec(
                    name: name + ".num_batches_tracked", shape: [], role: .counter, initialization: .zeros),
            ]
        case .affine:
            return [
                ParameterSpec(
                    name: name + ".weight", shape: [input.channels], role: .trainable, initialization: .ones),
                Self.bias(name, input.channels),
            ]
        case .value(let parameter):
            return [
                ParameterSpec(
                    name: name, shape: parameter.storedShape, role: .trainable, initialization: .zeros)
            ]
        case .none: return []
        }
    }

    private static func bias(_ name: String, _ count: Int) -> ParameterSpec {
        ParameterSpec(name: name + ".bias", shape: [count], role: .trainable, initialization: .zeros)
    }
}

extension FrontEndConfiguration {
    /// State-dict entries of the front end: torchlibrosa's STFT kernels and mel bank for PANNs, none for EfficientAT.
    public var parameterSpecs: [ParameterSpec] {
        guard recipe.isPartOfStateDict else { return [] }
        func spec(_ name: String, _ shape: [Int]) -> ParameterSpec {
            ParameterSpec(name: name, shape: shape, role: .frozen, initialization: .frontEnd)
        }
        return [
            spec("spectrogram_extractor.stft.conv_real.weight", [binCount, 1, fftSize]),
            spec("spectrogram_extractor.stft.conv_imag.weight", [binCount, 1, fftSize]),
            spec("logmel_extractor.melW", [binCount, melBands]),
        ]
    }
}

extension Shape {
    /// Extent of one axis; 1 where the shape does not have it.
    public func extent(of axis: Axis) -> Int {
        switch axis {
        case .channel: channels
        case .height: spatial.first ?? 1
        case .width: spatial.count > 1 ? spatial[1] : 1
        }
    }
}

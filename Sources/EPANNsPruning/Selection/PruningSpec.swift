/// What a person asks pruning for: which layers, and how much of them.
public struct PruningSpec: Sendable, Hashable {
    /// The layers; nil takes those of ``LayerSelection/init(defaultFor:)``.
    public var layers: LayerSelection?
    /// The share that goes of layers without an amount of their own.
    public var ratio: Double
    /// What widths are rounded to, such as 16 for the hardware.
    public var multiple: Int
    /// Whether channels that residual sums tie are pruned, as one group, instead of left alone.
    public var prunesResiduals: Bool

    /// Makes a description; ``PruningSelection`` checks it.
    public init(
        layers: LayerSelection? = nil, ratio: Double = 0.5, multiple: Int = 1, prunesResiduals: Bool = false
    ) {
        self.layers = layers
        self.ratio = ratio
        self.multiple = multiple
        self.prunesResiduals = prunesResiduals
    }
}

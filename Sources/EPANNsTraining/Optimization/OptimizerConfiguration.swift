import EPANNsCore
import EPANNsGraph

/// How gradients change weights.
public struct OptimizerConfiguration: Codable, Hashable, Sendable {
    /// The method.
    public enum Kind: String, Codable, Hashable, Sendable, CaseIterable {
        /// Adam (Kingma, Ba, 2014); weight decay is added to the gradient.
        case adam
        /// Adam with decoupled weight decay (Loshchilov, Hutter, 2017).
        case adamW = "adamw"
        /// Stochastic gradient descent with momentum.
        case sgd
    }

    /// The method.
    public var kind: Kind
    /// Whether Adam keeps the largest second moment (Reddi et al., 2018); PANNs do.
    public var usesAMSGrad: Bool
    /// Adam's decay of the first moment.
    public var beta1: Double
    /// Adam's decay of the second moment.
    public var beta2: Double
    /// Added to Adam's denominator.
    public var epsilon: Double
    /// Momentum of stochastic gradient descent.
    public var momentum: Double
    /// Whether momentum is Nesterov's.
    public var usesNesterov: Bool
    /// Weight decay.
    public var weightDecay: Double
    /// Gradients are scaled down to this norm where theirs is larger; nil for never.
    public var clippingNorm: Double?

    private enum CodingKeys: String, CodingKey {
        case kind
        case usesAMSGrad = "amsgrad"
        case beta1, beta2, epsilon, momentum
        case usesNesterov = "nesterov"
        case weightDecay, clippingNorm
    }

    /// Makes settings; PANNs' where nothing is given (SPEC §5.3).
    public init(
        _ kind: Kind = .adam, usesAMSGrad: Bool = true, beta1: Double = 0.9, beta2: Double = 0.999,
        epsilon: Double = 1e-8, momentum: Double = 0.9, usesNesterov: Bool = false, weightDecay: Double = 0,
        clippingNorm: Double? = nil
    ) {
        self.kind = kind
        self.usesAMSGrad = usesAMSGrad
        self.beta1 = beta1
        self.beta2 = beta2
        self.epsilon = epsilon
        self.momentum = momentum
        self.usesNesterov = usesNesterov
        self.weightDecay = weightDecay
        self.clippingNorm = clippingNorm
    }

    /// Checks the numbers, which may come from a file.
    ///
    /// - Throws: `EPANNsError` with code `invalidConfiguration`.
    public func validate() throws {
        guard (0..<1).contains(beta1), (0..<1).contains(beta2), epsilon > 0, (0..<1).contains(momentum),
            weightDecay >= 0, weightDecay.isFinite, clippingNorm.map({ $0 > 0 && $0.isFinite }) ?? true
        else {
            throw EPANNsError(
                .invalidConfiguration,
                "The optimiser's numbers are invalid: betas \(beta1) and \(beta2) and momentum \(momentum) must lie "
                    + "in 0..<1, epsilon \(epsilon) and the clipping norm above 0, weight decay \(weightDecay) not below."
            )
        }
    }
}

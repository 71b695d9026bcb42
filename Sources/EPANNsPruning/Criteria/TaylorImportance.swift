import EPANNsCore
import EPANNsGraph

/// What the criterion `taylor` reads: |Σ weight × gradient| of every filter, added up batch by batch.
///
/// The gradients must come from the network as inference runs it, with batch norms that use their running statistics:
/// with a batch's own, the loss does not depend on a filter's scale, so that every sum is zero but for rounding.
///
/// Molchanov et al., “Importance Estimation for Neural Network Pruning”, CVPR 2019.
public struct TaylorImportance: Sendable {
    private var banks: [String: FilterBank] = [:]
    private var sums: [String: [Double]] = [:]
    private var clipCount = 0

    /// Whether batches have been added.
    public var isEmpty: Bool { clipCount == 0 }

    /// Begins with nothing.
    ///
    /// - Parameters:
    ///   - layers: The layers that are ranked.
    ///   - weights: The network's tensors by state-dict key.
    /// - Throws: `EPANNsError` with code `checkpointMismatch` when a layer's weight is missing.
    public init(layers: [String], weights: [String: Tensor]) throws {
        for layer in layers {
            guard let weight = weights[layer + ".weight"] else {
                throw EPANNsError(.checkpointMismatch, "The weights hold no \(layer).weight.")
            }
            let bank = try FilterBank(weight, name: layer)
            banks[layer] = bank
            sums[layer] = [Double](repeating: 0, count: bank.count)
        }
    }

    /// Adds a batch.
    ///
    /// - Parameters:
    ///   - gradients: Of the batch's mean loss by state-dict key; those of the layers' weights are read.
    ///   - clipCount: Clips of the batch, which it weighs.
    /// - Throws: `EPANNsError` with code `checkpointMismatch` when a gradient is missing or has another shape.
    public mutating func add(_ gradients: [String: Tensor], clipCount: Int) throws {
        precondition(clipCount > 0, "a batch has clips")
        for (layer, bank) in banks {
            guard let gradient = gradients[layer + ".weight"] else {
                throw EPANNsError(.checkpointMismatch, "There is no gradient of \(layer).weight.")
            }
            let terms = try WeightNorms.firstOrder(bank, gradient: gradient)
            for (filter, term) in terms.enumerated() { sums[layer]?[filter] += term * Double(clipCount) }
        }
        self.clipCount += clipCount
    }

    /// The mean over all clips, over its maximum; shape (filters).
    ///
    /// - Throws: `EPANNsError` with code `invalidConfiguration` for a layer that was not asked for.
    package func scores(of layer: String) throws -> [Double] {
        guard let sums = sums[layer], clipCount > 0 else {
            throw EPANNsError(.invalidConfiguration, "There is no gradient of \(layer).weight.")
        }
        return sums.map { $0 / Double(clipCount) }.normalized
    }
}

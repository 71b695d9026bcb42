import EPANNsCore
import EPANNsGraph

/// A budget for the whole network, which the ratio of pruning is found for.
///
/// The ratio is the same for all selected layers, in steps of a thousandth (of 25 where networks are measured); the
/// smallest that meets the budget is taken, 0 where it is met already.
///
/// Tests: `PruningSelectionTests`.
public enum PruningTarget: Hashable, Sendable {
    /// At most so many trainable parameters.
    case parameters(Int)
    /// At most so many multiply-accumulate operations for a clip of `sampleCount` samples, the STFT included.
    case macs(Int, sampleCount: Int)
    /// At most so many seconds for a clip, as measured.
    case latency(seconds: Double)

    /// Ratios are multiples of one over this.
    static let steps = 1000

    /// The selection with the smallest ratio that meets the budget.
    ///
    /// - Parameters:
    ///   - selection: The layers; ratios of its layers are replaced, numbers to keep are not allowed.
    ///   - pruner: The network that the selection was made for.
    ///   - latency: Measures a network in seconds; needed for ``latency(seconds:)``. It gets the selection.
    /// - Throws: `EPANNsError` with code `invalidConfiguration` when even one filter a layer is too much, or layers have
    ///   amounts of their own; and what measuring throws.
    public func selection(
        _ selection: PruningSelection, _ pruner: ChannelPruner, latency: (PruningSelection) throws -> Double
    ) throws -> PruningSelection {
        guard !(selection.spec.layers?.hasAmounts ?? false) else {
            throw EPANNsError(
                .invalidConfiguration,
                "A budget sets the same ratio for all layers; leave out the amounts of single layers, or the budget.")
        }
        // Measurements take seconds each and scatter: a coarser search.
        let stride =
            switch self {
            case .parameters, .macs: 1
            case .latency: 25
            }
        var (low, high) = (0, (Self.steps - 1) / stride)
        func candidate(_ step: Int) throws -> PruningSelection {
            try selection.with(ratio: Double(step * stride) / Double(Self.steps), in: pruner)
        }
        let whole = try candidate(0)
        if try meets(whole, pruner, latency) { return whole }
        let smallest = try candidate(high)
        guard try meets(smallest, pruner, latency) else {
            let least = try cost(smallest, pruner, latency)
            throw EPANNsError(
                .invalidConfiguration,
                "The budget cannot be met: with \(smallest.entries.map { "\($0.keptCount)" }.joined(separator: ", ")) filters "
                    + "left in the chosen layers there are still \(described(least)). Choose more layers, or a larger budget."
            )
        }
        while low < high {
            let middle = (low + high) / 2
            if try meets(candidate(middle), pruner, latency) { high = middle } else { low = middle + 1 }
        }
        return try candidate(high)
    }

    /// Whether a selection meets the budget; what was too slow is measured once more, for others use the machine, too.
    private func meets(
        _ selection: PruningSelection, _ pruner: ChannelPruner, _ latency: (PruningSelection) throws -> Double
    ) throws -> Bool {
        if try cost(selection, pruner, latency) <= limit { return true }
        guard case .latency = self else { return false }
        return try cost(selection, pruner, latency) <= limit
    }

    private var limit: Double {
        switch self {
        case .parameters(let count): Double(count)
        case .macs(let count, _): Double(count)
        case .latency(let seconds): seconds
        }
    }

    private func described(_ cost: Double) -> String {
        switch self {
        case .parameters: "\(Int(cost)) parameters"
        case .macs: "\(Int(cost)) MACs"
        case .latency: "\(Int((cost * 1000).rounded(.up))) ms"
        }
    }

    private func cost(
        _ selection: PruningSelection, _ pruner: ChannelPruner, _ latency: (PruningSelection) throws -> Double
    ) throws -> Double {
        switch self {
        case .parameters:
            return Double(try pruner.graph(keeping: selection.structure(pruner)).parameterCount)
        case .macs(_, let sampleCount):
            return Double(
                try CostReport(pruner.graph(keeping: selection.structure(pruner)), sampleCount: sampleCount).macs)
        case .latency: return try latency(selection)
        }
    }
}

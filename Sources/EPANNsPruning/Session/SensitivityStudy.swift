import EPANNsCore
import EPANNsGraph

/// How much a network suffers when one group of layers alone is pruned, by more and more.
///
/// Source: Li et al., “Pruning Filters for Efficient ConvNets”, ICLR 2017, figure 2. Test: `SensitivityTests`.
public struct SensitivityStudy: Codable, Hashable, Sendable {
    /// One group of layers.
    public struct Row: Codable, Hashable, Sendable {
        /// The layers whose filters were scored.
        public var layers: [String]
        /// Its number of channels.
        public var width: Int
        /// The network's metric, one for each ratio.
        public var metrics: [Double]
        /// Channels that stayed, one for each ratio.
        public var keptCounts: [Int]
    }

    /// The shares that went.
    public var ratios: [Double]
    /// The metric of the network as it is.
    public var baseline: Double
    /// A row for each group of the selection.
    public var rows: [Row]

    /// Measures.
    ///
    /// - Parameters:
    ///   - selection: Which groups are tried; its ratios are not used.
    ///   - pruner: The network that the selection was made for.
    ///   - weights: The network's tensors.
    ///   - scores: The units' importance, as ``PruningSelection/kept(_:scorer:)`` gives it.
    ///   - ratios: The shares that go, each 0 ≤ ratio < 1.
    ///   - metric: Runs a network on data; higher is better.
    ///   - progress: Is told how many of how many networks have been run.
    /// - Throws: `EPANNsError` with code `invalidConfiguration` for ratios that are out of range, and what `metric` throws.
    public init(
        _ selection: PruningSelection, _ pruner: ChannelPruner, weights: [String: Tensor], scores: [[Double]],
        ratios: [Double],
        metric: (ModelGraph, [String: Tensor]) throws -> Double, progress: (Int, Int) -> Void = { _, _ in }
    ) throws {
        guard !ratios.isEmpty, ratios.allSatisfy({ (0..<1).contains($0) }) else {
            throw EPANNsError(.invalidConfiguration, "Ratios are shares of filters that go, 0 ≤ ratio < 1: \(ratios).")
        }
        self.ratios = ratios
        let total = 1 + selection.entries.count * ratios.count
        baseline = try metric(pruner.graph, weights)
        progress(1, total)
        rows = []
        for entry in selection.entries {
            var row = Row(
                layers: pruner.groups[entry.group].scoredNames, width: entry.width, metrics: [], keptCounts: [])
            for ratio in ratios {
                let count = PruningAmount.ratio(ratio).keptCount(of: entry.width, multiple: selection.spec.multiple)
                var kept = pruner.everything
                kept[entry.group] = PruningSelection.best(count, of: scores[entry.group])
                let pruned = try pruner.prune(weights, keeping: kept)
                row.metrics.append(try metric(pruned.graph, pruned.weights))
                row.keptCounts.append(count)
                progress(1 + rows.count * ratios.count + row.metrics.count, total)
            }
            rows.append(row)
        }
    }
}

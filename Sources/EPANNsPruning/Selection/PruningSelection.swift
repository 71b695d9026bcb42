import EPANNsCore
import EPANNsGraph

/// How many channels stay of each group of a network; which ones, a criterion says later.
///
/// Tests: `PruningSelectionTests`.
public struct PruningSelection: Sendable, Hashable {
    /// One group that is pruned.
    public struct Entry: Sendable, Hashable {
        /// Its index in ``ChannelPruner/groups``.
        public var group: Int
        /// The amount asked for.
        public var amount: PruningAmount
        /// Channels before.
        public var width: Int
        /// Channels that stay.
        public var keptCount: Int
    }

    /// What was asked for.
    public let spec: PruningSpec
    /// The groups that were selected, in graph order.
    public let entries: [Entry]
    /// What a person should know, such as that tied layers were left alone.
    public let notes: [String]

    /// Finds the groups and counts.
    ///
    /// - Throws: `EPANNsError` with code `invalidConfiguration` when a number is invalid, a part of the list fits no
    ///   layer, a layer that is named cannot be pruned, or nothing is left to prune.
    public init(_ pruner: ChannelPruner, _ spec: PruningSpec = PruningSpec()) throws {
        guard (0..<1).contains(spec.ratio) else {
            throw EPANNsError(
                .invalidConfiguration, "The ratio is the share of filters that goes, 0 ≤ ratio < 1, not \(spec.ratio).")
        }
        guard (1...4096).contains(spec.multiple) else {
            throw EPANNsError(
                .invalidConfiguration, "Widths can be rounded to multiples of 1 to 4096, not \(spec.multiple).")
        }
        self.spec = spec
        var finder = GroupFinder(pruner, spec)
        for part in (spec.layers ?? LayerSelection(defaultFor: pruner.graph)).parts { try finder.take(part) }
        entries = try finder.entries()
        notes = finder.notes
    }

    /// The same groups, every one without an amount of its own by another ratio.
    public func with(ratio: Double, in pruner: ChannelPruner) throws -> PruningSelection {
        var spec = spec
        spec.ratio = ratio
        return try PruningSelection(pruner, spec)
    }

    /// Units to keep of every group when the most important come first in index order: for counting, without weights.
    package func structure(_ pruner: ChannelPruner) -> [[Int]] {
        var kept = pruner.everything
        for entry in entries { kept[entry.group] = Array(0..<entry.keptCount) }
        return kept
    }

    /// The units that stay: of each group the most important, in their order.
    ///
    /// - Throws: As ``ImportanceScorer/scores(of:)``.
    public func kept(_ pruner: ChannelPruner, scorer: ImportanceScorer) throws -> (kept: [[Int]], scores: [[Double]]) {
        var kept = pruner.everything
        var scores = [[Double]](repeating: [], count: kept.count)
        for entry in entries {
            let importance = try scorer.scores(of: pruner.groups[entry.group])
            scores[entry.group] = importance
            kept[entry.group] = Self.best(entry.keptCount, of: importance)
        }
        return (kept, scores)
    }

    /// The last `count` of the ascending order, sorted, so that filters stay in their order; SPEC §4.1.
    package static func best(_ count: Int, of importance: [Double]) -> [Int] {
        importance.ascendingOrder.suffix(count).sorted()
    }

    /// The layers whose filters are ranked.
    package func scoredLayers(_ pruner: ChannelPruner) -> [String] {
        entries.flatMap { pruner.groups[$0.group].scoredNames }
    }
}

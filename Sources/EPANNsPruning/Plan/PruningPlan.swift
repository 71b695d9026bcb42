import EPANNsCore
import EPANNsGraph

/// How many channels stay of each group of a network; which ones, a criterion says later.
///
/// Tests: `PruningPlanTests`.
public struct PruningPlan: Sendable, Hashable {
    /// What is asked for.
    public struct Request: Sendable, Hashable {
        /// The layers; nil takes those of ``LayerSelection/init(defaultFor:)``.
        public var layers: LayerSelection?
        /// The share that goes of layers without an amount of their own.
        public var ratio: Double
        /// What widths are rounded to, such as 16 for the hardware.
        public var multiple: Int
        /// Whether channels that residual sums tie are pruned, as one group, instead of left alone.
        public var prunesResiduals: Bool

        /// Makes a request.
        public init(
            layers: LayerSelection? = nil, ratio: Double = 0.5, multiple: Int = 1, prunesResiduals: Bool = false
        ) {
            self.layers = layers
            self.ratio = ratio
            self.multiple = multiple
            self.prunesResiduals = prunesResiduals
        }
    }

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
    public let request: Request
    /// The groups that were selected, in graph order.
    public let entries: [Entry]
    /// What a person should know, such as that tied layers were left alone.
    public let notes: [String]

    /// Finds the groups and counts.
    ///
    /// - Throws: `EPANNsError` with code `invalidConfiguration` when a number is out of range, a part of the list fits no
    ///   layer, a layer that is named cannot be pruned, or nothing is left to prune.
    public init(_ pruner: ChannelPruner, _ request: Request) throws {
        guard (0..<1).contains(request.ratio) else {
            throw EPANNsError(
                .invalidConfiguration,
                "The ratio is the share of filters that goes, 0 ≤ ratio < 1, not \(request.ratio).")
        }
        guard (1...4096).contains(request.multiple) else {
            throw EPANNsError(
                .invalidConfiguration, "Widths can be rounded to multiples of 1 to 4096, not \(request.multiple).")
        }
        self.request = request
        let selected = try Self.select(pruner, request)
        (entries, notes) = (selected.entries, selected.notes)
    }

    /// The same groups, every one without an amount of its own by another ratio.
    public func with(ratio: Double, in pruner: ChannelPruner) throws -> PruningPlan {
        var request = request
        request.ratio = ratio
        return try PruningPlan(pruner, request)
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
    public func scoredLayers(_ pruner: ChannelPruner) -> [String] {
        entries.flatMap { pruner.groups[$0.group].scoredNames }
    }

    // MARK: Selecting

    /// A layer that fits but is not ranked, such as a depthwise convolution, and the layers whose channels it has.
    private static func follower(
        _ part: LayerSelection.Part, _ pruner: ChannelPruner, _ numbers: [String: Int]
    ) -> (layer: String, makers: [String])? {
        let nodes = pruner.graph.nodes
        for (index, node) in nodes.enumerated() where part.matches(name: node.name, number: numbers[node.name]) {
            // Back to a layer of a group that is ranked.
            var at: Int? = index
            while let current = at {
                if let group = pruner.groups.first(where: { group in group.layers.contains { $0.node == current } }),
                    !group.scoredNames.isEmpty
                {
                    return (node.name, group.scoredNames)
                }
                at = nodes[current].inputs.first
            }
        }
        return nil
    }

    private static func select(
        _ pruner: ChannelPruner, _ request: Request
    ) throws -> (entries: [Entry], notes: [String]) {
        let isDefault = request.layers == nil
        let parts = (request.layers ?? LayerSelection(defaultFor: pruner.graph)).parts
        let numbers = pruner.convolutionNumbers
        var amounts: [Int: PruningAmount] = [:]
        var leftAlone: [String] = []
        for part in parts {
            if !isDefault { try part.check(convolutionCount: numbers.count) }
            var matchCount = 0
            for (index, group) in pruner.groups.enumerated() {
                let names = group.layers.filter(\.isScored).map(\.name)
                    .filter { part.matches(name: $0, number: numbers[$0]) }
                guard !names.isEmpty else { continue }
                matchCount += 1
                switch group.tie {
                case .fixed:
                    guard !part.namesOneLayer else {
                        throw EPANNsError(
                            .invalidConfiguration,
                            "\(part.text): the outputs of \(names[0]) are the classes; they cannot be pruned.")
                    }
                    continue
                case .residual where !request.prunesResiduals:
                    guard !part.namesOneLayer else {
                        let tied = group.scoredNames.joined(separator: ", ")
                        throw EPANNsError(
                            .invalidConfiguration,
                            "\(part.text): residual sums tie the channels of \(tied); have them pruned as one group "
                                + "(--residuals prune), or leave them out.")
                    }
                    leftAlone += names.filter { !leftAlone.contains($0) }
                    continue
                case .none, .residual: break
                }
                // Others may rely on the embedding's length; whoever wants it shorter says so.
                if isDefault, group.isEmbedding { continue }
                amounts[index] = part.amount ?? .ratio(request.ratio)
            }
            guard matchCount > 0 else {
                if let (layer, makers) = follower(part, pruner, numbers) {
                    throw EPANNsError(
                        .invalidConfiguration,
                        "\(part.text): \(layer) has the channels that \(makers.joined(separator: ", ")) makes, and loses them "
                            + "with it; name that instead.")
                }
                throw EPANNsError(
                    .invalidConfiguration,
                    "No layer is called \(part.text); --dry-run --layers '*' lists those that can be pruned.")
            }
        }
        guard !amounts.isEmpty else {
            throw EPANNsError(
                .invalidConfiguration,
                "Nothing is left to prune: residual sums tie \(leftAlone.joined(separator: ", ")); have tied channels "
                    + "pruned as one group (--residuals prune).")
        }
        let entries = try amounts.sorted { $0.key < $1.key }.map { index, amount in
            let width = pruner.groups[index].width
            if case .kept(let count) = amount, count > width {
                throw EPANNsError(
                    .invalidConfiguration,
                    "\(pruner.groups[index].scoredNames.joined(separator: ", ")) has \(width) filters; \(count) cannot stay."
                )
            }
            return Entry(
                group: index, amount: amount, width: width,
                keptCount: amount.keptCount(of: width, multiple: request.multiple))
        }
        let notes =
            leftAlone.isEmpty
            ? []
            : [
                "Left alone, because residual sums tie their channels: \(leftAlone.joined(separator: ", ")). "
                    + "--residuals prune takes each such group as one."
            ]
        return (entries, notes)
    }
}

extension ChannelPruner {
    /// Numbers of the convolutions, from 1, in the graph's order: C1, C2, … as in the paper.
    public var convolutionNumbers: [String: Int] {
        var numbers: [String: Int] = [:]
        for node in graph.nodes {
            if case .convolution = node.operation { numbers[node.name] = numbers.count + 1 }
        }
        return numbers
    }
}

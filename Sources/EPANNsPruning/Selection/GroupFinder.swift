import EPANNsCore
import EPANNsGraph

/// Finds the groups that a list of layers means, part by part.
struct GroupFinder {
    private let pruner: ChannelPruner
    private let spec: PruningSpec
    private let numbers: [String: Int]
    private var amounts: [Int: PruningAmount] = [:]
    private var leftAlone: [String] = []

    init(_ pruner: ChannelPruner, _ spec: PruningSpec) {
        (self.pruner, self.spec) = (pruner, spec)
        numbers = pruner.convolutionNumbers
    }

    private var isDefault: Bool { spec.layers == nil }

    /// Takes a part of the list; of several that mean a group the last one holds.
    ///
    /// - Throws: `EPANNsError` with code `invalidConfiguration` when it means no layer, or one that cannot be pruned.
    mutating func take(_ part: LayerSelection.Part) throws {
        if !isDefault { try part.check(convolutionCount: numbers.count) }
        var matchCount = 0
        for (index, group) in pruner.groups.enumerated() {
            let names = group.scoredNames.filter { part.matches(name: $0, number: numbers[$0]) }
            guard !names.isEmpty else { continue }
            matchCount += 1
            guard try isPrunable(group, names, part) else { continue }
            // Others may rely on the embedding's length; whoever wants it shorter says so.
            if isDefault, group.isEmbedding { continue }
            amounts[index] = part.amount ?? .ratio(spec.ratio)
        }
        if matchCount == 0 { throw mismatch(part) }
    }

    /// Whether a group that a part means can be pruned; one that a single name means must be.
    private mutating func isPrunable(
        _ group: ChannelGroup, _ names: [String], _ part: LayerSelection.Part
    ) throws -> Bool {
        switch group.tie {
        case .none: return true
        case .residual where spec.prunesResiduals: return true
        case .residual:
            guard !part.namesOneLayer else {
                throw EPANNsError(
                    .invalidConfiguration,
                    "\(part.text): residual sums tie the channels of \(group.scoredNames.joined(separator: ", ")); have "
                        + "them pruned as one group, or leave them out.", remedy: .pruneResiduals)
            }
            leftAlone += names.filter { !leftAlone.contains($0) }
            return false
        case .fixed:
            guard !part.namesOneLayer else {
                throw EPANNsError(
                    .invalidConfiguration,
                    "\(part.text): the outputs of \(names[0]) are classes, or are read as a whole; they cannot be pruned."
                )
            }
            return false
        }
    }

    private func mismatch(_ part: LayerSelection.Part) -> EPANNsError {
        if let (layer, makers) = follower(part) {
            return EPANNsError(
                .invalidConfiguration,
                "\(part.text): \(layer) has the channels that \(makers.joined(separator: ", ")) makes, and loses them "
                    + "with it; name that instead.")
        }
        return EPANNsError(
            .invalidConfiguration, "No layer is called \(part.text).", remedy: .listPrunableLayers)
    }

    /// A layer that fits but is not ranked, such as a depthwise convolution, and the layers whose channels it has.
    private func follower(_ part: LayerSelection.Part) -> (layer: String, makers: [String])? {
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

    /// The groups and how much stays of them.
    ///
    /// - Throws: `EPANNsError` with code `invalidConfiguration` when there are none, or one has fewer filters than are to
    ///   stay.
    func entries() throws -> [PruningSelection.Entry] {
        guard !amounts.isEmpty else {
            throw EPANNsError(
                .invalidConfiguration,
                "Nothing is left to prune: residual sums tie \(leftAlone.joined(separator: ", ")).",
                remedy: .pruneResiduals)
        }
        return try amounts.sorted { $0.key < $1.key }.map { index, amount in
            let width = pruner.groups[index].width
            if case .kept(let count) = amount, count > width {
                throw EPANNsError(
                    .invalidConfiguration,
                    "\(pruner.groups[index].scoredNames.joined(separator: ", ")) has \(width) filters; \(count) cannot "
                        + "stay.")
            }
            return .init(
                group: index, amount: amount, width: width,
                keptCount: amount.keptCount(of: width, multiple: spec.multiple))
        }
    }

    /// What a person should know.
    var notes: [String] {
        guard !leftAlone.isEmpty else { return [] }
        return [
            "Left alone, because residual sums tie their channels: \(leftAlone.joined(separator: ", ")). Such layers can "
                + "be pruned as one group where that is asked for."
        ]
    }
}

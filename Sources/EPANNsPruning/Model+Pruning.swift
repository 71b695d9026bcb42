import EPANNsCore
import EPANNsGraph
import EPANNsModels

extension Model {
    /// A pruned model, and which of its channels stayed.
    ///
    /// The result is a model like any other: another configuration, sliced weights, the same labels and provenance, and
    /// a `PruningRecord` more.
    ///
    ///     let pruner = ChannelPruner(try model.graph())
    ///     let selection = try PruningSelection(pruner, .init(ratio: 0.5))
    ///     let scorer = try ImportanceScorer(graph: pruner.graph, weights: model.weights, criterion: .operatorNorm)
    ///     let half = try model.pruned(pruner, keeping: selection.kept(pruner, scorer: scorer).kept)
    ///
    /// - Parameters:
    ///   - pruner: Made of this model's graph.
    ///   - kept: The units that stay of each of its groups, ascending.
    /// - Throws: `EPANNsError` as ``ChannelPruner/prune(_:keeping:)`` and `ModelConfiguration.withChannels(_:)`.
    ///
    /// Tests: `ModelPruningTests`.
    public func pruned(_ pruner: ChannelPruner, keeping kept: [[Int]]) throws -> Model {
        let pruned = try pruner.prune(weights, keeping: kept)
        var channels: [String: Int] = [:]
        for group in pruner.groups where group.tie != .fixed {
            for layer in group.layers { channels[layer.name] = pruned.graph.nodes[layer.node].channels }
        }
        // Depthwise convolutions make no channels of their own but have a width.
        for node in pruned.graph.nodes {
            if case .convolution(let settings) = node.operation, settings.groups > 1 {
                channels[node.name] = node.channels
            }
        }
        let configuration = try configuration.withChannels(channels)
        let graph = try configuration.graph()
        precondition(graph == pruned.graph, "the factory and the pruner make different networks")
        return try replacing(weights: pruned.weights, configuration: configuration)
    }

    /// Notes in the model what was pruned.
    ///
    /// - Parameters:
    ///   - selection: What was asked for.
    ///   - kept: The units that stayed.
    ///   - pruner: Made of the graph of the model before.
    ///   - criterion: How importance was measured.
    ///   - sourceSHA256: The digest of that model's file.
    ///   - program: Who did it.
    public mutating func recordPruning(
        _ selection: PruningSelection, keeping kept: [[Int]], in pruner: ChannelPruner, criterion: PruningCriterion,
        sourceSHA256: String?, by program: String
    ) {
        let ratios = Set(selection.entries.map(\.amount))
        var ratio: Double?
        if ratios.count == 1, case .ratio(let only) = ratios.first { ratio = only }
        let layers = selection.entries.flatMap { entry -> [PruningRecord.Layer] in
            let group = pruner.groups[entry.group]
            return group.layers.map { layer in
                PruningRecord.Layer(
                    name: layer.name, width: pruner.graph.nodes[layer.node].channels,
                    kept: pruner.keptChannels(of: layer.node, keeping: kept))
            }
        }
        pruning.append(
            PruningRecord(
                criterion: criterion.name, seed: criterion.seed, ratio: ratio, multiple: selection.spec.multiple,
                layers: layers, sourceSHA256: sourceSHA256, prunedBy: program))
    }
}

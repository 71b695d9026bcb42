import EPANNsCore
import EPANNsGraph

/// Removes channels from any network.
///
/// It follows the graph from every layer that makes channels to all that read them: a filter goes with its batch norm,
/// with the inputs of the next convolution, a linear layer's columns behind a reduction, a depthwise convolution's
/// channel and a squeeze-excitation's units. Whole groups go from grouped convolutions,
/// whole heads from attentions.
///
///     let pruner = ChannelPruner(graph)
///     let (graph, weights) = try pruner.prune(weights, keeping: kept)   // indices of units, one list a group
///
/// Source: SPEC §4.3. Tests: `ChannelPrunerTests`, `ChannelGroupTests`.
public struct ChannelPruner: Sendable {
    /// The network.
    public let graph: ModelGraph
    /// The channels that go together, in graph order.
    public let groups: [ChannelGroup]
    /// Of each node's channels the group and the unit; nil for channels that no layer makes, such as the input's.
    private let membership: [[Place?]]

    private struct Place: Sendable, Hashable {
        var group: Int
        var unit: Int
    }

    /// Looks at a network.
    public init(_ graph: ModelGraph) {
        self.graph = graph
        var analysis = Analysis(graph)
        analysis.joinChains()
        analysis.joinProducts()
        analysis.joinSums()
        groups = analysis.groups()
        var places: [Int: Place] = [:]
        for (groupIndex, group) in groups.enumerated() {
            for (unitIndex, unit) in group.units.enumerated() {
                for element in unit {
                    places[analysis.union.root(element.node, element.channel)] = Place(
                        group: groupIndex, unit: unitIndex)
                }
            }
        }
        membership = graph.nodes.indices.map { node in
            (0..<graph.nodes[node].channels).map { places[analysis.union.root(node, $0)] }
        }
    }

    /// Every unit of every group: what ``prune(_:keeping:)`` takes to change nothing.
    public var everything: [[Int]] { groups.map { Array(0..<$0.width) } }

    /// The channels of a node that stay when of each group these units stay.
    package func keptChannels(of node: Int, keeping kept: [[Int]]) -> [Int] {
        keptChannels(of: node, keptSets: kept.map(Set.init))
    }

    private func keptChannels(of node: Int, keptSets: [Set<Int>]) -> [Int] {
        membership[node].indices.filter { channel in
            membership[node][channel].map { keptSets[$0.group].contains($0.unit) } ?? true
        }
    }

    /// The network when of each group these units stay.
    ///
    /// - Parameter kept: For each of ``groups`` the units' indices, ascending; at least one.
    /// - Throws: `EPANNsError` with code `invalidConfiguration` when a list is empty, not ascending, out of range, or
    ///   removes channels that are fixed.
    public func graph(keeping kept: [[Int]]) throws -> ModelGraph {
        try check(kept)
        let sets = kept.map(Set.init)
        return graph(channels: graph.nodes.indices.map { keptChannels(of: $0, keptSets: sets) })
    }

    private func graph(channels: [[Int]]) -> ModelGraph {
        var result = graph
        for (index, node) in graph.nodes.enumerated() {
            let count = channels[index].count
            result.nodes[index].channels = count
            switch node.operation.parameterLayout {
            case .kernel(var settings):
                let filtersPerGroup = settings.filters / settings.groups
                if settings.groups > 1 { settings.groups = count / filtersPerGroup }
                settings.filters = count
                result.nodes[index].operation = .convolution(settings)
            case .matrix(var settings):
                settings.outputs = count
                result.nodes[index].operation = .linear(settings)
            case .norm, .affine, .value, .none: break
            }
            if case .attention(var settings) = node.operation {
                settings.heads = count / settings.headWidth
                result.nodes[index].operation = .attention(settings)
            }
        }
        return result
    }

    /// Removes channels.
    ///
    /// - Parameters:
    ///   - weights: The tensors by state-dict key; what belongs to no node of the graph stays as it is.
    ///   - kept: As ``graph(keeping:)`` takes it.
    /// - Returns: The smaller network and its tensors. Tensors of which nothing is removed are the same, not copies.
    /// - Throws: As ``graph(keeping:)``, and with code `checkpointMismatch` when a tensor is missing or of another shape.
    public func prune(
        _ weights: [String: Tensor], keeping kept: [[Int]]
    ) throws -> (graph: ModelGraph, weights: [String: Tensor]) {
        try check(kept)
        let sets = kept.map(Set.init)
        let channels = graph.nodes.indices.map { keptChannels(of: $0, keptSets: sets) }
        var result = weights
        for (index, node) in graph.nodes.enumerated() {
            guard let input = node.inputs.first else { continue }
            for spec in graph.parameterSpecs(of: index) {
                guard let tensor = weights[spec.name] else {
                    if spec.isOptional { continue }
                    throw EPANNsError(.checkpointMismatch, "The weights hold no \(spec.name).")
                }
                guard tensor.shape == spec.shape else {
                    throw EPANNsError(
                        .checkpointMismatch, "\(spec.name) has shape \(tensor.shape), but should have \(spec.shape).")
                }
                result[spec.name] = try tensor.keeping(
                    Self.keptIndices(node.operation, spec, outputs: channels[index], inputs: channels[input]))
            }
        }
        return (graph(channels: channels), result)
    }

    /// Of each axis of a tensor the indices that stay; nil where all do.
    private static func keptIndices(
        _ operation: Operation, _ spec: ParameterSpec, outputs: [Int], inputs: [Int]
    ) -> [[Int]?] {
        var axes = [[Int]?](repeating: nil, count: spec.shape.count)
        switch operation.parameterLayout {
        case .kernel(let settings):
            axes[0] = outputs
            // Within a group all inputs stay, or the group goes.
            if settings.groups == 1, axes.count > 1 { axes[1] = inputs }
        case .matrix:
            axes[0] = outputs
            if axes.count > 1 { axes[1] = inputs }
        case .norm(let settings):
            // The counter is a scalar; statistics over mel know no channels.
            if settings.axis == .channel, !axes.isEmpty { axes[0] = outputs }
        // A parameter that is a value and a layer norm keep all their channels: they are fixed.
        case .affine, .value, .none: break
        }
        return axes
    }

    private func check(_ kept: [[Int]]) throws {
        guard kept.count == groups.count else {
            throw EPANNsError(
                .invalidConfiguration,
                "\(kept.count.counted("list")) of channels cannot be for \(groups.count.counted("group")).")
        }
        for (group, units) in zip(groups, kept) {
            let name = group.layers.first?.name ?? ""
            guard !units.isEmpty, units.allSatisfy({ (0..<group.width).contains($0) }),
                zip(units, units.dropFirst()).allSatisfy(<)
            else {
                throw EPANNsError(
                    .invalidConfiguration,
                    "The channels to keep of \(name) must be some of 0..<\(group.width), in ascending order.")
            }
            guard group.tie != .fixed || units.count == group.width else {
                throw EPANNsError(
                    .invalidConfiguration,
                    "The channels of \(name) are fixed, such as the classes; they cannot be removed.")
            }
        }
    }
}

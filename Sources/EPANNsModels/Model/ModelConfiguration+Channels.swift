import EPANNsCore
import EPANNsGraph

extension ModelConfiguration {
    /// The same network with other widths: what pruning makes of it.
    ///
    /// - Parameter widths: One for every convolution: 4 for CNN6, 8 for CNN10, 12 for CNN14 and E-PANNs.
    /// - Throws: `EPANNsError` with code `invalidConfiguration` when their number or one of them is invalid, or the
    ///   architecture is not a chain of convolutions.
    public func withWidths(_ widths: [Int]) throws -> ModelConfiguration {
        var changed = self
        try changed.base.replaceWidths(widths)
        try changed.validate()
        return changed
    }

    /// The same network whose layers make other numbers of channels: what pruning makes of it.
    ///
    /// Unlike ``withWidths(_:)`` this reaches every layer of every architecture. Where pruning makes two widths of a
    /// MobileNetV3 equal by chance, or a layer's that were equal differ, the structure stays what it was.
    ///
    /// - Parameter channels: New numbers by the layers' names (state-dict prefixes); other layers keep theirs.
    /// - Throws: `EPANNsError` with code `invalidConfiguration` when a layer does not exist or cannot change, or the
    ///   numbers do not fit together.
    ///
    /// Tests: `ChannelPrunerTests`.
    public func withChannels(_ channels: [String: Int]) throws -> ModelConfiguration {
        var left = ChannelCounts(channels)
        var changed = self
        changed.base.take(&left)
        guard left.untaken.isEmpty else {
            throw EPANNsError(
                .invalidConfiguration,
                "\(architecture) has no layers of which the width could change called "
                    + "\(left.untaken.joined(separator: ", ")).")
        }
        try changed.validate()
        // Numbers that had to agree, such as those of a residual sum, are checked where they meet.
        let graph = try changed.graph()
        for node in graph.nodes {
            guard let wanted = channels[node.name], wanted != node.channels else { continue }
            throw EPANNsError(
                .invalidConfiguration,
                "\(node.name) cannot have \(wanted.counted("channel")) while the layers tied to it have \(node.channels)."
            )
        }
        return changed
    }
}

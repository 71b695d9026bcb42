import EPANNsCore
import EPANNsGraph

extension ModelConfiguration {
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
        var left = channels
        var changed = self
        switch self {
        case .cnn6(var configuration):
            configuration.widths.take(from: &left) { "conv_block\($0 + 1).conv1" }
            configuration.embeddingWidth = left.removeValue(forKey: "fc1") ?? configuration.embeddingWidth
            changed = .cnn6(configuration)
        case .cnn10(var configuration):
            configuration.widths.take(from: &left) { "conv_block\($0 / 2 + 1).conv\($0 % 2 + 1)" }
            configuration.embeddingWidth = left.removeValue(forKey: "fc1") ?? configuration.embeddingWidth
            changed = .cnn10(configuration)
        case .cnn14(var configuration):
            configuration.widths.take(from: &left) { "conv_block\($0 / 2 + 1).conv\($0 % 2 + 1)" }
            configuration.embeddingWidth = left.removeValue(forKey: "fc1") ?? configuration.embeddingWidth
            changed = .cnn14(configuration)
        case .mobileNetV3(let configuration):
            changed = .mobileNetV3(configuration.taking(&left))
        }
        guard left.isEmpty else {
            throw EPANNsError(
                .invalidConfiguration,
                "\(architecture) has no layers of which the width could change called "
                    + "\(left.keys.sorted().joined(separator: ", ")).")
        }
        try changed.validate()
        // Numbers that had to agree, such as those of a residual sum, are checked where they meet.
        let graph = try changed.graph()
        for node in graph.nodes {
            guard let wanted = channels[node.name], wanted != node.channels else { continue }
            throw EPANNsError(
                .invalidConfiguration,
                "\(node.name) cannot have \(wanted) channels while the layers tied to it have \(node.channels).")
        }
        return changed
    }
}

extension [Int] {
    fileprivate mutating func take(from channels: inout [String: Int], name: (Int) -> String) {
        for index in indices { self[index] = channels.removeValue(forKey: name(index)) ?? self[index] }
    }
}

extension MobileNetV3Configuration {
    fileprivate func taking(_ channels: inout [String: Int]) -> Self {
        var changed = self
        func take(_ name: String, _ width: inout Int) { width = channels.removeValue(forKey: name) ?? width }
        take("features.0.0", &changed.stemWidth)
        var (inputBefore, inputAfter) = (stemWidth, changed.stemWidth)
        for index in blocks.indices {
            let before = blocks[index]
            var block = before
            let (expands, adds) = (before.expands(from: inputBefore), before.addsInput(of: inputBefore))
            let prefix = "features.\(index + 1).block."
            var position = 0
            if expands {
                take("\(prefix)0.0", &block.expandedWidth)
                position += 1
            }
            // The same channels once more, as the layers that are tied to the expansion name them.
            take("\(prefix)\(position).0", &block.expandedWidth)
            position += 1
            if var squeezeWidth = before.squeezeWidth {
                take("\(prefix)\(position).conc_se_layers.0.fc1", &squeezeWidth)
                block.squeezeWidth = squeezeWidth
                take("\(prefix)\(position).conc_se_layers.0.fc2", &block.expandedWidth)
                position += 1
            }
            take("\(prefix)\(position).0", &block.outputWidth)
            (block.expands, block.addsInput) = (nil, nil)
            // Said only where the widths alone would tell otherwise, so that published networks look as before.
            if block.expands(from: inputAfter) != expands { block.expands = expands }
            if block.addsInput(of: inputAfter) != adds { block.addsInput = adds }
            changed.blocks[index] = block
            (inputBefore, inputAfter) = (before.outputWidth, block.outputWidth)
        }
        take("features.\(blocks.count + 1).0", &changed.embeddingWidth)
        take("classifier.2", &changed.hiddenWidth)
        return changed
    }
}

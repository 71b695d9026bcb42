import EPANNsCore
import EPANNsGraph
import EPANNsModels
import EPANNsPruning
import Testing

/// Heads and the units between two linear layers, as groups of an AST.
@Suite struct TransformerPruningTests {
    @Test func headsAndUnitsAreGroups() throws {
        let pruner = ChannelPruner(try SmallNetwork.ast.configuration.graph())
        let free = pruner.groups.filter { $0.tie != .fixed }
        #expect(
            free.map(\.scoredNames) == [
                ["v.blocks.0.attn.qkv"], ["v.blocks.0.mlp.fc1"], ["v.blocks.1.attn.qkv"], ["v.blocks.1.mlp.fc1"],
            ])
        #expect(free.map(\.width) == [4, 30, 3, 17])
        // A head has five queries, keys and values: rows 5…9 of each third for the second of four.
        #expect(free[0].units[1].map(\.channel).sorted() == Array(5..<10) + Array(25..<30) + Array(45..<50))
        // All of these, and nothing else, are pruned where no layers are named.
        let selection = try PruningSelection(pruner, .init(ratio: 0.5))
        #expect(selection.scoredLayers(pruner) == free.flatMap(\.scoredNames))
        #expect(selection.entries.map(\.keptCount) == [2, 15, 1, 8])
    }

    @Test func channelsOfTheTokensStay() throws {
        let pruner = ChannelPruner(try SmallNetwork.ast.configuration.graph())
        for name in ["v.patch_embed.proj", "v.blocks.0.attn.proj", "v.blocks.1.mlp.fc2", "mlp_head.1"] {
            let error = #expect(throws: EPANNsError.self) {
                try PruningSelection(pruner, .init(layers: LayerSelection(parsing: name)))
            }
            #expect(error?.code == .invalidConfiguration)
        }
    }
}

import EPANNsCore
import EPANNsGraph
import EPANNsModels
import EPANNsPruning
import Testing

@Suite struct ChannelGroupTests {
    private func groups(_ graph: ModelGraph) -> [[String]: ChannelGroup] {
        Dictionary(uniqueKeysWithValues: ChannelPruner(graph).groups.map { ($0.layers.map(\.name), $0) })
    }

    @Test func everyConvolutionOfCNN14IsAGroupOfItsOwn() throws {
        let pruner = ChannelPruner(try CNNConfiguration(.cnn14).graph())
        #expect(pruner.groups.map(\.width) == CNNConfiguration(.cnn14).widths + [2048, 527])
        #expect(pruner.groups.allSatisfy { $0.layers.count == 1 })
        #expect(pruner.groups.map(\.tie) == [ChannelGroup.Tie](repeating: .none, count: 13) + [.fixed])
        #expect(pruner.groups.filter(\.isEmbedding).map(\.scoredNames) == [["fc1"]])
        #expect(pruner.convolutionNumbers["conv_block4.conv1"] == 7)
        #expect(pruner.convolutionNumbers["conv_block6.conv2"] == 12)
    }

    @Test func residualSumsTieLayers() throws {
        let found = groups(ToyGraph.residual.graph)
        #expect(found[["stem", "c"]]?.tie == .residual)
        #expect(found[["stem", "c"]]?.width == 6)
        #expect(found[["hidden"]]?.isEmbedding == true)
        #expect(found[["classes"]]?.tie == .fixed)
        let bottleneck = groups(ToyGraph.bottleneck.graph)
        #expect(bottleneck[["stem", "wide"]]?.tie == .residual)
        #expect(bottleneck[["narrow"]]?.tie == ChannelGroup.Tie.none)
        #expect(bottleneck[["after"]]?.tie == ChannelGroup.Tie.none)
        // The sum of two reductions of the same map ties nothing new.
        #expect(groups(ToyGraph.vectors.graph)[["stem"]]?.tie == ChannelGroup.Tie.none)
    }

    @Test func gatesFollowWhatTheyScale() throws {
        let found = groups(ToyGraph.squeezeExcitation.graph)
        let expand = try #require(found[["expand", "f2"]])
        #expect(expand.scoredNames == ["expand"])
        #expect(expand.tie == .none)
        #expect(expand.width == 10)
        #expect(found[["f1"]]?.width == 3)
        #expect(found[["stem", "project"]]?.tie == .residual)
        #expect(groups(ToyGraph.gate.graph)[["gate", "c"]]?.scoredNames == ["c"])
    }

    @Test func groupedConvolutionsLoseWholeGroups() throws {
        // Two inputs and three filters a group: the stem's six channels go in pairs.
        let grouped = try #require(groups(ToyGraph.grouped.graph)[["stem"]])
        #expect(grouped.width == 3)
        #expect(grouped.units.map { $0.map(\.channel) } == [[0, 1], [2, 3], [4, 5]])
        #expect(groups(ToyGraph.depthwiseMultiplier.graph)[["stem"]]?.width == 6)
        // Four consecutive channels become one map's rows.
        #expect(groups(ToyGraph.unflattened.graph)[["c1"]]?.width == 2)
    }

    @Test func concatenationTiesNothing() throws {
        let found = groups(ToyGraph.concatenation.graph)
        #expect(found[["stem"]]?.width == 6)
        #expect(found[["a"]]?.width == 5)
        #expect(found[["b"]]?.width == 7)
    }

    @Test func channelsOfAStoredParameterAreFixed() throws {
        var g = GraphBuilder(input: .panns32k(melBands: 8))
        var x = g.convolution("stem", g.input, Convolution(filters: 6, kernel: [1, 8]))
        x = g.convolution("second", x, Convolution(filters: 6, kernel: [1, 1]))
        x = g.reduce("rows", x, .mean, over: [.width])
        x = g.add("sum", [x, g.parameter("pos_embed", Parameter(channels: 6, positions: 5))])
        g.classify(g.linear("fc", g.reduce("mean", x, .mean, over: [.height]), outputs: 3), .none)
        let found = groups(g.build())
        #expect(found[["second"]]?.tie == .fixed)
        #expect(found[["stem"]]?.tie == ChannelGroup.Tie.none)
        // What is kept keeps the parameter's tensor whole.
        let graph = g.build()
        let pruner = ChannelPruner(graph)
        var kept = pruner.everything
        kept[0] = [1, 4]
        let weights = randomWeights(graph)
        #expect(try pruner.prune(weights, keeping: kept).weights["pos_embed"]?.shape == [1, 5, 6])
    }

    @Test func mobileNetsBlocksAreFreeAndTheirOutputsTied() throws {
        let graph = try MobileNetV3Configuration(widthMultiplier: 1).graph()
        let pruner = ChannelPruner(graph)
        let free = pruner.groups.filter { $0.tie == .none }.flatMap(\.scoredNames)
        // The expansion of a block, the units of its squeeze-excitation, the hidden layer.
        #expect(free.contains("features.6.block.0.0"))
        #expect(free.contains("features.6.block.2.conc_se_layers.0.fc1"))
        #expect(free.contains("classifier.2"))
        let residual = pruner.groups.filter { $0.tie == .residual }
        // Blocks 5 and 6 add to the output of block 4.
        let names = ["features.4.block.3.0", "features.5.block.3.0", "features.6.block.3.0"]
        #expect(residual.contains { Set($0.scoredNames).isSuperset(of: names) })
        #expect(pruner.groups.filter(\.isEmbedding).map(\.scoredNames) == [["features.16.0"]])
    }
}

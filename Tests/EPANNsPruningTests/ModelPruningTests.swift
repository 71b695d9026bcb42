import EPANNsCore
import EPANNsGraph
import EPANNsModels
import EPANNsPruning
import EPANNsTestSupport
import Testing

@Suite struct ModelPruningTests {
    private func pruned(_ model: Model, _ request: PruningSpec, _ criterion: PruningCriterion) throws -> Model {
        let pruner = ChannelPruner(try model.graph())
        let plan = try PruningSelection(pruner, request)
        let scorer = try ImportanceScorer(graph: pruner.graph, weights: model.weights, criterion: criterion)
        let kept = try plan.kept(pruner, scorer: scorer).kept
        var result = try model.pruned(pruner, keeping: kept)
        result.recordPruning(
            plan, keeping: kept, in: pruner, criterion: criterion, sourceSHA256: model.sha256(), by: "test")
        return result
    }

    /// What was pruned, and where it came from, is in the file and comes back; so is what is pruned once more.
    @Test(arguments: SmallNetwork.allCases) func recordsSurviveTheFile(network: SmallNetwork) throws {
        try withTemporaryFolder { folder in
            let path = folder + "/whole.safetensors"
            let made = try Model(
                name: "small", configuration: network.configuration,
                weights: randomWeights(network.configuration.graph()))
            try made.write(to: folder + "/made.safetensors")
            var whole = try Model.read(path: folder + "/made.safetensors")
            whole.recordProvenance(convertedBy: "test")
            try whole.write(to: path)
            let read = try Model.read(path: path)
            let once = try pruned(read, .init(ratio: 0.3), .random(seed: 12))
            try once.write(to: folder + "/once.safetensors")
            let back = try Model.read(path: folder + "/once.safetensors")
            #expect(back.pruning == once.pruning)
            #expect(back.configuration == once.configuration)
            #expect(back.provenance?.sourceFile == "made.safetensors")
            #expect(back.labels == whole.labels)
            let record = try #require(back.pruning.first)
            #expect(record.criterion == "random")
            #expect(record.seed == 12)
            #expect(record.ratio == 0.3)
            #expect(record.sourceSHA256 == read.sha256())
            for layer in record.layers {
                let before = try #require(whole.weights[layer.name + ".weight"])
                let after = try #require(back.weights[layer.name + ".weight"])
                #expect(layer.width == before.shape[0])
                #expect(layer.kept.count == after.shape[0])
            }
            let twice = try pruned(back, .init(ratio: 0.3), .l1)
            try twice.write(to: folder + "/twice.safetensors")
            #expect(try Model.read(path: folder + "/twice.safetensors").pruning.map(\.criterion) == ["random", "l1"])
        }
    }

    /// The rows that stay are the rows that the record names.
    @Test func keptIndicesAreTheFilters() throws {
        let configuration = SmallNetwork.cnn14.configuration
        let whole = try Model(
            name: "small", configuration: configuration, weights: randomWeights(configuration.graph()))
        let half = try pruned(whole, .init(ratio: 0.5), .operatorNorm)
        #expect(half.configuration.widths == [4, 4, 5, 6, 6, 7, 4, 5, 5, 6, 6, 7])
        let record = try #require(half.pruning.first)
        #expect(record.layers.map(\.name).first == "conv_block4.conv1")
        let kept = try #require(record.layers.first { $0.name == "conv_block5.conv2" }?.kept)
        let inputs = try #require(record.layers.first { $0.name == "conv_block5.conv1" }?.kept)
        let before = try #require(whole.weights["conv_block5.conv2.weight"]).floats
        let after = try #require(half.weights["conv_block5.conv2.weight"]).floats
        var expected: [Float] = []
        for filter in kept {
            for channel in inputs {
                let start = (filter * 11 + channel) * 9
                expected += before[start..<start + 9]
            }
        }
        #expect(after == expected)
        #expect(half.weights["fc1.weight"]?.shape == [9, 7])
        #expect(half.weights["fc_audioset.weight"]?.storage === whole.weights["fc_audioset.weight"]?.storage)
    }

    /// Widths that become equal, or unequal, by pruning must not change a MobileNet's structure.
    @Test func mobileNetKeepsItsStructure() throws {
        let configuration = SmallNetwork.mn.configuration
        let weights = randomWeights(try configuration.graph())
        let pruner = ChannelPruner(try configuration.graph())
        func keeping(_ counts: [String: Int]) throws -> Model {
            var kept = pruner.everything
            for (name, count) in counts {
                let index = try #require(pruner.groups.firstIndex { $0.scoredNames.contains(name) })
                kept[index] = Array(0..<count)
            }
            return try Model(name: "mn", configuration: configuration, weights: weights).pruned(pruner, keeping: kept)
        }
        // An expansion to as many channels as come in.
        let input = try #require(configuration.widths.dropFirst(6).first)
        let equal = try keeping(["features.7.block.0.0": input])
        guard case .mobileNetV3(let values) = equal.configuration else {
            Issue.record("It is no longer a MobileNetV3: \(equal.configuration)")
            return
        }
        #expect(values.blocks[6].expandedWidth == input)
        #expect(values.blocks[6].expands == true)
        #expect(values.blocks[5].expands == nil)
        try withTemporaryFolder { folder in
            try equal.write(to: folder + "/mn.safetensors")
            #expect(try Model.read(path: folder + "/mn.safetensors").configuration == equal.configuration)
            // Bare tensors, as PyTorch has them, tell it too.
            #expect(try ArchitectureRecognizer(equal.weights).configuration() == equal.configuration)
        }
    }

    @Test func damagedRecordsAreRefused() throws {
        try withTemporaryFolder { folder in
            let configuration = SmallNetwork.cnn6.configuration
            var model = try Model(
                name: "small", configuration: configuration, weights: randomWeights(configuration.graph()))
            for kept in [[], [2, 1], [1, 1], [6], [-1]] {
                model.pruning = [
                    PruningRecord(criterion: "l1", layers: [.init(name: "x", width: 6, kept: kept)], prunedBy: "test")
                ]
                try model.write(to: folder + "/x.safetensors")
                let error = failure { _ = try Model.read(path: folder + "/x.safetensors") }
                #expect(error?.code == .invalidCheckpoint, "\(kept)")
            }
        }
    }

    @Test func configurationsWithOtherChannelsAreChecked() throws {
        let cnn14 = ModelConfiguration.cnn(CNNConfiguration(.cnn14))
        #expect(
            try cnn14.withChannels(["conv_block4.conv1": 256, "fc1": 512]).graph().nodes.first { $0.name == "fc1" }?
                .channels == 512)
        #expect(failure { _ = try cnn14.withChannels(["conv_block7.conv1": 256]) }?.code == .invalidConfiguration)
        #expect(failure { _ = try cnn14.withChannels(["fc_audioset": 5]) }?.code == .invalidConfiguration)
        #expect(failure { _ = try cnn14.withChannels(["fc1": 0]) }?.code == .invalidConfiguration)
        // One of two tied layers.
        let mn = SmallNetwork.mn.configuration
        #expect(failure { _ = try mn.withChannels(["features.5.block.3.0": 5]) }?.code == .invalidConfiguration)
        // A file that says so without sense.
        var values = MobileNetV3Configuration(widthMultiplier: 1)
        try ModelConfiguration.mobileNetV3(values).validate()
        // 112 channels in, 672 inside.
        values.blocks[11].expands = false
        #expect(failure { try ModelConfiguration.mobileNetV3(values).validate() }?.code == .invalidConfiguration)
        values.blocks[11].expands = nil
        // Its stride is 2.
        values.blocks[3].addsInput = true
        #expect(failure { try ModelConfiguration.mobileNetV3(values).validate() }?.code == .invalidConfiguration)
    }

    @Test func weightsThatAreNotFiniteAreRefused() throws {
        let configuration = SmallNetwork.cnn6.configuration
        var weights = randomWeights(try configuration.graph())
        var values = try #require(weights["conv_block2.conv1.weight"]).floats
        values[7] = .nan
        weights["conv_block2.conv1.weight"] = Tensor(shape: [8, 6, 5, 5], values: values)
        let model = try Model(name: "small", configuration: configuration, weights: weights)
        for criterion in [PruningCriterion.operatorNorm, .l1, .l2, .geometricMean, .geometricMedian] {
            let error = failure { _ = try pruned(model, .init(), criterion) }
            #expect(error?.code == .invalidCheckpoint)
            #expect(error?.message.contains("conv_block2.conv1") == true)
        }
    }
}

import EPANNsCore
import EPANNsGraph
import EPANNsModels
import EPANNsPruning
import EPANNsTestSupport
import Testing

@Suite struct PruningAmountTests {
    /// For all widths of CNN14 and every hundredth the reference's `int(width * (1 - p))` is the exact floor; SPEC §2.3.
    @Test func ratiosTruncateAsInTheReference() {
        for width in Set(CNNConfiguration(.cnn14).widths) {
            for percent in 0..<100 {
                let ratio = Double(percent) / 100
                let expected = max(1, width * (100 - percent) / 100)
                #expect(PruningAmount.ratio(ratio).keptCount(of: width) == expected)
            }
        }
        #expect(PruningAmount.ratio(0.3).keptCount(of: 512) == 358)
    }

    @Test func widthsAreRoundedToMultiples() {
        func kept(_ ratio: Double, _ width: Int) -> Int {
            PruningAmount.ratio(ratio).keptCount(of: width, multiple: 16)
        }
        #expect(kept(0.3, 512) == 352)  // 358
        #expect(kept(0.29, 512) == 368)  // 363
        #expect(kept(0.25, 96) == 80)  // 72, half way: up
        #expect(kept(0.99, 512) == 16)
        #expect(kept(0, 100) == 100)  // 96 or 112: never more than there are, and nothing was to go
        #expect(kept(0.9, 8) == 8)
        #expect(PruningAmount.kept(7).keptCount(of: 512, multiple: 16) == 7)
    }

    @Test func amountsAreRead() throws {
        #expect(try PruningAmount(parsing: "0.3") == .ratio(0.3))
        #expect(try PruningAmount(parsing: "30%") == .ratio(0.3))
        #expect(try PruningAmount(parsing: "256") == .kept(256))
        #expect(try PruningAmount(parsing: "0") == .ratio(0))
        for text in ["", "1.0", "-1", "nan", "inf", "100%", "0,5", "x"] {
            #expect(failure { _ = try PruningAmount(parsing: text) }?.code == .invalidConfiguration, "\(text)")
        }
    }
}

@Suite struct LayerSelectionTests {
    private let pruner: ChannelPruner

    init() throws { pruner = ChannelPruner(try CNNConfiguration(.cnn14).graph()) }

    private func widths(_ text: String, ratio: Double = 0.5, multiple: Int = 1) throws -> [Int] {
        let plan = try PruningSelection(
            pruner, .init(layers: LayerSelection(parsing: text), ratio: ratio, multiple: multiple))
        var widths = CNNConfiguration(.cnn14).widths
        for entry in plan.entries where entry.group < 12 { widths[entry.group] = entry.keptCount }
        return widths
    }

    @Test func rangesNamesAndAmounts() throws {
        let full = CNNConfiguration(.cnn14).widths
        #expect(try widths("C7-C12") == CNNConfiguration.epanns(pruned: 0.5).widths)
        #expect(try widths("c7") == full.prefix(6) + [256] + full.suffix(5))
        #expect(try widths("C7=0.3,C8=0.5") == full.prefix(6) + [358, 256] + full.suffix(4))
        #expect(try widths("C11=100, C12=30%") == full.prefix(10) + [100, 1433])
        #expect(try widths("conv_block6.*") == full.prefix(10) + [1024, 1024])
        #expect(
            try widths("conv_block?.conv2,conv_block1.conv2=0") == [
                64, 64, 128, 64, 256, 128, 512, 256, 1024, 512, 2048, 1024,
            ])
        // Later parts hold; a range of which some are named again.
        #expect(try widths("C1-C12=0.25,C12=0.75").suffix(2) == [1536, 512])
        #expect(try widths("*").prefix(2) == [32, 32])
    }

    @Test func whatFitsNothingIsAnError() throws {
        for text in ["C13", "conv7", "", "C7,,C8", "C7=", "C12-C7", "=0.5", "conv_block7.*"] {
            #expect(failure { _ = try widths(text) }?.code == .invalidConfiguration, "\(text)")
        }
        #expect(failure { _ = try widths("fc_audioset") }?.message.contains("classes") == true)
        #expect(failure { _ = try widths("C7=513") }?.message.contains("512") == true)
    }

    @Test func tiedLayersAreLeftAloneUnlessAskedFor() throws {
        let pruner = ChannelPruner(try SmallNetwork.mn.configuration.graph())
        let plan = try PruningSelection(pruner, .init())
        #expect(
            plan.entries.allSatisfy { pruner.groups[$0.group].tie == .none && !pruner.groups[$0.group].isEmbedding })
        #expect(plan.notes.count == 1)
        #expect(plan.notes[0].contains("features.5.block.3.0"))
        let all = try PruningSelection(pruner, .init(prunesResiduals: true))
        #expect(all.notes.isEmpty)
        #expect(all.entries.count > plan.entries.count)
        let named = try LayerSelection(parsing: "features.5.block.3.0")
        #expect(failure { _ = try PruningSelection(pruner, .init(layers: named)) }?.remedy == .pruneResiduals)
        #expect(try PruningSelection(pruner, .init(layers: named, prunesResiduals: true)).entries.count == 1)
    }
}

@Suite struct PruningSelectionTests {
    /// SPEC §4.4: trainable parameters and MACs of ten seconds, the STFT included.
    @Test(arguments: [(0.25, 47_408_591, 16.694), (0.5, 23_205_839, 13.466), (0.75, 8_145_359, 11.411)])
    func thePapersRatiosGiveItsNumbers(ratio: Double, parameters: Int, gigaMACs: Double) throws {
        let pruner = ChannelPruner(try CNNConfiguration(.cnn14).graph())
        let plan = try PruningSelection(pruner, .init(ratio: ratio))
        let graph = try pruner.graph(keeping: plan.structure(pruner))
        #expect(try graph == CNNConfiguration.epanns(pruned: ratio).graph())
        let cost = try CostReport(graph, sampleCount: 320_000)
        #expect(cost.parameters == parameters)
        // Rounded to three decimals in the table.
        #expect((Double(cost.macs) / 1e6).rounded() == (gigaMACs * 1e3).rounded())
    }

    @Test func budgetsAreMetByTheSmallestRatio() throws {
        let pruner = ChannelPruner(try CNNConfiguration(.cnn14).graph())
        let plan = try PruningSelection(pruner, .init())
        func parameters(_ plan: PruningSelection) throws -> Int {
            try CostReport(pruner.graph(keeping: plan.structure(pruner)), sampleCount: 320_000).parameters
        }
        let found = try PruningTarget.parameters(23_205_839).selection(plan, pruner) { _ in 0 }
        #expect(found.spec.ratio == 0.5)
        let tighter = try PruningTarget.parameters(23_205_838).selection(plan, pruner) { _ in 0 }
        #expect(tighter.spec.ratio == 0.501)
        #expect(try parameters(tighter) <= 23_205_838)
        let macs = try PruningTarget.macs(12_000_000_000, sampleCount: 320_000).selection(plan, pruner) { _ in 0 }
        let cost = try CostReport(pruner.graph(keeping: macs.structure(pruner)), sampleCount: 320_000)
        #expect(cost.macs <= 12_000_000_000)
        let before = try macs.with(ratio: macs.spec.ratio - 0.001, in: pruner)
        #expect(
            try CostReport(pruner.graph(keeping: before.structure(pruner)), sampleCount: 320_000).macs > 12_000_000_000)
        // A machine whose time is its channels.
        var measured = 0
        let quick = try PruningTarget.latency(seconds: 3000).selection(plan, pruner) { plan in
            measured += 1
            return Double(plan.entries.reduce(0) { $0 + $1.keptCount })
        }
        #expect(quick.entries.reduce(0) { $0 + $1.keptCount } <= 3000)
        #expect(quick.spec.ratio == 0.6)  // 7168 · 0.4 = 2867; in steps of 0.025
        // The whole network twice, the smallest once, six of the search's steps, two of which were too slow: once more.
        #expect(measured == 2 + 1 + 6 + 2)
        // What is met already takes nothing, though the first of two measurements was disturbed.
        var disturbed = true
        let met = try PruningTarget.latency(seconds: 8000).selection(plan, pruner) { _ in
            defer { disturbed = false }
            return disturbed ? 9000 : 7168
        }
        #expect(met.spec.ratio == 0)
        let impossible = failure { _ = try PruningTarget.parameters(1_000_000).selection(plan, pruner) { _ in 0 } }
        #expect(impossible?.message.contains("cannot be met") == true)
        let mixed = try PruningSelection(pruner, .init(layers: LayerSelection(parsing: "C7=0.5")))
        #expect(failure { _ = try PruningTarget.parameters(70_000_000).selection(mixed, pruner) { _ in 0 } } != nil)
    }

    @Test func ratiosAndMultiplesAreChecked() throws {
        let pruner = ChannelPruner(try CNNConfiguration(.cnn14).graph())
        for ratio in [-0.1, 1, .nan] {
            #expect(failure { _ = try PruningSelection(pruner, .init(ratio: ratio)) }?.code == .invalidConfiguration)
        }
        #expect(failure { _ = try PruningSelection(pruner, .init(multiple: 0)) }?.code == .invalidConfiguration)
    }
}

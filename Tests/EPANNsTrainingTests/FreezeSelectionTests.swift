import EPANNsTraining
import Testing

@Suite struct FreezeSelectionTests {
    private func frozen(_ patterns: String...) -> Set<String> {
        let selection = FreezeSelection(patterns: patterns)
        return Set(Self.names.filter(selection.contains))
    }

    private static let names = [
        "bn0.weight", "bn0.bias", "conv_block1.conv1.weight", "conv_block1.bn1.weight", "conv_block1.bn1.bias",
        "conv_block10.conv1.weight", "conv_block2.conv1.weight", "fc1.weight", "fc1.bias", "fc_audioset.weight",
        "fc_audioset.bias",
    ]

    @Test func `patterns are keys, prefixes and stars`() {
        #expect(frozen() == [])
        #expect(frozen("fc1.bias") == ["fc1.bias"])
        #expect(frozen("fc1") == ["fc1.weight", "fc1.bias"])
        // A prefix ends at a dot: conv_block10 is another block.
        #expect(
            frozen("conv_block1") == [
                "conv_block1.conv1.weight", "conv_block1.bn1.weight", "conv_block1.bn1.bias",
            ])
        #expect(frozen("conv_block*") == Set(Self.names.filter { $0.hasPrefix("conv_block") }))
        #expect(frozen("*.bias") == Set(Self.names.filter { $0.hasSuffix(".bias") }))
        #expect(frozen("conv*.bn*.bias") == ["conv_block1.bn1.bias"])
        #expect(frozen("*bn1") == ["conv_block1.bn1.weight", "conv_block1.bn1.bias"])
        #expect(frozen("*") == Set(Self.names))
        #expect(frozen("fc", "nothing", "c*x") == [])
        // Letters of a key that a star has taken are not taken again.
        #expect(!FreezeSelection(patterns: ["aba*aba"]).contains("aba"))
        #expect(FreezeSelection(patterns: ["a*b*c"]).contains("axbxc"))
    }

    @Test func `an exclamation mark takes out again, in order`() {
        #expect(frozen("*", "!fc_audioset") == Set(Self.names.filter { !$0.hasPrefix("fc_audioset") }))
        #expect(frozen("!fc_audioset", "*") == Set(Self.names))
        #expect(frozen("*", "!conv_block*", "conv_block2").contains("conv_block2.conv1.weight"))
        #expect(frozen("*", "!*.bias").isDisjoint(with: Self.names.filter { $0.hasSuffix(".bias") }))
    }

    @Test func `statistics are fixed with the whole norm only`() {
        #expect(FreezeSelection(patterns: ["bn0"]).containsStatistics(of: "bn0"))
        #expect(!FreezeSelection(patterns: ["bn0.bias"]).containsStatistics(of: "bn0"))
        #expect(!FreezeSelection(patterns: ["bn0"], includesStatistics: false).containsStatistics(of: "bn0"))
    }
}

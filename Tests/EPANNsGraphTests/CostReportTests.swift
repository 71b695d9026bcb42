import EPANNsCore
import EPANNsGraph
import Testing

/// Counting rules on a network small enough to count by hand; published networks are in `CostTests`.
@Suite struct CostReportTests {
    private static func graph(_ frontEnd: FrontEndConfiguration = .panns32k(melBands: 8)) -> ModelGraph {
        var g = GraphBuilder(input: frontEnd)
        var x = g.batchNorm("bn", g.input, BatchNorm(axis: .mel))
        x = g.convolution("c", x, Convolution(filters: 4, kernel: [3, 3], padding: [1, 1], hasBias: true))
        x = g.activation("r", x, .relu)
        g.classify(g.linear("fc", g.reduce("m", x, .mean, over: [.time, .mel]), outputs: 5), .none)
        return g.build()
    }

    @Test func macsAndFLOPsAreCountedAsPANNsDo() throws {
        let cost = try CostReport(Self.graph(), sampleCount: 3200)
        #expect(cost.frameCount == 11)
        let layers = Dictionary(uniqueKeysWithValues: cost.layers.map { ($0.name, $0) })
        // Two convolutions of 513 filters with 1024 taps.
        #expect(layers["spectrogram_extractor.stft"]?.macs == 2 * 513 * 1024 * 11)
        #expect(layers["bn"]?.macs == 0 && layers["bn"]?.flops == 2 * 11 * 8)
        #expect(layers["c"]?.macs == 4 * 11 * 8 * 9)
        #expect(layers["c"]?.flops == 2 * 4 * 11 * 8 * 9 + 4 * 11 * 8)
        #expect(layers["r"]?.flops == 0)
        #expect(layers["fc"]?.macs == 20 && layers["fc"]?.flops == 45)
        #expect(cost.macs == cost.layers.reduce(0) { $0 + $1.macs })
        #expect(cost.flops == cost.layers.reduce(0) { $0 + $1.flops })
        #expect(cost.parameters == 16 + 40 + 25)
    }

    @Test func lengthsThatCannotBeCountedThrow() throws {
        let graph = Self.graph()
        #expect(throws: EPANNsError.self) { try CostReport(graph, sampleCount: .max) }
        #expect(throws: EPANNsError.self) { try CostReport(graph, sampleCount: .min) }
        #expect(throws: EPANNsError.self) { try CostReport(graph, sampleCount: -1) }
    }

    @Test func anInvalidFrontEndThrowsRatherThanDividingByItsHop() {
        var frontEnd = FrontEndConfiguration.panns32k(melBands: 8)
        frontEnd.hopSize = 0
        let error = #expect(throws: EPANNsError.self) { try CostReport(Self.graph(frontEnd), sampleCount: 3200) }
        #expect(error?.code == .invalidConfiguration)
        #expect(frontEnd.frameCount(sampleCount: 3200) == 0)
    }
}

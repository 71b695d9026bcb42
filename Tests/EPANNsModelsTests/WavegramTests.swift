import EPANNsCore
import EPANNsGraph
import EPANNsModels
import Testing

/// What networks hear, and at which lengths both of Wavegram-Logmel's branches fit together.
@Suite struct WavegramTests {
    private func graph(_ name: String) throws -> ModelGraph { try #require(ModelConfiguration.named(name)).graph() }

    @Test func inputsAreWhatTheNetworkHears() throws {
        #expect(try graph("cnn14").inputs == [.logMel])
        #expect(try graph("wavegram-cnn14").inputs == [.waveform])
        #expect(try graph("wavegram-logmel-cnn14").inputs == [.logMel, .waveform])
    }

    @Test(arguments: ["cnn14", "wavegram-cnn14", "wavegram-logmel-cnn14"])
    func rowsTellTheClipsLength(name: String) throws {
        let graph = try graph(name)
        for samples in [10_236, 32_000, 320_000, 1_952_000] {
            let extent = graph.extent(sampleCount: samples)
            #expect(try graph.extent(rowCount: graph.rowCount(extent)) == extent)
        }
        for count in [-5, 0, 63] where !(graph.inputs == [.waveform] && count == 63) {
            let error = #expect(throws: EPANNsError.self) { try graph.extent(rowCount: count) }
            #expect(error?.code == .invalidAudio)
        }
    }

    /// SPEC §2.7: the branches differ exactly where the whole hops are odd in number and at most 315 samples are left over.
    @Test func lengthsFitAsTheSpecificationSays() throws {
        let graph = try graph("wavegram-logmel-cnn14")
        for samples in [10_236, 10_240, 10_559, 10_560, 10_561, 10_875, 10_876, 10_879, 224_000, 224_320, 1_952_000] {
            let differs = samples / 320 % 2 == 1 && samples % 320 <= 315
            #expect(graph.fittingSampleCount(samples) == (differs ? samples / 320 * 320 + 316 : samples))
        }
        // One input always fits.
        #expect(try self.graph("wavegram-cnn14").fittingSampleCount(10_561) == 10_561)
    }

    @Test func aRowOfAnotherLengthIsRefused() throws {
        let graph = try graph("wavegram-logmel-cnn14")
        let count = graph.rowCount(graph.extent(sampleCount: 32_000))
        #expect(throws: EPANNsError.self) { try graph.extent(rowCount: count + 330) }
    }
}

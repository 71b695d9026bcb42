import EPANNsAudio
import EPANNsCore
import EPANNsGraph
import Testing

/// A clip's row: spectrogram, samples, or both, whichever way it is made.
@Suite struct NetworkFrontEndTests {
    @Test(arguments: [[ModelGraph.Input.logMel], [.waveform], [.logMel, .waveform]])
    func rowsHoldWhatIsHeard(inputs: [ModelGraph.Input]) throws {
        let spectrogram = try LogMelSpectrogram(configuration: .panns32k())
        let frontEnd = NetworkFrontEnd(spectrogram, inputs: inputs)
        let samples = Signals.noise(count: 4321)
        let rows = try spectrogram(samples)
        let expected = inputs.flatMap { $0 == .logMel ? rows : samples }
        #expect(frontEnd.rowCount(sampleCount: samples.count) == expected.count)
        #expect(try frontEnd(samples) == expected)
        #expect(try frontEnd(samples, spectrogram: rows) == expected)
        var row = [Float](repeating: .nan, count: expected.count)
        try samples.withUnsafeBufferPointer { samples in
            try row.withUnsafeMutableBufferPointer { try frontEnd.compute(samples, into: $0) }
        }
        #expect(row == expected)
    }

    @Test func samplesThatAreNotFiniteAreRefused() throws {
        let frontEnd = NetworkFrontEnd(try LogMelSpectrogram(configuration: .panns32k()), inputs: [.waveform])
        var samples = Signals.noise(count: 2000)
        samples[7] = .infinity
        let error = #expect(throws: EPANNsError.self) { try frontEnd(samples) }
        #expect(error?.code == .invalidAudio)
    }
}

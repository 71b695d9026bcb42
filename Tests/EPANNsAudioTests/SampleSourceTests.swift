import EPANNsAudio
import EPANNsCore
import EPANNsGraph
import Foundation
import Testing

@Suite struct SampleSourceTests {
    @Test func pushedSamplesComeInOrderAndEnd() throws {
        let source = try PushedSamples(sampleRate: 32000)
        try source.push([1, 2])
        try source.push([])
        try source.push([3])
        source.finish()
        #expect(try source.next() == [1, 2, 3])
        #expect(try source.next() == nil)
        #expect(throws: EPANNsError.self) { try source.push([4]) }
    }

    @Test func aReaderWaitsForSamples() throws {
        let source = try PushedSamples(sampleRate: 16000)
        Thread.detachNewThread {
            Thread.sleep(forTimeInterval: 0.05)
            try? source.push([0.5])
        }
        #expect(try source.next() == [0.5])
        Thread.detachNewThread {
            Thread.sleep(forTimeInterval: 0.05)
            source.cancel()
        }
        #expect(throws: CancellationError.self) { try source.next() }
    }

    @Test func whatWaitsIsBoundedAndNothingIsTakenHalf() throws {
        let source = try PushedSamples(sampleRate: 1000, capacitySeconds: 1)
        try source.push([Float](repeating: 0, count: 900))
        #expect(throws: EPANNsError.self) { try source.push([Float](repeating: 0, count: 101)) }
        #expect(throws: EPANNsError.self) { try source.push([0, .nan]) }
        #expect(throws: EPANNsError.self) { try source.push([0, .infinity]) }
        source.finish()
        #expect(try source.next()?.count == 900)
    }

    @Test(arguments: [0, -1, 999, 2_000_000]) func absurdRatesAreRefused(rate: Int) {
        #expect(throws: EPANNsError.self) { try PushedSamples(sampleRate: rate) }
    }

    /// A tone keeps its frequency and its length at another rate.
    @Test func anotherRateIsConverted() throws {
        let source = try PushedSamples(sampleRate: 16000)
        // In Double: a Float's phase of 2700 rad is 1e-4 off.
        func tone(_ index: Int, _ rate: Double) -> Float { Float(sin(2 * .pi * 440 * Double(index) / rate)) }
        try source.push((0..<16000).map { tone($0, 16000) })
        source.finish()
        let resampled = try ResampledSamples(source, sampleRate: 32000)
        var samples: [Float] = []
        while let block = try resampled.next() { samples += block }
        #expect(samples.count == 32000)
        let worst = (1000..<31000).map { abs(samples[$0] - tone($0, 32000)) }.max() ?? 1
        // A precision of 20 bits is 1e-6; the rest is for the ripple of swresample's own filter.
        #expect(worst < 2e-5, "\(worst)")
    }
}

/// Overlapping windows' spectrograms, frame by frame, are those of the windows alone.
@Suite struct WindowSpectrogramsTests {
    private static let configurations: [FrontEndConfiguration] = [.panns32k(), .efficientAT]

    private static func noise(_ count: Int) -> [Float] {
        var state: UInt32 = 7
        return (0..<count).map { _ in
            state = state &* 1_664_525 &+ 1_013_904_223
            return Float(Int32(bitPattern: state)) / Float(Int32.max) * 0.5
        }
    }

    @Test(arguments: configurations, [(1.0, 0.5), (2.0, 0.25), (1.0, 0.01), (0.3, 0.1)])
    func framesHaveTheBitsOfTheWindowAlone(
        configuration: FrontEndConfiguration, window: (seconds: Double, hop: Double)
    ) throws {
        let spectrogram = try LogMelSpectrogram(configuration: configuration)
        let plan = try WindowPlan(
            sampleRate: configuration.sampleRate, windowSeconds: window.seconds, hopSeconds: window.hop,
            minimumSeconds: 0.05)
        try #require(WindowSpectrograms.serve(plan, configuration))
        let shared = try WindowSpectrograms(spectrogram)
        var cutter = WindowCutter(plan)
        let samples = Self.noise(configuration.sampleRate * 4 + 777)
        var count = 0
        func drain() throws {
            while let next = cutter.next() {
                #expect(try shared(next) == spectrogram(next.samples), "window \(next.index)")
                count += 1
            }
        }
        for start in stride(from: 0, to: samples.count, by: 4999) {
            let block = Array(samples[start..<min(samples.count, start + 4999)])
            try shared.append(block)
            try cutter.append(block)
            try drain()
        }
        cutter.finish()
        try drain()
        #expect(count > 3)
    }

    @Test func windowsThatShareNothingAreLeftAlone() throws {
        let configuration = FrontEndConfiguration.panns32k()
        for (window, hop) in [(1.0, 1.0), (1.0, 2.0), (1.0, 0.0101), (0.1, 0.05)] {
            let plan = try WindowPlan(sampleRate: 32000, windowSeconds: window, hopSeconds: hop)
            #expect(!WindowSpectrograms.serve(plan, configuration), "\(window) \(hop)")
        }
    }
}

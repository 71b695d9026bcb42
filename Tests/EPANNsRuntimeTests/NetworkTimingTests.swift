import EPANNsCore
import EPANNsModels
import EPANNsRuntime
import Testing

@Suite struct NetworkTimingTests {
    private let ways: [NetworkTiming.Way] = [
        .init(precision: .fp32, threads: 1), .init(precision: .fp32, threads: 2),
    ]

    private func timing(_ name: String, frames: Int = 101, turns: Int = 2) throws -> NetworkTiming {
        let graph = try #require(ModelConfiguration.named(name)).graph()
        return try NetworkTiming(graph, extent: .init(frames: frames), ways: ways, turns: turns)
    }

    @Test func `every way has its runs and takes time and memory`() throws {
        let timing = try timing("cnn10")
        #expect(timing.rows.map(\.way) == ways)
        for row in timing.rows {
            #expect(row.times.milliseconds.count == 4)
            #expect(row.times.minimum > 0 && row.times.minimum <= row.times.median)
        }
        // 5.2 million weights of 4 bytes, at least; other tests run beside this one, so there is no upper bound.
        if let peak = timing.rows[0].peakByteCount { #expect(peak > 15_000_000) }
        #expect(timing.fastest?.times.minimum == timing.rows.map(\.times.minimum).min())
    }

    @Test func `a network of eight times the operations takes longer`() throws {
        let small = try timing("mn04", frames: 1000, turns: 3)
        let large = try timing("cnn10", frames: 1001, turns: 3)
        // CNN10 has 14 GMACs, mn04 a hundredth of them.
        #expect(try #require(small.fastest).times.minimum * 3 < (try #require(large.fastest)).times.minimum)
    }

    @Test func `what cannot be measured is an error`() throws {
        let graph = try #require(ModelConfiguration.named("cnn10")).graph()
        #expect(throws: EPANNsError.self) { try NetworkTiming(graph, extent: .init(frames: 101), ways: ways, turns: 0) }
        #expect(throws: EPANNsError.self) {
            try NetworkTiming(graph, extent: .init(frames: 101), ways: [.init(precision: .fp32, threads: 0)], turns: 1)
        }
        #expect(throws: EPANNsError.self) { try NetworkTiming(graph, extent: .init(frames: 1), ways: ways, turns: 1) }
    }

    @Test func `medians are those of sorted runs`() {
        #expect(RunTimes(milliseconds: [3, 1, 2]).median == 2)
        #expect(RunTimes(milliseconds: [4, 1, 2, 3]).median == 2.5)
        #expect(RunTimes(milliseconds: [3, 1, 2]).minimum == 1)
        #expect(RunTimes().median.isNaN && RunTimes().minimum.isNaN)
    }
}

import EPANNsAudio
import EPANNsCore
import EPANNsGraph
import Testing

@Suite struct WindowTests {
    private func windows(_ count: Int, _ plan: WindowPlan, block: Int) throws -> [AudioWindow] {
        var cutter = WindowCutter(plan)
        var result: [AudioWindow] = []
        for start in stride(from: 0, to: count, by: block) {
            try cutter.append((start..<min(count, start + block)).map(Float.init))
            while let window = cutter.next() { result.append(window) }
        }
        cutter.finish()
        while let window = cutter.next() { result.append(window) }
        return result
    }

    /// What the policy says, written down once more and more simply: over the whole stream at once.
    private func expected(_ count: Int, _ plan: WindowPlan) -> [Range<Int>] {
        var ranges: [Range<Int>] = []
        var start = 0
        while start < count {
            let end = min(count, start + plan.windowSamples)
            let isWhole = end - start == plan.windowSamples
            let covered = ranges.last?.upperBound ?? 0
            if isWhole || ranges.isEmpty || (end > covered && end - start >= plan.minimumSamples) {
                ranges.append(start..<end)
            }
            if !isWhole { break }
            start += plan.hopSamples
        }
        return ranges
    }

    @Test(arguments: [
        (10.0, 10.0, 0.0), (10, 5, 0), (10, 5, 4), (10, 1, 0), (10, 25, 0), (10, 13, 2), (3, 3, 3), (7, 2, 7),
    ])
    func windowsFollowThePolicyForAnyBlockSize(window: Double, hop: Double, minimum: Double) throws {
        let plan = try WindowPlan(
            sampleRate: 10, windowSeconds: window, hopSeconds: hop, minimumSeconds: minimum)
        for count in [1, 5, 99, 100, 101, 149, 150, 151, 250, 255, 997] {
            for block in [1, 7, 100, 331, 1000] {
                let result = try windows(count, plan, block: block)
                #expect(result.map { $0.startSample..<$0.startSample + $0.samples.count } == expected(count, plan))
                #expect(result.map(\.index) == Array(0..<result.count))
                #expect(result.allSatisfy { $0.samples.first == Float($0.startSample) })
                #expect(result.allSatisfy { zip($0.samples, $0.samples.dropFirst()).allSatisfy { $1 == $0 + 1 } })
                #expect(result.allSatisfy { $0.startSeconds == Double($0.startSample) / 10 })
                #expect(result.allSatisfy { $0.endSeconds > $0.startSeconds })
            }
        }
    }

    @Test func anOnlyWindowIsGivenHoweverShort() throws {
        let plan = try WindowPlan(sampleRate: 100, windowSeconds: 10, minimumSeconds: 5)
        #expect(try windows(3, plan, block: 3).map(\.samples.count) == [3])
        #expect(try windows(1003, plan, block: 64).map(\.samples.count) == [1000])
        #expect(try windows(1500, plan, block: 64).map(\.samples.count) == [1000, 500])
    }

    @Test func samplesAfterTheEndAreAnError() throws {
        var cutter = WindowCutter(try WindowPlan(sampleRate: 100, windowSeconds: 1))
        try cutter.append([1, 2])
        cutter.finish()
        #expect(throws: EPANNsError.self) { try cutter.append([3]) }
        #expect(cutter.next()?.samples == [1, 2])
        #expect(cutter.next() == nil)
    }

    @Test func aReadersBlocksAreCut() throws {
        let reader = try AudioReader(.file(path: Fixture.path("chirp.wav")), sampleRate: 32000)
        var cutter = WindowCutter(try WindowPlan(sampleRate: 32000, windowSeconds: 0.2))
        var counts: [Int] = []
        while let block = try reader.next() {
            try cutter.append(block)
            while let window = cutter.next() { counts.append(window.samples.count) }
        }
        cutter.finish()
        while let window = cutter.next() { counts.append(window.samples.count) }
        #expect(counts == [6400, 6400, 3206])
    }

    @Test(arguments: [
        (0.0, 1.0, 0.0), (-1, 1, 0), (1, 0, 0), (1, 1, 2), (.nan, 1, 0), (1, .infinity, 0), (1e9, 1, 0), (1e-9, 1, 0),
    ])
    func numbersThatMakeNoSenseAreErrors(window: Double, hop: Double, minimum: Double) {
        let error = #expect(throws: EPANNsError.self) {
            try WindowPlan(sampleRate: 32000, windowSeconds: window, hopSeconds: hop, minimumSeconds: minimum)
        }
        #expect(error?.code == .invalidConfiguration)
    }
}

import EPANNsProcesses
import Foundation
import Testing

@Suite struct CoreLoadTests {
    @Test func `lines of proc stat`() {
        let cores = CoreLoad.cores(
            of: """
                cpu  300 0 100 1000 20 0 0 5 7 0
                cpu0 100 10 50 700 20 1 2 5 90 0
                cpu11 1 2 3 4 5 6 7 8
                cpu12 1 2
                intr 5 6
                """)
        #expect(cores.keys.sorted() == [0, 11])
        // Idle and waiting for a disk; guests' time is in the user's.
        #expect(cores[0]?.idle == 720)
        #expect(cores[0]?.total == 888)
        #expect(cores[11]?.idle == 9)
    }

    /// Two cores over a second: idle ticks of each, own processor time, what is free.
    @Test(arguments: [
        (100, 100, 0.0, 2.0), (0, 0, 0.0, 0.0), (100, 0, 0.0, 1.0), (50, 20, 0.0, 0.7), (0, 100, 1.0, 2.0),
        (0, 0, 0.7, 0.7), (100, 100, 0.5, 2.0),
    ])
    func `what this process takes counts as free`(first: Int, second: Int, own: Double, expected: Double) {
        let before = CoreLoad(cores: [0: (500, 1000), 3: (0, 7)], ownSeconds: 9, time: 50)
        let after = CoreLoad(
            cores: [0: (500 + first, 1100), 3: (second, 107)], ownSeconds: 9 + own, time: 51)
        #expect(abs(after.freeCores(since: before) - expected) < 1e-12)
    }

    @Test func `lists of cores`() {
        #expect(CoreLoad.numbers(in: "\t0-3,8,10-11") == [0, 1, 2, 3, 8, 10, 11])
        #expect(CoreLoad.numbers(in: "7") == [7])
        #expect(CoreLoad.numbers(in: "").isEmpty)
        #expect(CoreLoad.numbers(in: "5-2,x").isEmpty)
    }

    @Test func `a real machine`() throws {
        #if os(Linux)
        let before = try #require(CoreLoad.now())
        Thread.sleep(forTimeInterval: 0.05)
        let free = try #require(CoreLoad.now()).freeCores(since: before)
        #expect((0...Double(ProcessInfo.processInfo.activeProcessorCount)).contains(free))
        #else
        #expect(CoreLoad.now() == nil)
        #endif
    }
}

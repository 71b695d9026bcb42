import COneDNN
import EPANNsGraph
import EPANNsModels
import EPANNsRuntime
import EPANNsTestSupport
import Foundation
import Testing

@Suite struct ThreadPolicyTests {
    private func threads(_ name: String, seconds: Double, batch: Int = 1) throws -> Int {
        let graph = try #require(ModelConfiguration.named(name)).graph()
        let frames = graph.input.frameCount(sampleCount: Int(seconds * Double(graph.input.sampleRate)))
        return ThreadPolicy.threads(8, for: graph, extent: ClipExtent(frames: frames), batch: batch)
    }

    @Test func `small networks and short clips take one thread`() throws {
        #expect(try threads("mn04", seconds: 10) == 1)
        #expect(try threads("mn04", seconds: 30) == 1)
        #expect(try threads("mn10", seconds: 10) == 1)
        #expect(try threads("cnn14", seconds: 10) == 8)
        // In between as many as there is work for, and a batch is as much work as its clips.
        let few = try threads("mn20", seconds: 10)
        #expect((2...4).contains(few))
        #expect(try threads("mn04", seconds: 10, batch: 64) == 8)
        // Never more than wanted, and one for a clip that is too short for the network.
        let graph = try #require(ModelConfiguration.named("cnn14")).graph()
        #expect(ThreadPolicy.threads(1, for: graph, extent: ClipExtent(frames: 1001), batch: 1) == 1)
        #expect(ThreadPolicy.threads(2, for: graph, extent: ClipExtent(frames: 1001), batch: 1) == 2)
        #expect(ThreadPolicy.threads(2, for: graph, extent: ClipExtent(frames: 1), batch: 1) == 1)
    }

    @Test func `a network gives small work one thread`() throws {
        let fixture = try NetworkFixture("cnn10")
        let item = try #require(fixture.cases.first)
        let network = InferenceNetwork(graph: fixture.graph, weights: fixture.weights, options: .init(threads: 4))
        let plan = try network.plan(for: .init(batch: item.batch, item.extent))
        #expect(plan.options.threads == 1)
        #expect(network.options.threads == 4)
    }

    /// One thread of a team of two works for 30 ms, the other waits for it; how much processor time that takes.
    @Test func `threads that wait sleep`() throws {
        try #require(ThreadPolicy.sleepAtBarriers(), "oneDNN's threads are not libgomp's")
        var least = Double.infinity
        for _ in 0..<5 {
            let before = ownSeconds()
            let ran = onednn_run_team(
                { _ in
                    guard onednn_thread_index() == 1 else { return }
                    let end = ContinuousClock.now + .milliseconds(30)
                    while ContinuousClock.now < end {}
                }, nil, 2)
            #expect(ran == 1)
            least = min(least, ownSeconds() - before)
        }
        print("waiting 30 ms for a thread takes \(least * 1000) ms of processor time")
        // libgomp spins for 3 ms and more where it is not kept from it, and for some microseconds here.
        #expect(least < 0.001)
    }

    private func ownSeconds() -> Double {
        var time = timespec()
        guard clock_gettime(CLOCK_THREAD_CPUTIME_ID, &time) == 0 else { return .nan }
        return Double(time.tv_sec) + Double(time.tv_nsec) / 1e9
    }
}

import EPANNsRuntime
import Synchronization
import Testing

@Suite struct TeamTests {
    /// A team within a team gets one thread, whatever it asks for; limits of the environment do the same.
    @Test func everyShareIsDoneByFewerThreadsThanAskedFor() {
        let done = Mutex([Int](repeating: 0, count: 100))
        Team(threads: 2).run(2) { outer in
            for _ in outer {
                Team(threads: 4).run(100) { range in done.withLock { for index in range { $0[index] += 1 } } }
            }
        }
        #expect(done.withLock { $0 } == [Int](repeating: 2, count: 100))
    }
}

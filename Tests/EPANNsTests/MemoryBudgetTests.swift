import EPANNs
import Foundation
import Synchronization
import Testing

@Suite struct MemoryBudgetTests {
    @Test(arguments: [(60, 1), (40, 2), (1000, 1)]) func noMoreIsTakenThanThereIs(wanted: Int, most: Int) {
        let budget = MemoryBudget(byteCount: 100)
        let seen = Mutex((now: 0, most: 0))
        let done = DispatchGroup()
        for _ in 0..<6 {
            done.enter()
            Thread.detachNewThread {
                budget.with(byteCount: wanted) {
                    seen.withLock { $0 = ($0.now + 1, max($0.most, $0.now + 1)) }
                    // Long enough for the others to come.
                    Thread.sleep(forTimeInterval: 0.05)
                    seen.withLock { $0.now -= 1 }
                }
                done.leave()
            }
        }
        done.wait()
        #expect((1...most).contains(seen.withLock { $0.most }))
    }
}

import Dispatch
import Foundation

/// Some threads that run the same body once, and can be waited for.
package final class WorkerThreads: Sendable {
    private let group = DispatchGroup()

    /// Starts the threads.
    package init(count: Int, name: String, _ body: @escaping @Sendable () -> Void) {
        for number in 0..<count {
            group.enter()
            let thread = Thread { [group] in
                body()
                group.leave()
            }
            thread.name = "\(name) \(number)"
            thread.stackSize = 4 << 20
            thread.start()
        }
    }

    /// Waits until every body has returned.
    package func join() { group.wait() }
}

import Dispatch
import Foundation

/// Some threads that run the same body once, and can be waited for.
final class WorkerThreads: Sendable {
    private let group = DispatchGroup()

    /// Starts the threads.
    init(count: Int, name: String, _ body: @escaping @Sendable () -> Void) {
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
    func join() { group.wait() }
}

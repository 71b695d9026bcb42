import Foundation

/// Memory that several share: who wants more than is left waits until others have given theirs back.
///
/// Test: `MemoryBudgetTests`.
package final class MemoryBudget: @unchecked Sendable {
    // All of it behind the condition's lock.
    private let condition = NSCondition()
    private let byteCount: Int
    private var left: Int

    /// A budget of so many bytes.
    package init(byteCount: Int) { (self.byteCount, left) = (byteCount, byteCount) }

    /// Calls `body` as soon as there is room.
    ///
    /// - Parameter byteCount: What it needs; more than there is at all takes everything.
    package func with<Result>(byteCount wanted: Int, _ body: () throws -> Result) rethrows -> Result {
        let taken = min(wanted, byteCount)
        condition.withLock {
            while left < taken { condition.wait() }
            left -= taken
        }
        defer {
            condition.withLock {
                left += taken
                condition.broadcast()
            }
        }
        return try body()
    }
}

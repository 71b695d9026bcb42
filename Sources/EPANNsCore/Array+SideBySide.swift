import Dispatch
import Synchronization

extension Array where Element: Sendable {
    /// The elements that `make` makes of the numbers `0..<count`, several side by side, in order.
    ///
    /// - Parameters:
    ///   - count: Number of elements.
    ///   - jobs: How many are made at once; no more than there are elements.
    ///   - make: Called on several threads, once a number.
    /// - Throws: What `make` threw first; what has not begun by then is left out.
    package init(count: Int, jobs: Int, make: @Sendable (Int) throws -> Element) throws {
        let next = Atomic(0)
        let state = Mutex<(elements: [Element?], failure: (any Error)?)>(
            ([Element?](repeating: nil, count: count), nil))
        DispatchQueue.concurrentPerform(iterations: Swift.max(1, Swift.min(jobs, count))) { _ in
            while state.withLock({ $0.failure == nil }) {
                let index = next.wrappingAdd(1, ordering: .relaxed).oldValue
                guard index < count else { return }
                do {
                    let element = try make(index)
                    state.withLock { $0.elements[index] = element }
                } catch {
                    state.withLock { $0.failure = $0.failure ?? error }
                }
            }
        }
        let (elements, failure) = state.withLock { $0 }
        if let failure { throw failure }
        self = elements.map { element in
            guard let element else { preconditionFailure("an element was not made") }
            return element
        }
    }
}

import EPANNsTraining
import Foundation

/// Processes that are threads of one: what several processes do, without a launcher.
package final class ThreadGroup: @unchecked Sendable {
    /// Another thread has failed, and this one would wait forever.
    package struct Abandoned: Error {}

    // All of it behind the condition's lock.
    private let condition = NSCondition()
    private let count: Int
    private var slots: [[UInt8]]
    private var gathered: [[UInt8]] = []
    private var arrived = 0
    private var round = 0
    private var isAbandoned = false

    private init(count: Int) {
        self.count = count
        slots = Array(repeating: [], count: count)
    }

    private struct Member: Communicator {
        let rank: Int
        let group: ThreadGroup
        var count: Int { group.count }
        var coreCount: Int { 1 }

        func gather(_ bytes: [UInt8]) throws -> [[UInt8]] { try group.gather(bytes, rank) }

        func sum(_ values: UnsafeMutableBufferPointer<Float>) throws {
            let all = try gather(Array(UnsafeRawBufferPointer(values)))
            values.update(repeating: 0)
            for bytes in all {
                bytes.withUnsafeBytes { bytes in
                    for index in values.indices {
                        values[index] += bytes.loadUnaligned(fromByteOffset: 4 * index, as: Float.self)
                    }
                }
            }
        }
    }

    /// Runs `body` in so many threads at once.
    ///
    /// - Returns: Their results by rank; errors of those that failed.
    package static func run<Value>(
        _ count: Int, _ body: @escaping @Sendable (any Communicator) throws -> Value
    ) -> [Result<Value, any Error>] {
        let group = ThreadGroup(count: count)
        let results = Results<Value>(count)
        let done = DispatchGroup()
        for rank in 0..<count {
            done.enter()
            let thread = Thread {
                results.set(Result { try body(Member(rank: rank, group: group)) }, rank, in: group)
                done.leave()
            }
            thread.stackSize = 8 << 20
            thread.start()
        }
        done.wait()
        return results.values.compactMap(\.self)
    }

    private final class Results<Value>: @unchecked Sendable {
        // Behind the group's lock, and read when all threads are done.
        var values: [Result<Value, any Error>?]

        init(_ count: Int) { values = Array(repeating: nil, count: count) }

        func set(_ value: Result<Value, any Error>, _ rank: Int, in group: ThreadGroup) {
            group.condition.withLock {
                values[rank] = value
                if case .failure = value { group.isAbandoned = true }
                group.condition.broadcast()
            }
        }
    }

    private func gather(_ bytes: [UInt8], _ rank: Int) throws -> [[UInt8]] {
        try condition.withLock {
            slots[rank] = bytes
            arrived += 1
            if arrived == count {
                gathered = slots
                arrived = 0
                round += 1
                condition.broadcast()
                return gathered
            }
            let mine = round
            while round == mine {
                if isAbandoned { throw Abandoned() }
                condition.wait()
            }
            return gathered
        }
    }
}

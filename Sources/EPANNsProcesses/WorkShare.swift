import EPANNsCore
import Foundation
import Synchronization

/// Does numbered pieces of work side by side: on the threads of one process, or of several processes.
///
/// Several processes meet fifty times a second. Each says how many more pieces it would like and hands over what it has
/// done; since all hear the same, all know who does which piece, without a master, and each piece is done once. Fast
/// machines ask for more. Tests: `WorkShareTests`, `MPITests`.
package struct WorkShare {
    private let communicator: any Communicator
    private let jobs: Int

    /// Whether several processes do the work.
    package var isShared: Bool { communicator.count > 1 }

    /// - Parameter jobs: Pieces that one process does side by side.
    package init(communicator: any Communicator = SoloCommunicator(), jobs: Int) {
        self.communicator = communicator
        self.jobs = max(1, jobs)
    }

    /// Does the pieces `0..<count`.
    ///
    /// - Parameters:
    ///   - work: Does a piece; called on several threads at once. What it throws ends the whole in all processes.
    ///   - take: Gets a piece's result, in no particular order, in the first process alone; called on several threads
    ///     where there is one process. What it throws ends the whole.
    /// - Throws: What `work` or `take` threw first.
    package func run<Result: Codable & Sendable>(
        _ count: Int, work: @escaping @Sendable (Int) throws -> Result,
        take: @Sendable (_ piece: Int, Result) throws -> Void
    ) throws {
        if communicator.count == 1 {
            try alone(count) { try take($0, work($0)) }
        } else {
            try together(count, work: work, take: take)
        }
    }

    private func alone(_ count: Int, _ body: @Sendable (Int) throws -> Void) throws {
        let next = Atomic(0)
        let failure = Mutex<(any Error)?>(nil)
        DispatchQueue.concurrentPerform(iterations: min(jobs, count)) { _ in
            while failure.withLock({ $0 == nil }) {
                let piece = next.wrappingAdd(1, ordering: .relaxed).oldValue
                guard piece < count else { return }
                do { try body(piece) } catch { failure.withLock { $0 = $0 ?? error } }
            }
        }
        if let error = failure.withLock({ $0 }) { throw error }
    }

    private func together<Result: Codable & Sendable>(
        _ count: Int, work: @escaping @Sendable (Int) throws -> Result,
        take: @Sendable (_ piece: Int, Result) throws -> Void
    ) throws {
        let bench = WorkBench<Result>()
        let workers = DispatchGroup()
        for _ in 0..<min(jobs, max(count, 1)) {
            workers.enter()
            Thread.detachNewThread {
                bench.serve(work)
                workers.leave()
            }
        }
        defer {
            bench.close()
            workers.wait()
        }
        var (assigned, done, appetite) = (0, 0, jobs)
        var failure: SentError?
        while true {
            let harvest = bench.harvest(waiting: assigned == 0 ? 0 : 0.02)
            // As much as lasts until the meeting after the next.
            appetite = max(jobs, 2 * harvest.results.count)
            let mine = Message(
                wanted: max(0, appetite - harvest.backlog), failure: failure ?? harvest.failure,
                results: harvest.results)
            let all = try communicator.gather(mine.encoded()).map(Message<Result>.init(encoded:))
            if let failure = all.lazy.compactMap(\.failure).first { throw failure.error }
            var wanted = all.map(\.wanted)
            // One after the other, so that few pieces are shared out evenly and come back in order.
            while assigned < count, wanted.contains(where: { $0 > 0 }) {
                for rank in wanted.indices where wanted[rank] > 0 && assigned < count {
                    wanted[rank] -= 1
                    if rank == communicator.rank { bench.add(assigned) }
                    assigned += 1
                }
            }
            done += all.reduce(0) { $0 + $1.results.count }
            if communicator.rank == 0 {
                // Told at the next meeting, so that all end together.
                do {
                    for result in all.flatMap(\.results) { try take(result.piece, result.value) }
                } catch { failure = SentError(error) }
            }
            // One more meeting for what the last results have led to.
            if done == count, all.allSatisfy(\.results.isEmpty) { return }
        }
    }
}

/// An error on its way to another process.
package struct SentError: Codable, Sendable {
    private var code: String
    private var message: String
    private var cause: String?
    private var remedy: Remedy?

    /// What another process said of an error underneath.
    private struct Cause: Error, CustomStringConvertible { var description: String }

    package init(_ error: any Error) {
        let known = error as? EPANNsError
        code = (known?.code ?? .backendFailure).rawValue
        message = known?.message ?? "\(error)"
        cause = known?.cause.map(EPANNsError.words)
        remedy = known?.remedy
    }

    /// The same failure here.
    package var error: EPANNsError {
        EPANNsError(
            .init(rawValue: code) ?? .backendFailure, message, cause: cause.map(Cause.init), remedy: remedy)
    }
}

/// What a process says at a meeting.
private struct Message<Result: Codable & Sendable>: Codable {
    struct Item: Codable, Sendable {
        var piece: Int
        var value: Result
    }

    var wanted: Int
    var failure: SentError?
    var results: [Item]

    init(wanted: Int, failure: SentError?, results: [Item]) {
        self.wanted = wanted
        self.failure = failure
        self.results = results
    }

    func encoded() throws -> [UInt8] {
        let encoder = PropertyListEncoder()
        encoder.outputFormat = .binary
        return [UInt8](try encoder.encode(self))
    }

    init(encoded: [UInt8]) throws {
        do {
            self = try PropertyListDecoder().decode(Self.self, from: Data(encoded))
        } catch {
            throw EPANNsError(.networkFailure, "What another process has sent cannot be understood.", cause: error)
        }
    }
}

/// Where a process's threads find their pieces and leave the results.
private final class WorkBench<Result: Codable & Sendable>: @unchecked Sendable {
    // All of it behind the condition's lock.
    private let condition = NSCondition()
    private var queue: ArraySlice<Int> = []
    private var running = 0
    private var isClosed = false
    private var results: [Message<Result>.Item] = []
    private var failure: SentError?

    /// Does pieces until there will be no more.
    func serve(_ work: @Sendable (Int) throws -> Result) {
        while let piece = next() {
            do {
                let value = try work(piece)
                finish { results.append(.init(piece: piece, value: value)) }
            } catch {
                finish { failure = failure ?? SentError(error) }
            }
        }
    }

    func add(_ piece: Int) {
        condition.withLock {
            queue.append(piece)
            condition.broadcast()
        }
    }

    func close() {
        condition.withLock {
            isClosed = true
            condition.broadcast()
        }
    }

    /// Takes the results away.
    ///
    /// - Returns: Them, and how many pieces are still to be done here.
    func harvest(waiting seconds: Double) -> (results: [Message<Result>.Item], backlog: Int, failure: SentError?) {
        Thread.sleep(forTimeInterval: seconds)
        return condition.withLock {
            defer { results = [] }
            return (results, queue.count + running, failure)
        }
    }

    private func next() -> Int? {
        condition.withLock {
            while queue.isEmpty, !isClosed { condition.wait() }
            guard !isClosed, let piece = queue.popFirst() else { return nil }
            running += 1
            return piece
        }
    }

    private func finish(_ body: () -> Void) {
        condition.withLock {
            running -= 1
            body()
        }
    }
}

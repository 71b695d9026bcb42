import EPANNsCore
import EPANNsGraph
import EPANNsProcesses
import EPANNsTestSupport
import EPANNsTraining
import Foundation
import Synchronization
import Testing

/// Every piece once, and every result at the first process; threads in the place of processes.
@Suite struct WorkShareTests {
    private final class Log: Sendable {
        let done = Mutex<[Int]>([])
        let taken = Mutex<[Int: String]>([:])
    }

    @Test(arguments: [1, 2, 3], [0, 1, 2, 7, 100]) func everyPieceOnce(processes: Int, count: Int) throws {
        let log = Log()
        let takers = Mutex<Set<Int>>([])
        let results = ThreadGroup.run(processes) { group in
            try WorkShare(communicator: group, jobs: 2).run(count) { piece in
                log.done.withLock { $0.append(piece) }
                return "result \(piece)"
            } take: { piece, value in
                takers.withLock { _ = $0.insert(group.rank) }
                log.taken.withLock { $0[piece] = value }
            }
        }
        for result in results { try result.get() }
        #expect(log.done.withLock { $0.sorted() } == Array(0..<count))
        #expect(
            log.taken.withLock { $0 } == Dictionary(uniqueKeysWithValues: (0..<count).map { ($0, "result \($0)") }))
        #expect(takers.withLock { $0 } == (count == 0 ? [] : [0]))
    }

    @Test func fewPiecesAreSharedOutEvenly() throws {
        let byRank = Mutex<[Int: Int]>([:])
        for result in ThreadGroup.run(
            3,
            { group in
                try WorkShare(communicator: group, jobs: 4).run(6) { _ in
                    byRank.withLock { $0[group.rank, default: 0] += 1 }
                    return 0
                } take: { _, _ in
                }
            })
        { try result.get() }
        #expect(byRank.withLock { $0 } == [0: 2, 1: 2, 2: 2])
    }

    @Test func aSlowProcessGetsLess() throws {
        let byRank = Mutex<[Int: Int]>([:])
        for result in ThreadGroup.run(
            2,
            { group in
                try WorkShare(communicator: group, jobs: 1).run(60) { _ in
                    byRank.withLock { $0[group.rank, default: 0] += 1 }
                    Thread.sleep(forTimeInterval: group.rank == 0 ? 0.1 : 0.002)
                    return 0
                } take: { _, _ in
                }
            })
        { try result.get() }
        let shares = byRank.withLock { $0 }
        // An even split would be 30 and 30, and take three seconds.
        #expect((shares[1] ?? 0) > 40, "\(shares)")
    }

    @Test(arguments: [1, 2, 3]) func failuresEndAll(processes: Int) throws {
        @Sendable func error(_ text: String) -> EPANNsError { EPANNsError(.fileFailure, text) }
        let working = ThreadGroup.run(processes) { group in
            failure {
                try WorkShare(communicator: group, jobs: 2).run(50) { piece in
                    if piece == 20 { throw error("no disk") }
                    return piece
                } take: { _, _ in
                }
            }
        }
        for found in working {
            #expect(try found.get()?.code == .fileFailure)
            #expect(try found.get()?.message == "no disk")
        }
        let taking = ThreadGroup.run(processes) { group in
            failure {
                try WorkShare(communicator: group, jobs: 2).run(50) {
                    $0
                } take: { piece, _ in
                    // The very last result, too, is taken before the end.
                    if piece == 49 { throw error("full") }
                }
            }
        }
        for found in taking { #expect(try found.get()?.message == "full") }
    }

    /// Whoever shows it has words of its own for the remedy.
    @Test(arguments: [1, 2]) func anErrorKeepsItsRemedyAndItsCause(processes: Int) throws {
        let all = ThreadGroup.run(processes) { group in
            failure {
                try WorkShare(communicator: group, jobs: 1).run(3) { _ -> Int in
                    throw EPANNsError(
                        .invalidAudio, "Too long.", cause: EPANNsError(.fileFailure, "Why"),
                        remedy: .useWindows(seconds: 10))
                } take: { _, _ in
                }
            }
        }
        for found in all {
            let error = try #require(try found.get())
            #expect(error.message == "Too long." && error.remedy == .useWindows(seconds: 10))
            #expect("\(error)" == "Too long. Take it in windows of 10 s. [Why]")
        }
    }
}

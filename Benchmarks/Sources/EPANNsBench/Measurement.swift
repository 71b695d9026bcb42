import EPANNs
import Foundation

/// Something that is timed again and again.
struct Job {
    /// Runs once.
    var run: () throws -> Void
    /// Times of the measured runs, in milliseconds.
    var milliseconds: [Double] = []

    init(_ run: @escaping () throws -> Void) { self.run = run }

    var minimum: Double { milliseconds.min() ?? .nan }

    var median: Double {
        let sorted = milliseconds.sorted()
        guard let last = sorted.indices.last else { return .nan }
        return (sorted[last / 2] + sorted[(last + 1) / 2]) / 2
    }

    /// Runs once and keeps the time.
    mutating func measure() throws { milliseconds.append(try time(run)) }
}

/// Milliseconds that `body` takes.
func time(_ body: () throws -> Void) rethrows -> Double {
    try ContinuousClock().measure(body) / .milliseconds(1)
}

/// When a measurement ends.
enum Effort {
    case iterations(Int)
    case seconds(Double)
}

/// Takes turns (A B C A B C …), so that a machine that is busy for a while is busy for all of them.
enum Interleaving {
    /// Runs in a row in one turn: the first after another job finds its weights out of the cache.
    static let runsPerTurn = 3
    /// OpenMP's threads spin for some milliseconds after a run; the next job should not share the cores with them.
    static let pauseSeconds = 0.02

    /// Measures the jobs in place; a round of warm-up comes first and is thrown away.
    static func measure(_ jobs: inout [Job], _ effort: Effort) throws {
        for job in jobs {
            try job.run()
            Thread.sleep(forTimeInterval: pauseSeconds)
        }
        let began = ContinuousClock.now
        var runCount = 0
        func isDone() -> Bool {
            switch effort {
            case .iterations(let count): runCount >= count
            case .seconds(let seconds): runCount > 0 && ContinuousClock.now - began >= .seconds(seconds)
            }
        }
        while !isDone() {
            var count = runsPerTurn
            if case .iterations(let total) = effort { count = min(count, total - runCount) }
            for index in jobs.indices {
                for _ in 0..<count { try jobs[index].measure() }
                Thread.sleep(forTimeInterval: pauseSeconds)
            }
            runCount += count
        }
    }
}

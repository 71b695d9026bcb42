import Foundation

/// How many cores other processes leave free, seen over a stretch of time.
///
/// Threads that share each layer of a network wait for the slowest of them: with more threads than free cores a step
/// takes many times as long as with one. Where the system does not tell (`/proc/stat`, Linux), nothing is known.
/// Test: `CoreLoadTests`.
package struct CoreLoad: Sendable {
    /// Time that each core has been idle and has existed, in the system's ticks, by the core's number.
    let cores: [Int: (idle: Int, total: Int)]
    /// Processor time that this process has taken, in seconds.
    let ownSeconds: Double
    /// When that was, in seconds.
    package let time: Double

    package init(cores: [Int: (idle: Int, total: Int)], ownSeconds: Double, time: Double) {
        (self.cores, self.ownSeconds, self.time) = (cores, ownSeconds, time)
    }

    /// What the system tells now; nil where it does not.
    package static func now() -> CoreLoad? {
        guard let text = FileManager.default.contents(atPath: "/proc/stat") else { return nil }
        let cores = Self.cores(of: String(decoding: text, as: UTF8.self)).filter { usable.contains($0.key) }
        guard !cores.isEmpty else { return nil }
        return CoreLoad(cores: cores, ownSeconds: seconds(CLOCK_PROCESS_CPUTIME_ID), time: seconds(CLOCK_MONOTONIC))
    }

    /// Cores that others have left free since an earlier look; what this process took itself counts as free.
    package func freeCores(since earlier: CoreLoad) -> Double {
        var free = 0.0
        for (core, now) in cores {
            guard let before = earlier.cores[core], now.total > before.total else { continue }
            free += Double(now.idle - before.idle) / Double(now.total - before.total)
        }
        if time > earlier.time { free += (ownSeconds - earlier.ownSeconds) / (time - earlier.time) }
        return min(max(free, 0), Double(cores.count))
    }

    /// The lines `cpu0 user nice system idle iowait irq softirq steal guest guest_nice` of `/proc/stat`.
    package static func cores(of text: String) -> [Int: (idle: Int, total: Int)] {
        var result: [Int: (idle: Int, total: Int)] = [:]
        for line in text.split(separator: "\n") where line.hasPrefix("cpu") {
            let fields = line.split(separator: " ")
            guard let number = Int(fields[0].dropFirst(3)) else { continue }
            // Guests' time is in the user's already.
            let ticks = fields.dropFirst().prefix(8).compactMap { Int($0) }
            guard ticks.count >= 5 else { continue }
            result[number] = (idle: ticks[3] + ticks[4], total: ticks.reduce(0, +))
        }
        return result
    }

    /// Numbers of the cores that this process may use: `Cpus_allowed_list` of `/proc/self/status`, such as `0-3,8`.
    private static var usable: Set<Int> {
        guard let bytes = FileManager.default.contents(atPath: "/proc/self/status") else { return [] }
        let name = "Cpus_allowed_list:"
        let line = String(decoding: bytes, as: UTF8.self).split(separator: "\n").first { $0.hasPrefix(name) }
        return line.map { numbers(in: $0.dropFirst(name.count)) } ?? []
    }

    /// The numbers of a list like `0-3,8`.
    package static func numbers(in list: Substring) -> Set<Int> {
        var result: Set<Int> = []
        for part in list.split(separator: ",") {
            let ends = part.split(separator: "-").compactMap { Int($0.filter(\.isNumber)) }
            guard let first = ends.first, let last = ends.last, first <= last, last < 1 << 16 else { continue }
            result.formUnion(first...last)
        }
        return result
    }

    private static func seconds(_ clock: clockid_t) -> Double {
        var value = timespec()
        guard clock_gettime(clock, &value) == 0 else { return 0 }
        return Double(value.tv_sec) + Double(value.tv_nsec) / 1e9
    }
}

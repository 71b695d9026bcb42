import COneDNN
import Dispatch

/// The threads that kernels of ours run on: oneDNN's own team, so that the two never compete for the cores.
package struct Team: Sendable {
    package let threads: Int

    /// A team of so many.
    package init(threads: Int) { self.threads = threads }

    /// Calls `body` with disjoint ranges that cover `0..<count`, one a thread.
    ///
    /// - Parameter grain: Ranges begin at multiples of this, and one thread takes all when there are fewer items.
    package func run(_ count: Int, grain: Int = 1, _ body: (Range<Int>) -> Void) {
        guard count > 0 else { return }
        let units = (count + grain - 1) / grain
        let parts = min(threads, units)
        guard parts > 1 else { return body(0..<count) }
        func share(_ index: Int) -> Range<Int> {
            let first = units * index / parts * grain
            return first..<min(units * (index + 1) / parts * grain, count)
        }
        withoutActuallyEscaping(body) { body in
            // OpenMP may give fewer threads than were asked for (OMP_THREAD_LIMIT, OMP_DYNAMIC): each takes every n-th share.
            let job = Job { index, count in
                for part in stride(from: index, to: parts, by: max(1, count)) { body(share(part)) }
            }
            let data = Unmanaged.passUnretained(job).toOpaque()
            let ran = onednn_run_team(
                { data in
                    guard let data else { return }
                    Unmanaged<Job>.fromOpaque(data).takeUnretainedValue()
                        .body(Int(onednn_thread_index()), Int(onednn_team_size()))
                }, data, Int32(parts))
            if ran == 0 { DispatchQueue.concurrentPerform(iterations: parts) { job.body($0, parts) } }
            withExtendedLifetime(job) {}
        }
    }

    private final class Job: @unchecked Sendable {
        let body: (_ index: Int, _ count: Int) -> Void
        init(_ body: @escaping (_ index: Int, _ count: Int) -> Void) { self.body = body }
    }
}

import COneDNN
import EPANNsCore
import EPANNsGraph

/// How many threads a run gets, and how they wait for one another.
///
/// Waking a thread for a layer takes some 50 µs, a preempted one keeps all others waiting, and a network is a hundred
/// layers: what is small is quicker on one thread, and leaves the other cores to other clips. `Benchmarks/busy.py`
/// measures it on an idle and on a busy machine. Tests: `ThreadPolicyTests`.
package enum ThreadPolicy {
    /// Multiply-accumulate operations of a layer, on average, that are worth a thread: about 0.15 ms.
    ///
    /// Where two threads begin to pay, on two cores of a Zen 4: CNN14 of half the widths on a clip of one second has 22
    /// million a layer and gains nothing, on two seconds 44 million and a quarter; mn04 on 30 s has 5 million and loses.
    package static let operationsPerThread = 12_000_000

    /// Operations of a layer, on average, that hide the time that sleeping threads take to wake.
    package static let operationsPerSleeper = 50_000_000

    /// Threads worth taking for a network.
    ///
    /// - Parameters:
    ///   - wanted: At most so many.
    ///   - graph: The network.
    ///   - extent: How long each clip is.
    ///   - batch: Clips of one run.
    package static func threads(_ wanted: Int, for graph: ModelGraph, extent: ClipExtent, batch: Int) -> Int {
        guard wanted > 1 else { return wanted }
        return max(1, min(wanted, meanOperations(of: graph, extent: extent, batch: batch) / operationsPerThread))
    }

    /// Multiply-accumulate operations of a layer that has any, on average; 0 where the clip is too short.
    package static func meanOperations(of graph: ModelGraph, extent: ClipExtent, batch: Int) -> Int {
        guard let cost = try? CostReport(graph, extent: extent, sampleCount: extent.samples) else { return 0 }
        // The front end's part is computed elsewhere.
        let layers = cost.layers.suffix(graph.nodes.count).map(\.macs).filter { $0 > 0 }
        return layers.isEmpty ? 0 : layers.reduce(0, +) / layers.count * batch
    }

    /// Sets the number of threads of what this thread computes next.
    ///
    /// The runtime keeps the number per thread, and Swift's tasks change threads between calls. From the first call for
    /// several threads on, waiting threads sleep.
    package static func use(_ threads: Int) {
        if threads > 1 { sleepAtBarriers() }
        OneDNNThreads.take(threads)
    }

    /// Makes threads that wait for one another sleep instead of spin, from now on and in all of the process.
    ///
    /// - Returns: Whether they do; false where oneDNN's threads are not those of GNU's OpenMP.
    @discardableResult
    package static func sleepAtBarriers() -> Bool { sleeps }

    private static let sleeps = onednn_sleep_at_barriers() != 0
}

import EPANNs
import Foundation
import Synchronization

/// Bulk work: several workers, each with one thread and with clips of its own, on one tagger.
enum Bulk {
    /// Tags `workers × clipsPerWorker` clips.
    static func run(_ tagger: AudioTagger, samples: [Float], workers: Int, clipsPerWorker: Int) throws {
        precondition(workers <= ProcessInfo.processInfo.activeProcessorCount, "more would run one after another")
        let failure = Mutex<(any Error)?>(nil)
        DispatchQueue.concurrentPerform(iterations: workers) { _ in
            do {
                for _ in 0..<clipsPerWorker { _ = try tagger.tag(samples: samples) }
            } catch {
                failure.withLock { $0 = error }
            }
        }
        if let error = failure.withLock({ $0 }) { throw error }
    }
}

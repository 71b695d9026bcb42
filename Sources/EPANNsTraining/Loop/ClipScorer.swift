import Dispatch
import EPANNsAudio
import EPANNsCore
import EPANNsData
import EPANNsGraph
import EPANNsRuntime
import Foundation
import Synchronization

/// Runs a network over the clips of a data set: one thread a clip, as many clips at once as there are threads.
struct ClipScorer: Sendable {
    let graph: ModelGraph
    let weights: [String: Tensor]
    let frontEnd: LogMelSpectrogram
    let precision: Precision
    let threads: Int

    /// Scores or other outputs of every clip of a part of a data set, in order, row-major.
    ///
    /// Clips are heard whole; short ones are padded with silence to the network's minimum.
    func callAsFunction(
        _ dataSet: DataSet, cache: WaveformCache, part: Range<Int>,
        output: @escaping @Sendable (InferencePlan.Outputs) -> [Float]
    ) throws -> [[Float]] {
        let network = InferenceNetwork(
            graph: graph, weights: weights, options: .init(precision: precision, threads: 1), planCapacity: 8)
        let minimum = graph.minimumSampleCount
        let next = Atomic(0)
        let results = Mutex<[Int: [Float]]>([:])
        let failure = Mutex<(any Error)?>(nil)
        DispatchQueue.concurrentPerform(iterations: min(threads, part.count)) { _ in
            while failure.withLock({ $0 == nil }) {
                let index = part.lowerBound + next.wrappingAdd(1, ordering: .relaxed).oldValue
                guard index < part.upperBound else { return }
                do {
                    var samples = try cache.waveform(of: dataSet.clips[index])
                    if samples.count < minimum { samples += [Float](repeating: 0, count: minimum - samples.count) }
                    let spectrogram = try frontEnd(samples)
                    let plan = try network.plan(for: .init(frames: spectrogram.count / graph.input.melBands))
                    let result = output(try plan.run(spectrogram))
                    results.withLock { $0[index] = result }
                } catch {
                    failure.withLock { $0 = $0 ?? error }
                }
            }
        }
        if let error = failure.withLock({ $0 }) { throw error }
        let found = results.withLock { $0 }
        return part.compactMap { found[$0] }
    }
}

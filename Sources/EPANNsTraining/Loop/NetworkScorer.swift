import EPANNsAudio
import EPANNsCore
import EPANNsData
import EPANNsGraph
import EPANNsRuntime

/// Runs a network that is being trained over the clips of a data set: one thread a clip, as many clips at once as there
/// are threads.
///
/// EPANNsEvaluation's `ClipScorer` runs a model, and reads recordings; this reads packed ones and gives any output.
struct NetworkScorer: Sendable {
    let graph: ModelGraph
    let weights: [String: Tensor]
    let frontEnd: NetworkFrontEnd
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
        return try [[Float]](count: part.count, jobs: threads) { position in
            var samples = try cache.waveform(of: dataSet.clips[part.lowerBound + position])
            let count = graph.fittingSampleCount(max(samples.count, minimum))
            samples += [Float](repeating: 0, count: count - samples.count)
            let plan = try network.plan(for: .init(graph.extent(sampleCount: count)))
            return output(try plan.run(frontEnd(samples)))
        }
    }
}

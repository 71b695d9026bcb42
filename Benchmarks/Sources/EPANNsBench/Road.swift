import EPANNs
import Foundation

/// The way of one clip from its samples to its tags, whole and in parts, ready to be timed.
struct Road {
    let tagger: AudioTagger
    let samples: [Float]
    private let inputs: NetworkFrontEnd
    private let plan: InferencePlan
    private let rows: [Float]
    private let selection = TagSelection()

    /// Longest clip; as one it would need more memory than a benchmark should take.
    static let maximumSeconds = 600.0

    /// Compiles the network for clips of a length and runs it once.
    ///
    /// - Parameter batch: Clips that the network's part takes at once; front end and whole road take one.
    /// - Throws: `EPANNsError` with code `invalidConfiguration` when the length is invalid, `backendFailure` when
    ///   the scores are not those of a living network.
    init(model: Model, options: AudioTagger.Options, seconds: Double, batch: Int = 1) throws {
        guard seconds > 0, seconds <= Self.maximumSeconds, (1...256).contains(batch) else {
            throw EPANNsError(
                .invalidConfiguration,
                "The clip must be 0 to \(Int(Self.maximumSeconds)) s long and the batch 1…256, "
                    + "not \(seconds) s and \(batch).")
        }
        tagger = try AudioTagger(model: model, options: options)
        let graph = tagger.network.graph
        let sampleCount = graph.fittingSampleCount(
            max(Int(seconds * Double(tagger.sampleRate)), tagger.minimumSampleCount))
        samples = SyntheticModel.waveform(sampleCount: sampleCount)
        inputs = try NetworkFrontEnd(graph, melWeights: model.melWeights)
        let row = try inputs(samples)
        rows = (0..<batch).flatMap { _ in row }
        plan = try tagger.network.plan(for: .init(batch: batch, graph.extent(sampleCount: sampleCount)))
        let scores = try plan.run(rows).scores
        // A dead or exploded network would be timed with zeros, denormals or NaN.
        guard scores.allSatisfy(\.isFinite), Set(scores).count > scores.count / batch / 4 else {
            throw EPANNsError(.backendFailure, "The network's scores are all alike or not finite; it cannot be timed.")
        }
    }

    /// Samples to what the network hears, on one thread.
    func frontEnd() throws { _ = try inputs(samples) }

    /// What the network hears to scores.
    func network() throws { _ = try plan.run(rows) }

    /// Samples to tags.
    func whole() throws { _ = try tagger.tag(samples: samples, selection: selection) }

    /// The network's steps with their times.
    func steps() throws -> [(name: String, implementation: String, time: Duration)] { try plan.profile(rows) }
}

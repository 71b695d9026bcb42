import EPANNs
import Foundation

/// The way of one clip from its samples to its tags, whole and in parts, ready to be timed.
struct Road {
    let tagger: AudioTagger
    let samples: [Float]
    private let spectrogram: LogMelSpectrogram
    private let plan: InferencePlan
    private let logMels: [Float]
    private let selection = TagSelection()

    /// Longest clip; as one it would need more memory than a benchmark should take.
    static let maximumSeconds = 600.0

    /// Compiles the network for clips of a length and runs it once.
    ///
    /// - Parameter batch: Clips that the network's part takes at once; front end and whole road take one.
    /// - Throws: `EPANNsError` with code `invalidConfiguration` when the length makes no sense, `backendFailure` when
    ///   the scores are not those of a living network.
    init(model: Model, options: AudioTagger.Options, seconds: Double, batch: Int = 1) throws {
        guard seconds > 0, seconds <= Self.maximumSeconds, (1...256).contains(batch) else {
            throw EPANNsError(
                .invalidConfiguration,
                "The clip must be 0 to \(Int(Self.maximumSeconds)) s long and the batch 1…256, "
                    + "not \(seconds) s and \(batch).")
        }
        tagger = try AudioTagger(model: model, options: options)
        let sampleCount = max(Int(seconds * Double(tagger.sampleRate)), tagger.minimumSampleCount)
        samples = SyntheticModel.waveform(sampleCount: sampleCount)
        let frontEnd = tagger.network.graph.input
        spectrogram = try LogMelSpectrogram(configuration: frontEnd, melWeights: model.melWeights)
        let logMel = try spectrogram(samples)
        logMels = (0..<batch).flatMap { _ in logMel }
        plan = try tagger.network.plan(for: .init(batch: batch, frames: frontEnd.frameCount(sampleCount: sampleCount)))
        let scores = try plan.run(logMels).scores
        // A dead or exploded network would be timed with zeros, denormals or NaN.
        guard scores.allSatisfy(\.isFinite), Set(scores).count > scores.count / batch / 4 else {
            throw EPANNsError(.backendFailure, "The network's scores are all alike or not finite; it cannot be timed.")
        }
    }

    /// Samples to log-mel, on one thread.
    func frontEnd() throws { _ = try spectrogram(samples) }

    /// Log-mel to scores.
    func network() throws { _ = try plan.run(logMels) }

    /// Samples to tags.
    func whole() throws { _ = try tagger.tag(samples: samples, selection: selection) }

    /// The network's steps with their times.
    func steps() throws -> [(name: String, implementation: String, time: Duration)] { try plan.profile(logMels) }
}

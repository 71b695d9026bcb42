import EPANNsAudio
import EPANNsCore
import EPANNsData
import EPANNsEvaluation
import EPANNsGraph
import EPANNsModels
import EPANNsRuntime

/// Clips as a network takes them, all of one length: what criteria that look at data, and sensitivity, listen to.
///
/// Tests: `PruningSessionTests`.
public struct PruningClips: Sendable {
    /// The clips' classes, and which of the model's outputs stand for them.
    struct Truth: Sendable {
        var set: DataSet
        var mapping: ClassMapping
    }

    /// What the network takes of each clip, such as log-mels, shape (frames, mels); of one length, never none.
    public let spectrograms: [[Float]]
    let truth: Truth?

    /// For each clip the model's outputs that are true of it; nil where classes are not known.
    var targets: [[Int]]? {
        truth.map { truth in truth.set.clips.map { $0.classes.flatMap { truth.mapping.outputs[$0] } } }
    }

    /// Reads recordings whose classes nobody knows.
    ///
    /// - Parameters:
    ///   - recordings: Where they are.
    ///   - model: Whose front end they go through.
    ///   - seconds: Length to which they are cut or filled up with silence.
    /// - Throws: `EPANNsError` as `AudioFile.load`: one that cannot be read ends it, for a criterion must not depend on
    ///   which could; with code `invalidConfiguration` when there are none.
    public init(recordings: [AudioSource], for model: Model, seconds: Double) throws {
        let loader = try Loader(model, seconds)
        try self.init(recordings.map { try loader.spectrogram($0) }, nil)
    }

    /// Reads the clips of a table.
    ///
    /// - Parameters:
    ///   - set: The clips and their classes.
    ///   - mapping: Which of the model's outputs stand for the classes.
    ///   - model: Whose front end they go through.
    ///   - seconds: Length to which they are cut or filled up with silence.
    /// - Throws: As ``init(recordings:for:seconds:)``, and when a recording is missing.
    public init(_ set: DataSet, mapping: ClassMapping, for model: Model, seconds: Double) throws {
        let loader = try Loader(model, seconds)
        let packs = try set.packs(sampleRate: loader.sampleRate)
        let spectrograms = try set.clips.map { clip in
            switch clip.source {
            case .file(let path): return try loader.spectrogram(.file(path: path))
            case .hdf5:
                guard let packs else { preconditionFailure("a clip in a pack, and no pack was opened") }
                return try loader.spectrogram(of: packs.waveform(of: clip))
            case .missing:
                throw EPANNsError(.invalidConfiguration, "The recording of \(clip.name) is missing.")
            }
        }
        try self.init(spectrograms, Truth(set: set, mapping: mapping))
    }

    private init(_ spectrograms: [[Float]], _ truth: Truth?) throws {
        guard !spectrograms.isEmpty else {
            throw EPANNsError(.invalidConfiguration, "There are no clips to listen to.")
        }
        (self.spectrograms, self.truth) = (spectrograms, truth)
    }

    /// Cuts or fills up, and computes log-mels.
    private struct Loader {
        let sampleRate: Int
        private let seconds: Double
        private let sampleCount: Int
        private let frontEnd: NetworkFrontEnd

        init(_ model: Model, _ seconds: Double) throws {
            guard seconds > 0, seconds <= 3600 else {
                throw EPANNsError(
                    .invalidConfiguration, "Clips must be longer than 0 s and at most 3600 s, not \(seconds) s.")
            }
            let graph = try model.graph()
            self.seconds = seconds
            sampleRate = graph.input.sampleRate
            sampleCount = graph.fittingSampleCount(
                max(Int((seconds * Double(sampleRate)).rounded()), graph.minimumSampleCount))
            frontEnd = try NetworkFrontEnd(graph, melWeights: model.melWeights)
        }

        func spectrogram(_ source: AudioSource) throws -> [Float] {
            try spectrogram(
                of: AudioFile.load(source, sampleRate: sampleRate, maximumDurationSeconds: seconds + 1).samples)
        }

        func spectrogram(of waveform: [Float]) throws -> [Float] {
            try frontEnd(
                waveform.prefix(sampleCount) + [Float](repeating: 0, count: max(0, sampleCount - waveform.count)))
        }
    }

    /// A network's scores of all clips, row-major, shape (clips, classes): one thread a clip, several clips at once.
    ///
    /// - Throws: As `InferencePlan`.
    func scores(
        _ graph: ModelGraph, _ weights: [String: Tensor], precision: Precision, threads: Int
    ) throws -> [Float] {
        let network = InferenceNetwork(
            graph: graph, weights: weights, options: .init(precision: precision, threads: 1))
        let plan = try network.plan(for: .init(graph.extent(rowCount: spectrograms[0].count)))
        return try [[Float]](count: spectrograms.count, jobs: threads) { try plan.run(spectrograms[$0]).scores }
            .flatMap(\.self)
    }
}

import ArgumentParser
import EPANNs
import EPANNsEvaluation
import EPANNsPruning
import EPANNsTraining
import Foundation

/// The clips that active criteria and `--sensitivity` listen to.
struct PruningClips: ParsableArguments {
    @Option(
        help: ArgumentHelp("The table of clips and their classes, as “epanns evaluate” takes it.", valueName: "table"),
        completion: .file())
    var data: String?

    @Option(
        help: ArgumentHelp(
            "The folder of the recordings; without --data, any recordings, no classes needed.", valueName: "folder"),
        completion: .directory)
    var audio: String?

    @Option(
        help: ArgumentHelp("JSON with the model's labels for each class of the data.", valueName: "file"),
        completion: .file(extensions: ["json"]))
    var map: String?

    @Option(name: .customLong("clips"), help: ArgumentHelp("Listen to so many clips, evenly chosen.", valueName: "n"))
    var count = 64

    func validate() throws {
        if count < 1 { throw ValidationError("--clips must be at least 1.") }
        if map != nil && data == nil { throw ValidationError("--map goes with --data.") }
    }

    /// Clips as the network takes them.
    struct Loaded {
        /// Log-mels, each of the same number of frames, shape (frames, mels).
        var spectrograms: [[Float]]
        /// For each clip the model's outputs that are true of it; nil without a table.
        var targets: [[Int]]?
        /// The table, and which outputs stand for its classes.
        var set: DataSet?
        var mapping: ClassMapping?
    }

    /// What a criterion wants.
    func evidence(
        for criterion: PruningCriterion, model: Model, seconds: Double, threads: Int
    ) throws -> ImportanceScorer.Evidence {
        switch criterion.evidence {
        case .nothing: return .init()
        case .spectrograms:
            return .init(spectrograms: try load(for: model, seconds: seconds, purpose: criterion.name).spectrograms)
        case .gradients:
            guard data != nil else {
                throw EPANNsError(
                    .invalidConfiguration,
                    "The criterion \(criterion.name) needs clips with their classes: give --data.")
            }
            return .init(
                gradients: try gradients(
                    of: model, load(for: model, seconds: seconds, purpose: criterion.name), threads: threads))
        }
    }

    /// Loads the clips.
    ///
    /// - Throws: `EPANNsError`; a clip that cannot be read ends it, for a criterion must not depend on which could.
    func load(for model: Model, seconds: Double, purpose: String) throws -> Loaded {
        let graph = try model.graph()
        let rate = graph.input.sampleRate
        let sampleCount = max(Int((seconds * Double(rate)).rounded()), graph.minimumSampleCount)
        let frontEnd = try LogMelSpectrogram(configuration: graph.input, melWeights: model.melWeights)
        func spectrogram(_ source: AudioSource) throws -> [Float] {
            var samples = try AudioFile.load(source, sampleRate: rate, maximumDurationSeconds: seconds + 1).samples
            if samples.count > sampleCount { samples.removeLast(samples.count - sampleCount) }
            samples += [Float](repeating: 0, count: sampleCount - samples.count)
            return try frontEnd(samples)
        }
        guard let data else {
            guard let audio else {
                throw EPANNsError(
                    .invalidConfiguration,
                    "\(purpose) listens to sounds: name a table with --data, or a folder of recordings with --audio.")
            }
            let found = InputFinder.find([audio])
            if let failure = found.failures.first { throw failure }
            let files = chosen(found.files)
            return Loaded(
                spectrograms: try files.map { try spectrogram(AudioSource(argument: $0.path, rawFormat: nil)) },
                targets: nil)
        }
        var set = try DataSet.read(data, audio: audio)
        for note in set.notes { StandardError.write(note) }
        set = try set.subset(chosen(Array(set.clips.indices)))
        let mapping =
            try map.map {
                try ClassMapping(
                    map: ClassMapping.readMap(path: $0, for: set.labels), data: set.labels, model: model.labels)
            } ?? ClassMapping(data: set.labels, model: model.labels)
        let spectrograms = try set.clips.map { clip in
            guard case .file(let path) = clip.source else {
                throw EPANNsError(
                    .invalidConfiguration,
                    "\(purpose) reads recordings from files; \(clip.name) is missing, or in an HDF5 pack.")
            }
            return try spectrogram(.file(path: path))
        }
        return Loaded(
            spectrograms: spectrograms, targets: set.clips.map { $0.classes.flatMap { mapping.outputs[$0] } }, set: set,
            mapping: mapping)
    }

    /// So many of a list, evenly spread.
    private func chosen<Item>(_ items: [Item]) -> [Item] {
        count >= items.count ? items : (0..<count).map { items[$0 * items.count / count] }
    }

    /// Gradients of the binary cross-entropy, a batch at a time; no weight changes.
    private func gradients(of model: Model, _ clips: Loaded, threads: Int) throws -> [[String: Tensor]] {
        let graph = try model.graph()
        let size = min(8, clips.spectrograms.count)
        let stepper = try TrainingStepper(
            graph: graph, weights: model.weights,
            options: .init(
                batch: size, frames: clips.spectrograms[0].count / graph.input.melBands, threads: threads,
                usesDropout: false))
        var result: [[String: Tensor]] = []
        // Gradients of a batch norm's batch need a full one.
        for start in stride(from: 0, through: clips.spectrograms.count - size, by: size) {
            var targets = [Float](repeating: 0, count: size * model.configuration.classCount)
            for clip in 0..<size {
                for output in clips.targets?[start + clip] ?? [] {
                    targets[clip * model.configuration.classCount + output] = 1
                }
            }
            _ = try stepper.step(
                inputs: clips.spectrograms[start..<start + size].flatMap(\.self), targets: targets, learningRate: 0)
            result.append(
                try stepper.plan.gradients().filter { $0.key.hasSuffix(".weight") && $0.value.shape.count > 1 })
        }
        return result
    }
}

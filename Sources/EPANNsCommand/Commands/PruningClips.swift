import ArgumentParser
import EPANNs
import EPANNsCore
import EPANNsData
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

    /// Whether clips were named.
    var areGiven: Bool { data != nil || audio != nil }

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
        for criterion: PruningCriterion, model: Model, layers: [String], seconds: Double, threads: Int
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
                taylor: try taylor(
                    of: layers, in: model, load(for: model, seconds: seconds, purpose: criterion.name),
                    threads: threads))
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
        func spectrogram(_ waveform: [Float]) throws -> [Float] {
            var samples = waveform
            if samples.count > sampleCount { samples.removeLast(samples.count - sampleCount) }
            samples += [Float](repeating: 0, count: sampleCount - samples.count)
            return try frontEnd(samples)
        }
        func samples(_ source: AudioSource) throws -> [Float] {
            try AudioFile.load(source, sampleRate: rate, maximumDurationSeconds: seconds + 1).samples
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
                spectrograms: try files.map {
                    try spectrogram(samples(AudioSource(argument: $0.path, rawFormat: nil)))
                },
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
        let packs = try set.packs(sampleRate: rate)
        let spectrograms = try set.clips.map { clip in
            switch clip.source {
            case .file(let path): return try spectrogram(samples(.file(path: path)))
            case .hdf5:
                guard let packs else { preconditionFailure("a clip in a pack, and no pack was opened") }
                return try spectrogram(packs.waveform(of: clip))
            case .missing:
                throw EPANNsError(.invalidConfiguration, "\(purpose): the recording of \(clip.name) is missing.")
            }
        }
        return Loaded(
            spectrograms: spectrograms, targets: set.clips.map { $0.classes.flatMap { mapping.outputs[$0] } }, set: set,
            mapping: mapping)
    }

    /// So many of a list, evenly spread.
    private func chosen<Item>(_ items: [Item]) -> [Item] {
        count >= items.count ? items : (0..<count).map { items[$0 * items.count / count] }
    }

    /// Adds up what the gradients of the binary cross-entropy tell of some layers' filters.
    private func taylor(
        of layers: [String], in model: Model, _ clips: Loaded, threads: Int
    ) throws -> TaylorImportance {
        let graph = try model.graph()
        let classCount = model.configuration.classCount
        let frames = clips.spectrograms[0].count / graph.input.melBands
        var importance = try TaylorImportance(layers: layers, weights: model.weights)
        func add(_ clipsOfAPlan: Range<Int>, batch size: Int) throws {
            // All else is frozen, the norms' statistics too: the network as it is when it is used.
            let stepper = try TrainingStepper(
                graph: graph, weights: model.weights,
                options: .init(
                    batch: size, frames: frames, threads: threads, usesDropout: false,
                    freeze: FreezeSelection(patterns: ["*"] + layers.map { "!\($0).weight" })),
                optimizer: OptimizerConfiguration(.sgd, momentum: 0))
            for start in stride(from: clipsOfAPlan.lowerBound, to: clipsOfAPlan.upperBound, by: size) {
                var targets = [Float](repeating: 0, count: size * classCount)
                for clip in 0..<size {
                    for output in clips.targets?[start + clip] ?? [] { targets[clip * classCount + output] = 1 }
                }
                _ = try stepper.step(
                    inputs: clips.spectrograms[start..<start + size].flatMap(\.self), targets: targets,
                    learningRate: 0)
                try importance.add(stepper.plan.gradients(), clipCount: size)
            }
        }
        let count = clips.spectrograms.count
        let whole = count - count % Self.batchSize
        if whole > 0 { try add(0..<whole, batch: Self.batchSize) }
        if whole < count { try add(whole..<count, batch: count - whole) }
        return importance
    }

    private static let batchSize = 8
}

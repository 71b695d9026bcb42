import EPANNsAudio
import EPANNsCore
import EPANNsData
import EPANNsGraph
import EPANNsProcesses
import Foundation

/// Training batches, made ahead of the network on worker threads.
///
/// What a batch holds depends on the data set, the sampler, the seed and the iteration, and on nothing else: neither on
/// the number of workers nor on that of shards, nor on whether the run was interrupted. Each shard draws the same global
/// batch and makes its contiguous part of it; pairs stay together.
///
/// The order of SPEC §1.7 is waveform, log-mel, `bn0`, SpecAugment, mixup. The loader does the first two; for the other
/// two it only draws the numbers, since they come behind `bn0`. Belongs to one thread at a time. Tests: `BatchLoaderTests`.
package final class BatchLoader {
    /// A teacher's scores of a clip: waveform, shape `(samples)`, as the student hears it, to shape `(classes)`.
    ///
    /// Called on several threads at once.
    package typealias Teacher = @Sendable ([Float]) throws -> [Float]

    /// How batches are made.
    package struct Configuration: Sendable, Hashable, Codable {
        /// Examples of the global batch; with mixup twice as many clips are loaded.
        package var batchSize: Int
        /// Length of each clip, in samples; shorter recordings are padded with zeros at the end.
        package var clipSamples: Int
        /// The α of mixup's Beta(α, α), 1 in PANNs; nil for no mixup.
        package var mixupAlpha: Double?
        /// SpecAugment; nil for none.
        package var specAugment: SpecAugment?
        /// Changes to the waveform.
        package var waveformAugmentation: WaveformAugmentation
        /// Seed of crops, waveform augmentation and SpecAugment.
        package var seed: UInt64
        /// Seed of mixup's generator; PANNs' is 1234.
        package var mixupSeed: UInt32
        /// This process's part.
        package var shard: Shard
        /// Worker threads; nil takes the machine's cores.
        package var workerCount: Int?
        /// Batches made ahead; bounds the memory.
        package var prefetchDepth: Int
        /// Number of the first iteration.
        package var firstIteration: Int

        /// Makes a configuration.
        package init(
            batchSize: Int, clipSamples: Int, mixupAlpha: Double? = nil, specAugment: SpecAugment? = nil,
            waveformAugmentation: WaveformAugmentation = WaveformAugmentation(), seed: UInt64 = 1234,
            mixupSeed: UInt32 = 1234, shard: Shard = .whole, workerCount: Int? = nil, prefetchDepth: Int = 3,
            firstIteration: Int = 0
        ) {
            self.batchSize = batchSize
            self.clipSamples = clipSamples
            self.mixupAlpha = mixupAlpha
            self.specAugment = specAugment
            self.waveformAugmentation = waveformAugmentation
            self.seed = seed
            self.mixupSeed = mixupSeed
            self.shard = shard
            self.workerCount = workerCount
            self.prefetchDepth = prefetchDepth
            self.firstIteration = firstIteration
        }

        /// Clips that are loaded for a global batch.
        package var clipsPerBatch: Int { mixupAlpha == nil ? batchSize : 2 * batchSize }
    }

    /// Where a loader stands: what the batches consumed so far have left behind.
    package struct State: Codable, Sendable, Hashable {
        /// Number of the next iteration.
        package var iteration: Int
        /// The sampler before that iteration.
        package var sampler: Sampler
        /// Mixup's generator before that iteration.
        package var mixup: NumPyRandom
        /// The data set's checksum.
        package var dataDigest: String
    }

    /// How batches are made.
    package let configuration: Configuration
    /// Where the loader stands, as of the batches given so far, not of those made ahead.
    package private(set) var state: State
    /// Time that ``next()`` has waited for batches, in seconds, all in all; near zero when loading keeps up.
    package private(set) var waitSeconds = 0.0
    /// Time that the latest ``next()`` has waited, in seconds; the first one's is the time to make a batch.
    package private(set) var lastWaitSeconds = 0.0
    /// Frames of each clip.
    package let frameCount: Int
    private let dataSet: DataSet
    private let maker: ClipMaker
    private let locations: [WaveformCache.Location]
    private let pool: BatchStoragePool
    private var pipeline: BatchPipeline

    /// Plans batches and starts to make the first ones.
    ///
    /// - Parameters:
    ///   - dataSet: What to draw from.
    ///   - cache: The waveforms; may hold more than the data set's.
    ///   - sampler: The order of drawing, made for this data set.
    ///   - frontEnd: What the model hears.
    ///   - configuration: How batches are made.
    ///   - teacher: Gives further targets, for distillation.
    /// - Throws: `EPANNsError` with code `invalidConfiguration` when parts do not fit together.
    package init(
        dataSet: DataSet, cache: WaveformCache, sampler: Sampler, frontEnd: NetworkFrontEnd,
        configuration: Configuration, teacher: Teacher? = nil
    ) throws {
        try Self.check(configuration, cache: cache, frontEnd: frontEnd)
        try dataSet.validate()
        try sampler.validate(for: dataSet)
        self.dataSet = dataSet
        self.configuration = configuration
        frameCount = frontEnd.configuration.frameCount(sampleCount: configuration.clipSamples)
        locations = try dataSet.clips.map { try cache.location(of: $0) }
        maker = ClipMaker(
            dataSet: dataSet, cache: cache, frontEnd: frontEnd, augmentation: configuration, teacher: teacher)
        // Those made ahead, one that the network has, one on its way back.
        pool = BatchStoragePool(limit: configuration.prefetchDepth + 2)
        state = State(
            iteration: configuration.firstIteration, sampler: sampler,
            mixup: NumPyRandom(seed: configuration.mixupSeed),
            dataDigest: dataSet.digest)
        pipeline = Self.pipeline(from: state, configuration, locations, maker, pool)
    }

    deinit { pipeline.stop() }

    /// The next batch.
    ///
    /// - Throws: What reading, the front end or the teacher threw for one of its clips; then always the same.
    package func next() throws -> TrainingBatch {
        let start = ContinuousClock.now
        defer {
            let seconds = (ContinuousClock.now - start) / .seconds(1)
            lastWaitSeconds = seconds
            waitSeconds += seconds
        }
        guard let slot = try pipeline.next(), let after = slot.plan.stateAfter else {
            preconditionFailure("Training batches have no end")
        }
        state = after
        return TrainingBatch(
            slot, frameCount: frameCount, melBands: maker.melBands,
            rowCount: maker.frontEnd.rowCount(sampleCount: configuration.clipSamples), classCount: dataSet.classCount,
            hasTeacher: maker.teacher != nil)
    }

    /// Goes on from a saved state; batches made ahead are thrown away.
    ///
    /// - Throws: `EPANNsError` with code `invalidCheckpoint` when it belongs to other data; nothing has changed then.
    package func restore(_ state: State) throws {
        guard state.dataDigest == self.state.dataDigest, (0..<1 << 48).contains(state.iteration),
            state.sampler.kind == self.state.sampler.kind
        else {
            throw EPANNsError(
                .invalidCheckpoint,
                "The run was started with another data set or sampler; resume with the same, or start a new run.")
        }
        try state.sampler.validate(for: dataSet)
        pipeline.stop()
        self.state = state
        pipeline = Self.pipeline(from: state, configuration, locations, maker, pool)
    }

    private static func pipeline(
        from start: State, _ configuration: Configuration, _ locations: [WaveformCache.Location], _ maker: ClipMaker,
        _ pool: BatchStoragePool
    ) -> BatchPipeline {
        var state = start
        let (shard, alpha) = (configuration.shard, configuration.mixupAlpha)
        let examples = shard.range(of: configuration.batchSize)
        let perExample = alpha == nil ? 1 : 2
        let mine = examples.lowerBound * perExample..<examples.upperBound * perExample
        return BatchPipeline(
            workerCount: configuration.workerCount ?? ProcessInfo.processInfo.activeProcessorCount,
            depth: configuration.prefetchDepth,
            draw: {
                // The whole global batch, whatever part of it is made here.
                let clips = state.sampler.nextBatch(configuration.clipsPerBatch)
                let lambdas = alpha.map { alpha in
                    (0..<configuration.batchSize).map { _ in state.mixup.beta(alpha, alpha) }
                }
                let iteration = state.iteration
                state.iteration += 1
                return BatchPlan(
                    iteration: iteration,
                    units: mine.map { BatchUnit(clip: clips[$0], location: locations[clips[$0]], position: $0) },
                    sampleCount: configuration.clipSamples, lambdas: lambdas.map { Array($0[examples]) } ?? [],
                    stateAfter: state)
            },
            lend: { maker.lend($0, from: pool) },
            work: { try maker.make($0, $1, into: $2, scratch: $3) })
    }

    private static func check(
        _ configuration: Configuration, cache: WaveformCache, frontEnd: NetworkFrontEnd
    ) throws {
        let minimum = frontEnd.configuration.minimumSampleCount
        func refuse(_ message: String) -> EPANNsError { EPANNsError(.invalidConfiguration, message) }
        guard cache.sampleRate == frontEnd.configuration.sampleRate else {
            throw refuse(
                "The waveform cache has \(cache.sampleRate) Hz, the model \(frontEnd.configuration.sampleRate) Hz; build the "
                    + "cache at the model's rate.")
        }
        guard (minimum...1 << 28).contains(configuration.clipSamples) else {
            throw refuse(
                "Clips of \(configuration.clipSamples.counted("sample")) cannot be trained on; at least \(minimum) are needed."
            )
        }
        guard (1...1 << 16).contains(configuration.batchSize),
            configuration.batchSize.isMultiple(of: configuration.shard.count)
        else {
            throw refuse(
                "A batch of \(configuration.batchSize) cannot be shared out evenly among \(configuration.shard.count); choose "
                    + "a positive multiple.")
        }
        guard configuration.mixupAlpha.map({ $0 > 0 && $0 <= 1000 }) ?? true else {
            throw refuse("Mixup's alpha is above 0 and at most 1000; 1 is PANNs'.")
        }
        guard (1...1024).contains(configuration.prefetchDepth), (1...1024).contains(configuration.workerCount ?? 1),
            (0..<1 << 48).contains(configuration.firstIteration)
        else { throw refuse("Prefetch depth and workers are 1 to 1024, the first iteration is not negative.") }
        try configuration.specAugment?.validate()
        try configuration.waveformAugmentation.validate()
    }
}

import EPANNsAudio
import EPANNsCore
import EPANNsData
import EPANNsGraph
import EPANNsProcesses
import Foundation

/// A data set's clips in order, once, without augmentation, made ahead on worker threads.
///
/// As PANNs' `EvaluateSampler`: sequential, the last batch partial (SPEC §5.2). Belongs to one thread at a time.
/// Test: `EvaluationLoaderTests`.
public final class EvaluationLoader {
    /// What of a clip is evaluated.
    public enum Extent: Sendable, Hashable, Codable {
        /// All of it. A batch holds successive clips of the same length, up to the batch size.
        case whole
        /// The first samples, with zeros behind a shorter clip; PANNs' way, with 10 s.
        case fixed(samples: Int)
        /// Windows side by side or overlapping, the last one with zeros behind the clip's end.
        case windows(samples: Int, hop: Int)
    }

    /// How batches are made.
    public struct Configuration: Sendable, Hashable, Codable {
        /// Clips or windows of a batch.
        public var batchSize: Int
        /// What of a clip is evaluated.
        public var extent: Extent
        /// Shorter clips are padded with zeros to this many samples, the network's minimum (SPEC §1.5).
        public var minimumSamples: Int
        /// This process's part of the clips.
        public var shard: Shard
        /// Worker threads; nil takes the machine's cores.
        public var workerCount: Int?
        /// Batches made ahead; bounds the memory.
        public var prefetchDepth: Int

        /// Makes a configuration.
        public init(
            batchSize: Int, extent: Extent = .whole, minimumSamples: Int = 0, shard: Shard = .whole,
            workerCount: Int? = nil, prefetchDepth: Int = 3
        ) {
            self.batchSize = batchSize
            self.extent = extent
            self.minimumSamples = minimumSamples
            self.shard = shard
            self.workerCount = workerCount
            self.prefetchDepth = prefetchDepth
        }
    }

    /// Number of batches that the loader gives in all.
    public let batchCount: Int
    /// Indices of this shard's clips in the data set.
    public let clips: Range<Int>
    private let maker: ClipMaker
    private let pipeline: BatchPipeline

    /// Plans batches and starts to make the first ones.
    ///
    /// - Throws: `EPANNsError` with code `invalidConfiguration` when parts do not fit together.
    public init(
        dataSet: DataSet, cache: WaveformCache, frontEnd: LogMelSpectrogram, configuration: Configuration
    ) throws {
        try dataSet.validate()
        let plans = try Self.plans(dataSet, cache, frontEnd.configuration, configuration)
        clips = configuration.shard.range(of: dataSet.clips.count)
        batchCount = plans.count
        let maker = ClipMaker(dataSet: dataSet, cache: cache, frontEnd: frontEnd, augmentation: nil, teacher: nil)
        self.maker = maker
        let pool = BatchStoragePool(limit: configuration.prefetchDepth + 2)
        var drawn = 0
        pipeline = BatchPipeline(
            workerCount: configuration.workerCount ?? ProcessInfo.processInfo.activeProcessorCount,
            depth: configuration.prefetchDepth,
            draw: {
                guard drawn < plans.count else { return nil }
                drawn += 1
                return plans[drawn - 1]
            },
            lend: { maker.lend($0, from: pool) },
            work: { try maker.make($0, $1, into: $2, scratch: $3) })
    }

    deinit { pipeline.stop() }

    /// The next batch; nil at the end.
    ///
    /// - Throws: What reading or the front end threw for one of its clips; then always the same.
    public func next() throws -> EvaluationBatch? {
        guard let slot = try pipeline.next() else { return nil }
        return EvaluationBatch(
            slot, frameCount: maker.frontEnd.configuration.frameCount(sampleCount: slot.plan.sampleCount),
            melBands: maker.melBands, classCount: maker.dataSet.classCount)
    }

    private static func plans(
        _ dataSet: DataSet, _ cache: WaveformCache, _ frontEnd: FrontEndConfiguration, _ configuration: Configuration
    ) throws -> [BatchPlan] {
        let minimum = max(frontEnd.minimumSampleCount, configuration.minimumSamples)
        let (length, hop): (Int?, Int) =
            switch configuration.extent {
            case .whole: (nil, 1)
            case .fixed(let samples): (samples, 1)
            case .windows(let samples, let hop): (samples, hop)
            }
        guard cache.sampleRate == frontEnd.sampleRate, (1...1 << 16).contains(configuration.batchSize),
            (1...1 << 28).contains(length ?? 1), (1...1 << 28).contains(hop), minimum <= 1 << 28,
            (1...1024).contains(configuration.prefetchDepth), (1...1024).contains(configuration.workerCount ?? 1)
        else {
            throw EPANNsError(
                .invalidConfiguration,
                "Evaluation needs a cache at the model's \(frontEnd.sampleRate) Hz (this one has \(cache.sampleRate)), a batch "
                    + "size of 1 to 65536, and windows and hops of at least one sample.")
        }
        var plans: [BatchPlan] = []
        for clip in configuration.shard.range(of: dataSet.clips.count) {
            let location = try cache.location(of: dataSet.clips[clip])
            let samples = max(minimum, length ?? location.sampleCount)
            var starts = [0]
            if case .windows(let window, let hop) = configuration.extent, location.sampleCount > window {
                let more = (location.sampleCount - window + hop - 1) / hop
                starts += (1...more).map { $0 * hop }.filter { $0 < location.sampleCount }
            }
            for start in starts {
                let isNew =
                    plans.last.map { $0.units.count == configuration.batchSize || $0.sampleCount != samples } ?? true
                if isNew { plans.append(BatchPlan(iteration: plans.count, units: [], sampleCount: samples)) }
                let position = plans[plans.count - 1].units.count
                plans[plans.count - 1].units.append(
                    BatchUnit(clip: clip, location: location, start: start, position: position))
            }
        }
        return plans
    }
}

/// What one step of evaluation takes in.
///
/// The numbers lie in memory that the loader uses again once the batch is let go, so nothing that the closures are given
/// may be kept.
public final class EvaluationBatch: @unchecked Sendable {
    /// Indices in the data set, shape `(clips)`; with windows an index occurs several times.
    public let clips: [Int]
    /// Where each one starts in its clip, in samples.
    public let startSamples: [Int]
    /// Samples of each one, with the zeros behind.
    public let sampleCount: Int
    /// Frames of each one.
    public let frameCount: Int
    /// Mel bands.
    public let melBands: Int
    /// Number of classes.
    public let classCount: Int
    private let loan: BatchLoan

    init(_ slot: BatchPipeline.Slot, frameCount: Int, melBands: Int, classCount: Int) {
        clips = slot.plan.units.map(\.clip)
        startSamples = slot.plan.units.map(\.start)
        sampleCount = slot.plan.sampleCount
        loan = slot.loan
        self.frameCount = frameCount
        self.melBands = melBands
        self.classCount = classCount
    }

    /// Number of clips or windows.
    public var count: Int { clips.count }

    /// Gives access to the log-mel spectrograms, shape `(clips, frames, mels)`, row-major.
    public func withSpectrograms<Result>(
        _ body: (UnsafeMutableBufferPointer<Float>) throws -> Result
    ) rethrows -> Result {
        try withExtendedLifetime(self) {
            try body(.init(rebasing: loan.storage.spectrograms[..<(count * frameCount * melBands)]))
        }
    }

    /// Gives access to the targets, 0 or 1, shape `(clips, classes)`.
    public func withTargets<Result>(
        _ body: (UnsafeMutableBufferPointer<Float>) throws -> Result
    ) rethrows -> Result {
        try withExtendedLifetime(self) { try body(.init(rebasing: loan.storage.targets[..<(count * classCount)])) }
    }
}

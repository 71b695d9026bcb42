import EPANNs
import EPANNsCore
import EPANNsData
import EPANNsProcesses
import Foundation
import Synchronization

/// Runs a model over the clips of a data set, several side by side, in one process or shared among several.
///
/// Tests: `ClipScorerTests`, `MPITests`.
public struct ClipScorer: Sendable {
    /// Is told of each clip that is done: its length in seconds, or nil where it failed.
    ///
    /// It is called on several threads.
    public typealias Progress = @Sendable (_ audioSeconds: Double?) -> Void

    private let tagger: AudioTagger
    private let clips: [DataSet.Clip]
    private let clipSeconds: Double?
    /// Reads the rows of HDF5 packs where they lie; nil where there are none.
    private let packs: WaveformCache?

    /// Prepares for a data set.
    ///
    /// - Parameters:
    ///   - tagger: The model.
    ///   - set: The clips.
    ///   - clipSeconds: Length to which clips are cut, and to which shorter ones are filled up with silence; nil for clips
    ///     as they are, long ones by the mean over their windows, as `WindowPolicy.automatic` has it.
    /// - Throws: `EPANNsError` with code `invalidConfiguration` when the length is not above 0, and as
    ///   `DataSet.packs(sampleRate:)`.
    public init(tagger: AudioTagger, set: DataSet, clipSeconds: Double? = nil) throws {
        if let clipSeconds, !(clipSeconds > 0 && clipSeconds <= 3600) {
            throw EPANNsError(
                .invalidConfiguration,
                "Clips of \(clipSeconds) s are invalid; the length must lie above 0 and be at most 3600 s.")
        }
        self.tagger = tagger
        self.clipSeconds = clipSeconds
        clips = set.clips
        packs = try set.packs(sampleRate: tagger.sampleRate)
    }

    /// What became of a clip, as one process tells it the first.
    private struct Outcome: Codable {
        /// Float32 in the machine's order.
        var row: Data?
        var failure: SentError?
        var seconds: Double?
    }

    /// Scores the clips; those that cannot be read do not stop the others.
    ///
    /// - Parameters:
    ///   - mapping: Which outputs make a row; nil for all of the model's.
    ///   - jobs: Clips that one process scores side by side.
    ///   - group: The processes that share the clips.
    ///   - progress: Is told of each clip, in the first process alone.
    /// - Returns: Nil in all processes but the first.
    /// - Throws: The first clip's error when none could be read; `EPANNsError` with code `invalidCheckpoint` when the
    ///   model's scores are not finite.
    public func scores(
        mapping: ClassMapping? = nil, jobs: Int, group: any Communicator = SoloCommunicator(),
        progress: @escaping Progress = { _ in }
    ) throws -> ClipScores? {
        let rows = Mutex([[Float]?](repeating: nil, count: clips.count))
        let failures = Mutex([(clip: Int, error: SentError)]())
        try WorkShare(communicator: group, jobs: jobs).run(clips.count) { index in
            try outcome(of: clips[index], mapping)
        } take: { index, outcome in
            if let row = outcome.row {
                let values = row.withUnsafeBytes { bytes in
                    (0..<bytes.count / 4).map { bytes.loadUnaligned(fromByteOffset: 4 * $0, as: Float.self) }
                }
                rows.withLock { $0[index] = values }
            } else if let failure = outcome.failure {
                failures.withLock { $0.append((index, failure)) }
            }
            progress(outcome.seconds)
        }
        guard group.rank == 0 else { return nil }
        let failed = failures.withLock { $0 }.sorted { $0.clip < $1.clip }
        if failed.count == clips.count, let first = failed.first { throw first.error.error }
        return ClipScores(
            rows: rows.withLock { $0 },
            failures: failed.map { clip, error in
                let error = error.error
                // Whoever shows it has words of its own for the remedy.
                let text = error.text { _ in nil }
                return .init(
                    clip: clip, message: text.contains(clips[clip].name) ? text : "\(clips[clip].name): \(text)",
                    remedy: error.remedy)
            })
    }

    private func outcome(of clip: DataSet.Clip, _ mapping: ClassMapping?) throws -> Outcome {
        let (row, seconds): ([Float], Double)
        do {
            let heard = try hear(clip)
            row = mapping?.scores(from: heard.scores) ?? heard.scores
            seconds = heard.seconds
        } catch let error as EPANNsError where error.code == .invalidCheckpoint {
            // It is no clip's fault, and no other clip would fare better.
            throw error
        } catch {
            return Outcome(failure: SentError(error))
        }
        guard row.allSatisfy(\.isFinite) else {
            throw EPANNsError(
                .invalidCheckpoint,
                "The model's scores of \(clip.name) are NaN or infinite: its weights are damaged, or its training diverged. "
                    + "Take an earlier checkpoint.")
        }
        return Outcome(row: row.withUnsafeBytes { Data($0) }, seconds: seconds)
    }

    private func hear(_ clip: DataSet.Clip) throws -> (scores: [Float], seconds: Double) {
        if clipSeconds == nil, case .file(let path) = clip.source {
            // As `tag` hears it: a long clip is judged by the scores that are reported of it.
            let reader = try tagger.reader(of: .file(path: path))
            guard let window = try reader.next() else {
                throw EPANNsError(.invalidAudio, "\(path.quoted) holds no samples.")
            }
            return (window.scores, reader.durationSeconds)
        }
        let samples = try fitted(read(clip))
        return (try tagger.outputs(samples: samples).scores, Double(samples.count) / Double(tagger.sampleRate))
    }

    private func fitted(_ waveform: [Float]) -> [Float] {
        guard let clipSeconds else { return waveform }
        let count = max(1, Int((clipSeconds * Double(tagger.sampleRate)).rounded()))
        return waveform.prefix(count) + [Float](repeating: 0, count: max(0, count - waveform.count))
    }

    private func read(_ clip: DataSet.Clip) throws -> [Float] {
        switch clip.source {
        case .file(let path): return try tagger.load(.file(path: path)).samples
        // As AudioSet's packs hold missing recordings; SPEC §5.1.
        case .missing: return [Float](repeating: 0, count: 10 * tagger.sampleRate)
        case .hdf5:
            guard let packs else { preconditionFailure("a clip in a pack, and no pack was opened") }
            return try packs.waveform(of: clip)
        }
    }
}

import ArgumentParser
import EPANNs
import EPANNsCore
import EPANNsData
import EPANNsEvaluation
import EPANNsProcesses
import EPANNsTraining
import Foundation
import Synchronization

/// Tags the clips of a data set, several side by side.
struct ClipScorer: Sendable {
    /// What came of it.
    struct Scored {
        /// Scores of the data's classes by clip; nil for those that failed.
        var rows: [[Float]?]
        /// What went wrong, by clip.
        var failures: [(index: Int, message: String)]

        /// Says what went wrong.
        ///
        /// - Throws: `ExitCode` 1 when a clip failed.
        func reportFailures(of total: Int) throws {
            guard !failures.isEmpty else { return }
            for failure in failures { StandardError.write(failure.message) }
            StandardError.write(
                "\(failures.count) of \(total) clips could not be tagged and are in none of the numbers.")
            throw ExitCode(1)
        }
    }

    private let tagger: AudioTagger
    private let mapping: ClassMapping
    private let clips: [DataSet.Clip]
    private let clipSeconds: Double?
    /// Reads the rows of HDF5 packs where they lie; nil where there are none.
    private let packs: WaveformCache?

    /// Prepares for a data set.
    ///
    /// - Parameters:
    ///   - tagger: The model.
    ///   - mapping: Which of its outputs stand for the data's classes.
    ///   - set: The clips.
    ///   - clipSeconds: Length to which clips are cut and padded; nil for clips as they are.
    /// - Throws: `EPANNsError` when an HDF5 pack cannot be opened, or its rate does not suit the model.
    init(tagger: AudioTagger, mapping: ClassMapping, set: DataSet, clipSeconds: Double?) throws {
        self.tagger = tagger
        self.mapping = mapping
        self.clipSeconds = clipSeconds
        clips = set.clips
        packs = try set.packs(sampleRate: tagger.sampleRate)
    }

    /// What became of a clip.
    private struct Outcome: Codable {
        /// Float32 in the machine's order.
        var row: Data?
        var failure: SentError?
        var seconds: Double?
    }

    /// Tags the clips; those that cannot be read do not stop the others.
    ///
    /// - Returns: Nil in all processes but the first.
    /// - Throws: The first clip's error when none could be read; `EPANNsError` with code `invalidCheckpoint` when the
    ///   model's scores are no numbers.
    func score(jobs: Int, group: any Communicator) throws -> Scored? {
        let share = WorkShare(communicator: group, jobs: jobs)
        let progress = ProgressBar(total: clips.count, isShared: share.isShared)
        defer { progress.finish() }
        let rows = Mutex([[Float]?](repeating: nil, count: clips.count))
        let failures = Mutex([(index: Int, error: SentError)]())
        try share.run(clips.count) { index in
            let (samples, row): ([Float], [Float])
            do {
                samples = try self.samples(of: clips[index])
                row = mapping.scores(from: try tagger.outputs(samples: samples).scores)
            } catch {
                return Outcome(failure: SentError(error))
            }
            guard row.allSatisfy(\.isFinite) else { throw notFinite(clips[index]) }
            return Outcome(
                row: row.withUnsafeBytes { Data($0) }, seconds: Double(samples.count) / Double(tagger.sampleRate))
        } take: { index, outcome in
            if let row = outcome.row {
                let values = row.withUnsafeBytes { bytes in
                    (0..<bytes.count / 4).map { bytes.loadUnaligned(fromByteOffset: 4 * $0, as: Float.self) }
                }
                rows.withLock { $0[index] = values }
            } else if let failure = outcome.failure {
                failures.withLock { $0.append((index, failure)) }
            }
            progress.advance(audioSeconds: outcome.seconds)
        }
        guard group.rank == 0 else { return nil }
        let failed = failures.withLock { $0 }.sorted { $0.index < $1.index }
        if failed.count == clips.count, let first = failed.first { throw first.error.error }
        return Scored(
            rows: rows.withLock { $0 },
            failures: failed.map { index, error in
                let text = "\(error.error)"
                return (index, text.contains(clips[index].name) ? text : "\(clips[index].name): \(text)")
            })
    }

    private func samples(of clip: DataSet.Clip) throws -> [Float] {
        var samples = try read(clip)
        guard let clipSeconds else { return samples }
        let count = max(1, Int((clipSeconds * Double(tagger.sampleRate)).rounded()))
        if samples.count > count { samples.removeLast(samples.count - count) }
        return samples + [Float](repeating: 0, count: count - samples.count)
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

    private func notFinite(_ clip: DataSet.Clip) -> EPANNsError {
        EPANNsError(
            .invalidCheckpoint,
            "The model's scores of \(clip.name) are no numbers: its weights are damaged, or its training diverged. "
                + "Take an earlier checkpoint.")
    }
}

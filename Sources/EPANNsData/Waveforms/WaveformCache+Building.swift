import EPANNsAudio
import EPANNsCore
import EPANNsGraph
import EPANNsModels
import Foundation

extension WaveformCache {
    /// How a cache is built.
    public struct Options: Sendable {
        /// Threads that decode; nil takes the machine's cores.
        public var workerCount: Int?
        /// Where clips are cut off, in seconds; nil takes them whole, and refuses those above an hour.
        public var maximumClipSeconds: Double?
        /// Whether recordings that cannot be read are skipped; otherwise an error names them.
        public var skipsUnreadable = false

        /// The defaults.
        public init() {}
    }

    /// How far building is.
    public struct Progress: Sendable, Hashable {
        /// Recordings done, with those that were there before.
        public var completed: Int
        /// Recordings in all.
        public var total: Int
        /// Recordings that were there before.
        public var reused: Int
        /// Recordings that could not be read.
        public var unreadable: Int

        /// Makes a report.
        public init(completed: Int, total: Int, reused: Int, unreadable: Int) {
            self.completed = completed
            self.total = total
            self.reused = reused
            self.unreadable = unreadable
        }
    }

    /// Builds what is missing of a cache, and opens it.
    ///
    /// Recordings that are there already, with the same length and time of change, stay. Each one is safe once it is
    /// done: after a kill the next call goes on. A process that builds at the same place is waited for. Space of
    /// replaced recordings is not given back; delete the folder for that.
    ///
    /// - Parameters:
    ///   - dataSet: Whose clips.
    ///   - sampleRate: The model's, in Hz.
    ///   - folder: Where the files go; one folder serves several data sets and rates.
    ///   - options: Threads, limits, what to do with unreadable recordings.
    ///   - progress: Called on this thread after every few clips; what it throws ends the call.
    /// - Throws: `EPANNsError` with code `invalidAudio` that names the unreadable recordings, `fileFailure` when the
    ///   disk is full, `unsupportedFormat` for a pack whose rate does not divide; and what `progress` throws.
    public static func build(
        _ dataSet: DataSet, sampleRate: Int, folder: String, options: Options = Options(),
        progress: (Progress) throws -> Void = { _ in }
    ) throws -> WaveformCache {
        guard (1000...768_000).contains(sampleRate), options.maximumClipSeconds ?? 1 > 0,
            options.maximumClipSeconds ?? 1 <= 86400
        else {
            throw EPANNsError(
                .invalidConfiguration, "A cache has 1000 to 768000 samples a second and clips of at most a day.")
        }
        let canonical = CanonicalPaths()
        var (paths, seen): ([String], Set<String>) = ([], [])
        var packs: [(path: String, pack: Pack)] = []
        for clip in dataSet.clips {
            switch clip.source {
            case .missing: break
            case .file(let path):
                let path = canonical(path)
                if seen.insert(path).inserted { paths.append(path) }
            case .hdf5(let path, _):
                let path = canonical(path)
                if seen.insert(path).inserted { packs.append((path, try pack(path, sampleRate: sampleRate))) }
            }
        }
        guard !paths.isEmpty else {
            return try WaveformCache(
                sampleRate: sampleRate, dataPath: "", records: [], packs: packs, unreadable: [:], notes: [],
                paths: canonical)
        }
        let store = try WaveformStore(folder: folder, sampleRate: sampleRate)
        let limit = options.maximumClipSeconds.map { max(1, Int(($0 * Double(sampleRate)).rounded())) } ?? 0
        let job = WaveformJob(store: store, paths: paths, sampleRate: sampleRate, limit: limit)
        let unreadable = try job.run(workerCount: options.workerCount, progress: progress)
        let records = try job.sealed()
        if !unreadable.isEmpty, !options.skipsUnreadable || unreadable.count == paths.count {
            let shown = unreadable.sorted { $0.key < $1.key }.prefix(5)
                .map { "\($0.key.quoted): \($0.value)" }.joined(separator: "\n  ")
            let rest = unreadable.count > 5 ? "\n  and \(unreadable.count - 5) more" : ""
            throw EPANNsError(
                .invalidAudio,
                "\(unreadable.count.counted(of: paths.count, "recording")) cannot be read; repair what is damaged, or have it "
                    + "skipped:\n  "
                    + shown + rest)
        }
        var notes = store.notes + job.warnings
        let loud = records.count { $0.wasLoud }
        if loud > 0 {
            notes.append(
                "\(loud.counted("recording")) with peaks above \(WaveformQuantization.loudest), which the reference "
                    + "refuses: clipped at 1.")
        }
        return try WaveformCache(
            sampleRate: sampleRate, dataPath: store.dataPath, records: records, packs: packs, unreadable: unreadable,
            notes: notes, paths: canonical)
    }

    private static func pack(_ path: String, sampleRate: Int) throws -> Pack {
        let file = try HDF5File(path: path)
        let waveforms = try file.array("waveform")
        guard waveforms.shape.count == 2, waveforms.element == .integer(size: 2) else {
            throw file.damaged("waveform, which should be 16-bit integers of shape (clips, samples),")
        }
        guard let rate = try file.integerAttribute("sample_rate"), rate > 0, rate % sampleRate == 0 else {
            throw EPANNsError(
                .unsupportedFormat,
                "\(path.quoted) cannot be read at \(sampleRate) Hz: packs are read at their own rate or a whole fraction "
                    + "of it, 32000, 16000 or 8000 Hz for PANNs' (SPEC §1.6).")
        }
        return Pack(waveforms: waveforms, step: rate / sampleRate)
    }
}

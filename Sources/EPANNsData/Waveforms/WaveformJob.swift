import EPANNsAudio
import EPANNsCore
import EPANNsGraph
import EPANNsModels
import Foundation

/// The decoding of recordings into a store, on several threads.
///
/// `@unchecked Sendable`: everything that changes is touched with the condition's lock held, or by the one thread that
/// made the job once the others are joined.
final class WaveformJob: @unchecked Sendable {
    private let condition = NSCondition()
    private let store: WaveformStore
    private let paths: [String]
    private let sampleRate: Int
    private let limit: Int
    private var pending: [String] = []
    private var started = 0
    private var finished = 0
    private var unreadable: [String: String] = [:]
    private var warned: [String] = []
    private var failure: (any Error)?
    private var isStopped = false

    init(store: WaveformStore, paths: [String], sampleRate: Int, limit: Int) {
        self.store = store
        self.paths = paths
        self.sampleRate = sampleRate
        self.limit = limit
    }

    /// What was noticed in recordings that could be read.
    var warnings: [String] {
        warned.isEmpty
            ? []
            : [
                "\(warned.count.counted("recording")) read with warnings: \(warned.sorted().firstFewQuoted)."
            ]
    }

    /// Decodes what the store does not have.
    ///
    /// - Returns: Path and reason of what cannot be read.
    func run(workerCount: Int?, progress: (WaveformCache.Progress) throws -> Void) throws -> [String: String] {
        for path in paths {
            let state = SourceState(path: path)
            let record = store.records[path]
            let isCurrent = record.map { SourceState($0) == state && $0.limit == limit } ?? false
            if !isCurrent { pending.append(path) }
        }
        func report() -> WaveformCache.Progress {
            let reused = paths.count - pending.count
            return .init(
                completed: reused + finished, total: paths.count, reused: reused, unreadable: unreadable.count)
        }
        try progress(report())
        guard !pending.isEmpty else { return [:] }
        let wanted = workerCount ?? ProcessInfo.processInfo.activeProcessorCount
        let threads = WorkerThreads(count: max(1, min(wanted, pending.count)), name: "waveforms") { self.work() }
        defer { threads.join() }
        var reported = 0
        condition.lock()
        // The last report says that all is done.
        while reported < pending.count, failure == nil {
            guard finished > reported else {
                condition.wait()
                continue
            }
            reported = finished
            let now = report()
            condition.unlock()
            do { try progress(now) } catch {
                condition.lock()
                failure = failure ?? error
                continue
            }
            condition.lock()
        }
        isStopped = true
        let outcome = (failure: failure, unreadable: unreadable)
        condition.unlock()
        if let failure = outcome.failure { throw failure }
        return outcome.unreadable
    }

    /// The records of the paths, once everything is on disk.
    func sealed() throws -> [WaveformRecord] {
        try store.seal()
        return paths.compactMap { unreadable[$0] == nil ? store.records[$0] : nil }
    }

    private func work() {
        while let path = claim() {
            let result = Result { try decode(path) }
            condition.lock()
            switch result {
            case .success(let clip):
                if failure == nil {
                    do {
                        try clip.samples.withUnsafeBufferPointer { try store.append($0, clip.record) }
                    } catch { failure = error }
                }
                if clip.hasWarnings { warned.append(path) }
            case .failure(let error): unreadable[path] = (error as? EPANNsError)?.message ?? "\(error)"
            }
            finished += 1
            condition.signal()
            condition.unlock()
        }
    }

    private func claim() -> String? {
        condition.lock()
        defer { condition.unlock() }
        guard !isStopped, failure == nil, started < pending.count else { return nil }
        started += 1
        return pending[started - 1]
    }

    private struct DecodedClip {
        var samples: [Int16]
        var record: WaveformRecord
        var hasWarnings: Bool
    }

    private func decode(_ path: String) throws -> DecodedClip {
        // Before decoding: a file that changes meanwhile is then decoded again next time.
        let state = SourceState(path: path)
        let longest = limit > 0 ? limit : 3600 * sampleRate
        // One sample more than allowed shows that there is more.
        let reader = try AudioReader(
            .file(path: path), sampleRate: sampleRate,
            maximumDurationSeconds: Double(longest + (limit > 0 ? 0 : 1)) / Double(sampleRate))
        var samples: [Int16] = []
        var loudest: Float = 0
        while let block = try reader.next() {
            samples.reserveCapacity(samples.count + block.count)
            for sample in block {
                loudest = max(loudest, abs(sample))
                samples.append(WaveformQuantization.quantize(sample))
            }
        }
        guard samples.count <= longest else {
            throw EPANNsError(
                .invalidAudio, "It is longer than an hour; cut it, or give a maximum length of clips.")
        }
        let record = WaveformRecord(
            path: path, sourceSize: state.size, sourceTime: state.time, limit: limit, offset: 0, count: 0, hash: 0,
            wasLoud: loudest > WaveformQuantization.loudest)
        return DecodedClip(samples: samples, record: record, hasWarnings: !reader.info.warnings.isEmpty)
    }
}

/// How a source is told to have changed.
private struct SourceState: Equatable {
    var size: Int64
    var time: Int64

    init(_ record: WaveformRecord) { (size, time) = (record.sourceSize, record.sourceTime) }

    /// Minus ones when there is no file, which decoding then says.
    init(path: String) {
        var status = stat()
        guard stat(path, &status) == 0 else {
            (size, time) = (-1, -1)
            return
        }
        #if canImport(Darwin)
        let changed = status.st_mtimespec
        #else
        let changed = status.st_mtim
        #endif
        size = Int64(status.st_size)
        time = Int64(changed.tv_sec) &* 1_000_000_000 &+ Int64(changed.tv_nsec)
    }
}

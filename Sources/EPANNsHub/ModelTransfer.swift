import EPANNsCore
import Foundation

/// One download in progress: the part, its state and its digests, which stay together over all attempts.
///
/// Used by one task only. The attempts themselves are in `ModelTransfer+Attempt.swift`.
final class ModelTransfer {
    let model: RegisteredModel
    let source: URL
    let cache: ModelCache
    let configuration: ModelDownloader.Configuration
    let onEvent: @Sendable (DownloadEvent) -> Void
    let part: PartFile
    var state: PartState
    var digest = StreamingDigest()
    var meter: ProgressMeter
    /// Whether any server has answered in this run: before that, a failure means that we are offline.
    var hasReachedServer = false

    /// A failure that may pass: worth another attempt.
    struct Interruption: Error {
        var reason: String
        var cause: (any Error)?
        /// The pause the server asks for.
        var retryAfter: Duration?
        /// Whether no connection came about at all.
        var isUnreachable = false
    }

    /// Opens the part, and keeps its contents where they can be of use.
    ///
    /// - Throws: `EPANNsError` with code `fileFailure`.
    init(
        model: RegisteredModel, source: URL, cache: ModelCache, configuration: ModelDownloader.Configuration,
        onEvent: @escaping @Sendable (DownloadEvent) -> Void
    ) throws {
        self.model = model
        self.source = source
        self.cache = cache
        self.configuration = configuration
        self.onEvent = onEvent
        meter = ProgressMeter(interval: configuration.progressInterval)
        part = try PartFile(path: cache.partPath(for: model))
        state = PartState(source: source.absoluteString)
        guard part.byteCount > 0 else { return }

        // A state that cannot be read only costs the part.
        let former = try? SideCar.read(PartState.self, at: cache.partStatePath(for: model))
        guard let reason = Self.reasonToDiscard(part, former, source: state.source, model: model, cap: byteCap) else {
            if let former, former.source == state.source { state = former }
            onEvent(.checkingPart(byteCount: part.byteCount))
            try part.forEachChunk { digest.update($0) }
            return
        }
        onEvent(.restarting(reason: reason))
        try part.clear()
    }

    private static func reasonToDiscard(
        _ part: PartFile, _ former: PartState?, source: String, model: RegisteredModel, cap: Int
    ) -> String? {
        guard let former else { return "nothing is known of the part that is here" }
        if part.byteCount > min(cap, former.byteCount ?? cap) { return "the part that is here is too long" }
        // A checksum will tell in the end, whatever server the rest comes from.
        if model.hasChecksum { return nil }
        if former.source != source { return "the part that is here came from \(former.source)" }
        if former.entityTag == nil { return "nothing could prove that the rest belongs to the part that is here" }
        return nil
    }

    /// The most bytes the file may have.
    var byteCap: Int { model.byteCount ?? configuration.maximumByteCount }

    /// Attempts the transfer until the part is complete.
    ///
    /// - Throws: `EPANNsError`, `CancellationError`.
    func run() async throws {
        var retries = 0
        while true {
            do {
                return try await attempt()
            } catch let interruption as Interruption {
                try Task.checkCancellation()
                if interruption.isUnreachable, !hasReachedServer { throw unreachable(interruption) }
                guard retries < configuration.maximumRetries else { throw gaveUp(interruption, after: retries) }
                let doubled = configuration.initialBackoff * (1 << min(retries, 16))
                let pause = min(max(doubled, interruption.retryAfter ?? .zero), configuration.maximumBackoff)
                retries += 1
                onEvent(
                    .retrying(
                        reason: interruption.reason, attempt: retries, limit: configuration.maximumRetries, after: pause
                    ))
                try await Task.sleep(for: pause)
            }
        }
    }

    /// Starts over: what has arrived belongs to another file.
    func restart(because reason: String) throws {
        onEvent(.restarting(reason: reason))
        try part.clear()
        digest = StreamingDigest()
        state = PartState(source: source.absoluteString)
    }

    /// Leaves the part for a later run.
    func suspend() {
        // The transfer has already failed for a better reason than these could give.
        try? part.synchronize()
        part.close()
        if part.byteCount == 0 { try? cache.discardPart(of: model) }
    }

    /// Compares the complete part with what it should be and gives it its name.
    ///
    /// - Throws: `EPANNsError` with code `checksumMismatch` or `fileFailure`.
    func finish(force: Bool) throws -> DownloadResult {
        onEvent(.verifying)
        try part.synchronize()
        part.close()
        let digest = digest.finished
        let isPublicCopy = try model.gitBlobID.map {
            try FileDigest.gitBlobID(ofFile: part.path, byteCount: digest.byteCount) == $0
        }
        try refuseWrong(digest, isPublicCopy: isPublicCopy, force: force)

        let path = cache.path(for: model)
        var record = DownloadRecord(model: model, digest: digest, source: state.source)
        // The record first: a record without a file does no harm, a file without its record could not be verified.
        try SideCar.write(record, at: cache.recordPath(for: model))
        try check("rename", part.path) { rename(part.path, path) }
        try? cache.discardPart(of: model)
        // Only now, since the new name is a change, too. Without a stamp the file is read once more at its first use.
        record.stamp = FileStamp(path: path)
        try? SideCar.write(record, at: cache.recordPath(for: model))
        synchronizeDirectory()
        return DownloadResult(
            path: path, record: record, wasCached: false,
            matchesPublicCopy: isPublicCopy)
    }

    private func refuseWrong(_ digest: FileDigest, isPublicCopy: Bool?, force: Bool) throws {
        var problem = model.problem(with: digest)
        var advice = "Try again; if it happens again, the file at its source has changed, see \(model.pageURL)."
        var remedy: Remedy?
        if problem == nil, !model.hasChecksum, !force, let record = try cache.record(of: model) {
            problem = ModelCache.problem(with: digest, since: record)
            advice = "Replace it only if the authors have published a new version (see \(model.pageURL))."
            remedy = .downloadModel(name: model.name, again: true)
        }
        if problem == nil, !model.hasChecksum, !force, isPublicCopy == false, source.scheme != "https" {
            problem =
                "no checksum was published, it is another file than the known public copy, and it came without https"
            advice = "Take it from an https address."
            remedy = .trustSource(model: model.name)
        }
        guard let problem else { return }
        let bad = cache.badPath(for: model)
        try check("rename", part.path) { rename(part.path, bad) }
        try? cache.discardPart(of: model)
        throw EPANNsError(
            .checksumMismatch,
            "What came from \(state.source) is not the right file for “\(model.name)”: \(problem). It was put aside "
                + "as \(bad). \(advice)", remedy: remedy)
    }

    /// Makes the new name itself durable; a file system that cannot do this to a folder loses nothing by it.
    private func synchronizeDirectory() {
        let descriptor = open(cache.directory, O_RDONLY | O_CLOEXEC)
        guard descriptor >= 0 else { return }
        _ = fsync(descriptor)
        _ = close(descriptor)
    }
}

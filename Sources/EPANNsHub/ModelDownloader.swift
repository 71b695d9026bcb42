import EPANNsCore
import Foundation

/// Fetches published weights into a ``ModelCache``: resumable, checked, and never half there.
///
/// The file grows as `FILE.part`; a broken or cancelled download goes on where it stopped, also in a later run,
/// when the server proves (by its entity tag) or the published checksum will prove that the rest belongs to it. Only
/// a complete and verified file gets its name, in one step.
///
/// ```swift
/// let result = try await ModelDownloader(cache: .standard()).download(.standard.model(named: "epanns")) { event in
///     if case .progress(let progress) = event { print(progress.byteCount) }
/// }
/// ```
///
/// Test: `ModelDownloaderTests`, `ModelDownloaderFailureTests`.
public struct ModelDownloader: Sendable {
    /// The settings of downloads.
    public struct Configuration: Sendable {
        /// A folder of a web server that holds the files under their names, used in place of the published
        /// addresses; may be `http` where a checksum or a known public copy decides.
        public var mirror: String?
        /// The longest wait for a connection and the first line of an answer.
        public var answerTimeout: Duration
        /// The longest silence of a server.
        public var idleTimeout: Duration
        /// The least bytes a second, averaged over ``paceWindow``: a server that sends less is left as a silent one.
        public var minimumBytesPerSecond: Int
        /// The time over which the pace is measured.
        public var paceWindow: Duration
        /// How often a broken transfer is taken up again in one call.
        public var maximumRetries: Int
        /// The pause before the first retry; doubled before each further one.
        public var initialBackoff: Duration
        /// The longest pause, also where the server asks for a longer one.
        public var maximumBackoff: Duration
        /// The most redirects one request follows.
        public var maximumRedirects: Int
        /// The most bytes a file may have whose size was not published.
        public var maximumByteCount: Int
        /// The least time between two `progress` events.
        public var progressInterval: Duration

        /// Makes settings; the defaults fit a slow home line.
        public init(
            mirror: String? = nil, answerTimeout: Duration = .seconds(30), idleTimeout: Duration = .seconds(60),
            minimumBytesPerSecond: Int = 1000, paceWindow: Duration = .seconds(60),
            maximumRetries: Int = 5, initialBackoff: Duration = .seconds(1), maximumBackoff: Duration = .seconds(30),
            maximumRedirects: Int = 5, maximumByteCount: Int = 2 << 30,
            progressInterval: Duration = .milliseconds(100)
        ) {
            self.mirror = mirror
            self.answerTimeout = answerTimeout
            self.idleTimeout = idleTimeout
            self.minimumBytesPerSecond = minimumBytesPerSecond
            self.paceWindow = paceWindow
            self.maximumRetries = maximumRetries
            self.initialBackoff = initialBackoff
            self.maximumBackoff = maximumBackoff
            self.maximumRedirects = maximumRedirects
            self.maximumByteCount = maximumByteCount
            self.progressInterval = progressInterval
        }

        /// The defaults, with the mirror named by `EPANNS_MIRROR` where it is set.
        public static func standard(
            environment: [String: String] = ProcessInfo.processInfo.environment
        ) -> Configuration {
            Configuration(mirror: environment["EPANNS_MIRROR"].flatMap { $0.isEmpty ? nil : $0 })
        }
    }

    /// Where files are put.
    public let cache: ModelCache
    /// The settings.
    public let configuration: Configuration

    /// Makes a downloader.
    public init(cache: ModelCache, configuration: Configuration = .standard()) {
        self.cache = cache
        self.configuration = configuration
    }

    /// Makes sure that a model's file is in the cache and is the right one.
    ///
    /// A file that is already there is verified, and nothing is fetched. Without a published checksum the first
    /// download is trusted and recorded, and a later one that differs is refused.
    ///
    /// - Parameters:
    ///   - model: What to fetch.
    ///   - force: Fetch also when a file is there, and trust the new one where no checksum was published.
    ///   - onEvent: Called in order, on no particular thread; should return soon.
    /// - Returns: Where the file lies and what is known of it.
    /// - Throws: `EPANNsError` with code `networkFailure` (server not reached, refuses, or breaks off too often;
    ///   what has arrived stays for the next run), `checksumMismatch` (what arrived is kept as `FILE.bad`),
    ///   `fileFailure` (disk full, no permission, or another download of this model is under way),
    ///   `invalidConfiguration` (a bad mirror, or one without `https` for a file of which nothing is known);
    ///   `CancellationError` when the task was cancelled (what has arrived
    ///   stays).
    public func download(
        _ model: RegisteredModel, force: Bool = false,
        onEvent: @escaping @Sendable (DownloadEvent) -> Void = { _ in }
    ) async throws -> DownloadResult {
        let source = try sourceURL(of: model)
        if !force { try requireProof(of: model, from: source) }
        try cache.createDirectory()
        let lock = try DownloadLock(path: cache.lockPath(for: model))
        defer { lock.release() }
        if !force, cache.isCached(model) { return try adoptCached(model, onEvent: onEvent) }

        let transfer = try ModelTransfer(
            model: model, source: source, cache: cache, configuration: configuration, onEvent: onEvent)
        do {
            try await transfer.run()
        } catch {
            transfer.suspend()
            throw error
        }
        return try transfer.finish(force: force)
    }

    /// Verifies a file that is already there, and records one that was put there by other means.
    private func adoptCached(
        _ model: RegisteredModel, onEvent: @Sendable (DownloadEvent) -> Void
    ) throws -> DownloadResult {
        onEvent(.verifying)
        // Before the file is read: one that changes meanwhile is read again at its first use.
        let stamp = FileStamp(path: cache.path(for: model))
        let report = try cache.verify(model)
        if let problem = report.problem {
            throw EPANNsError(
                .checksumMismatch,
                "\(report.path) is not the right file for “\(model.name)”: \(problem).",
                remedy: .downloadModel(name: model.name, again: true))
        }
        let known = try cache.record(of: model)
        var record =
            known?.digest == report.digest
            ? known ?? DownloadRecord(model: model, digest: report.digest, source: nil)
            : DownloadRecord(model: model, digest: report.digest, source: nil)
        if record.stamp != stamp || record != known {
            record.stamp = stamp
            try SideCar.write(record, at: cache.recordPath(for: model))
        }
        return DownloadResult(
            path: report.path, record: record, wasCached: true, matchesPublicCopy: report.matchesPublicCopy)
    }

    /// Makes sure that something can tell whether the right file has come: `https` that it is the server's, a checksum
    /// or a known public copy that it is the authors'.
    ///
    /// - Throws: `EPANNsError` with code `invalidConfiguration`.
    private func requireProof(of model: RegisteredModel, from source: URL) throws {
        if source.scheme == "https" || Self.isThisMachine(source) { return }
        if model.hasChecksum || model.gitBlobID != nil { return }
        throw EPANNsError(
            .invalidConfiguration,
            "No checksum of “\(model.name)” is known, so without https anybody on the way could send something else: "
                + "\(source.absoluteString) is not used. Name an https address.",
            remedy: .trustSource(model: model.name))
    }

    private static func isThisMachine(_ url: URL) -> Bool {
        ["localhost", "127.0.0.1", "::1", "[::1]"].contains(url.host() ?? "")
    }

    /// The address a model is fetched from: the mirror's, where one is set.
    ///
    /// - Throws: `EPANNsError` with code `invalidConfiguration` when the address is no `https` one; plain `http` is
    ///   allowed for a mirror and for this machine.
    package func sourceURL(of model: RegisteredModel) throws -> URL {
        guard let mirror = configuration.mirror else {
            if let url = URL(string: model.downloadURL), let host = url.host(), !host.isEmpty,
                url.scheme == "https" || url.scheme == "http" && Self.isThisMachine(url)
            {
                return url
            }
            throw EPANNsError(
                .invalidConfiguration,
                "The address of “\(model.name)”, \(model.downloadURL), is not an https address. Correct the registry.")
        }
        guard let base = URL(string: mirror), ["http", "https"].contains(base.scheme), base.host()?.isEmpty == false,
            base.query() == nil, base.fragment() == nil
        else {
            throw EPANNsError(
                .invalidConfiguration,
                "“\(mirror)” cannot be a mirror: it must be the http or https address of a folder, such as "
                    + "https://example.org/models.", remedy: .correctMirror)
        }
        // `appending(component:)` leaves “=” as it is; servers read both forms alike.
        return base.appending(component: model.fileName, directoryHint: .notDirectory)
    }
}

extension ModelDownloader.Configuration {
    /// How long a server is borne with.
    var patience: WebExchange.Patience {
        WebExchange.Patience(
            answer: answerTimeout, silence: idleTimeout, bytesPerSecond: minimumBytesPerSecond, paceWindow: paceWindow)
    }
}

extension DownloadRecord {
    /// The record of a file that has just come or been found.
    package init(model: RegisteredModel, digest: FileDigest, source: String?, stamp: FileStamp? = nil) {
        self.init(
            model: model.name, fileName: model.fileName, digest: digest,
            trust: model.hasChecksum ? .publishedChecksum : .firstUse, source: source,
            date: Date().formatted(.iso8601), stamp: stamp)
    }
}

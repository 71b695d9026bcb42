import AsyncHTTPClient
import EPANNsCore
import Foundation
import NIOCore

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
        /// addresses; may be `http`, since the checksums decide.
        public var mirror: String?
        /// The longest wait for a connection.
        public var connectTimeout: Duration
        /// The longest silence of a server.
        public var idleTimeout: Duration
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
            mirror: String? = nil, connectTimeout: Duration = .seconds(15), idleTimeout: Duration = .seconds(60),
            maximumRetries: Int = 5, initialBackoff: Duration = .seconds(1), maximumBackoff: Duration = .seconds(30),
            maximumRedirects: Int = 5, maximumByteCount: Int = 2 << 30,
            progressInterval: Duration = .milliseconds(100)
        ) {
            self.mirror = mirror
            self.connectTimeout = connectTimeout
            self.idleTimeout = idleTimeout
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
    ///   `invalidConfiguration` (a bad mirror); `CancellationError` when the task was cancelled (what has arrived
    ///   stays).
    public func download(
        _ model: RegisteredModel, force: Bool = false,
        onEvent: @escaping @Sendable (DownloadEvent) -> Void = { _ in }
    ) async throws -> DownloadResult {
        let source = try sourceURL(of: model)
        try cache.createDirectory()
        let lock = try DownloadLock(path: cache.lockPath(for: model))
        defer { lock.release() }
        if !force, cache.isCached(model) { return try adoptCached(model, onEvent: onEvent) }

        let transfer = try ModelTransfer(
            model: model, source: source, cache: cache, configuration: configuration, onEvent: onEvent)
        let client = HTTPClient(eventLoopGroupProvider: .singleton, configuration: clientConfiguration)
        do {
            try await transfer.run(with: client)
        } catch {
            transfer.suspend()
            try? await client.shutdown()
            throw error
        }
        try? await client.shutdown()
        return try transfer.finish(force: force)
    }

    /// Verifies a file that is already there, and records one that was put there by other means.
    private func adoptCached(
        _ model: RegisteredModel, onEvent: @Sendable (DownloadEvent) -> Void
    ) throws -> DownloadResult {
        onEvent(.verifying)
        let report = try cache.verify(model)
        if let problem = report.problem {
            throw EPANNsError(
                .checksumMismatch,
                "\(report.path) is not the right file for “\(model.name)”: \(problem). Run “epanns models download "
                    + "--force \(model.name)” to replace it.")
        }
        let record: DownloadRecord
        if let known = try cache.record(of: model), known.digest == report.digest {
            record = known
        } else {
            record = DownloadRecord(model: model, digest: report.digest, source: nil)
            try SideCar.write(record, at: cache.recordPath(for: model))
        }
        return DownloadResult(
            path: report.path, record: record, wasCached: true, matchesPublicCopy: report.matchesPublicCopy)
    }

    /// The address a model is fetched from: the mirror's, where one is set.
    ///
    /// - Throws: `EPANNsError` with code `invalidConfiguration` when the address is no `https` one; plain `http` is
    ///   allowed for a mirror and for this machine.
    package func sourceURL(of model: RegisteredModel) throws -> URL {
        guard let mirror = configuration.mirror else {
            if let url = URL(string: model.downloadURL), let host = url.host(), !host.isEmpty,
                url.scheme == "https" || url.scheme == "http" && ["localhost", "127.0.0.1", "::1"].contains(host)
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
                    + "https://example.org/models. Correct EPANNS_MIRROR or --mirror.")
        }
        // `appending(component:)` leaves “=” as it is; servers read both forms alike.
        return base.appending(component: model.fileName, directoryHint: .notDirectory)
    }

    private var clientConfiguration: HTTPClient.Configuration {
        var client = HTTPClient.Configuration(
            // Redirects are followed by hand, to keep Range and to refuse a step down from https.
            redirectConfiguration: .disallow,
            timeout: .init(
                connect: TimeAmount(configuration.connectTimeout), read: TimeAmount(configuration.idleTimeout)),
            decompression: .disabled)
        client.httpVersion = .http1Only
        // The client would keep trying in silence until the connect timeout has passed.
        client.connectionPool.retryConnectionEstablishment = false
        return client
    }
}

extension DownloadRecord {
    /// The record of a file that has just come or been found.
    init(model: RegisteredModel, digest: FileDigest, source: String?) {
        self.init(
            model: model.name, fileName: model.fileName, digest: digest,
            trust: model.hasChecksum ? .publishedChecksum : .firstUse, source: source,
            date: Date().formatted(.iso8601))
    }
}

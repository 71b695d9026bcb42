import EPANNsCore
import EPANNsHub
import EPANNsTestServer
import Foundation
import Synchronization

/// A cache in a folder of its own, a made-up model, and the events of its download.
final class HubFixture: Sendable {
    let cache: ModelCache
    private let recorded = Mutex<[DownloadEvent]>([])

    init() throws {
        let folder = FileManager.default.temporaryDirectory.appending(component: "epanns-hub-\(UUID().uuidString)")
        try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
        cache = ModelCache(directory: folder.path(percentEncoded: false))
    }

    deinit { try? FileManager.default.removeItem(atPath: cache.directory) }

    /// 1 MB that does not repeat.
    static let payload = bytes(count: 1_000_003, seed: 1)

    static func bytes(count: Int, seed: UInt64) -> [UInt8] {
        var state = seed
        return (0..<count).map { _ in
            state = state &* 6_364_136_223_846_793_005 &+ 1_442_695_040_888_963_407
            return UInt8(truncatingIfNeeded: state >> 56)
        }
    }

    enum Published { case md5, sha256, nothing }

    /// A model whose file is `payload`, with the checksum that is published of it.
    static func model(
        _ published: Published = .sha256, of payload: [UInt8] = payload, size: Int? = nil, isSupported: Bool = true,
        gitBlobID: String? = nil
    ) -> RegisteredModel {
        RegisteredModel(
            name: "tiny", collection: .panns, architecture: isSupported ? "Cnn6" : "LeeNet24",
            meanAveragePrecision: 0.1, parameterCount: 100,
            license: "CC-BY-4.0", pageURL: "https://example.org/tiny",
            downloadURL: "https://example.org/Tiny_mAP=0.1.pth",
            fileName: "Tiny_mAP=0.1.pth", byteCount: size,
            md5: published == .md5 ? MessageDigest.hexadecimal(.md5, of: payload) : nil,
            sha256: published == .sha256 ? MessageDigest.hexadecimal(.sha256, of: payload) : nil,
            gitBlobID: gitBlobID, citation: "None.")
    }

    static func hexadecimal(_ digest: some Sequence<UInt8>) -> String {
        digest.map { String($0 >> 4, radix: 16) + String($0 & 15, radix: 16) }.joined()
    }

    /// Downloads from a test server, with pauses short enough for a test.
    func download(
        _ model: RegisteredModel, from server: FileServer, folder: String = "", retries: Int = 3,
        idle: Duration = .seconds(20), cap: Int = 2 << 30, force: Bool = false, answer: Duration = .seconds(20),
        paceWindow: Duration = .seconds(60)
    ) async throws -> DownloadResult {
        try await download(
            model, at: server.url + folder, server: server, retries: retries, idle: idle, cap: cap, force: force,
            answer: answer, paceWindow: paceWindow)
    }

    /// Downloads from an address at which nobody may listen.
    func download(_ model: RegisteredModel, at url: String, force: Bool = false) async throws -> DownloadResult {
        try await download(model, at: url, server: nil, retries: 0, force: force)
    }

    private func download(
        _ model: RegisteredModel, at url: String, server: FileServer?, retries: Int = 3,
        idle: Duration = .seconds(20), cap: Int = 2 << 30, force: Bool = false, answer: Duration = .seconds(20),
        paceWindow: Duration = .seconds(60)
    ) async throws -> DownloadResult {
        let configuration = ModelDownloader.Configuration(
            mirror: url, answerTimeout: answer, idleTimeout: idle, paceWindow: paceWindow, maximumRetries: retries,
            initialBackoff: .milliseconds(10), maximumBackoff: .milliseconds(50), maximumByteCount: cap,
            progressInterval: .zero)
        return try await ModelDownloader(cache: cache, configuration: configuration).download(model, force: force) {
            event in
            self.recorded.withLock { $0.append(event) }
            if case .progress(let progress) = event { server?.clientHas(progress.byteCount) }
        }
    }

    /// The error a download ends with, or `nil` when it succeeds.
    func failure(
        _ model: RegisteredModel, from server: FileServer, retries: Int = 3, cap: Int = 2 << 30
    ) async throws -> EPANNsError? {
        try await failure { try await self.download(model, from: server, retries: retries, cap: cap) }
    }

    /// The error a download from an address ends with, or `nil` when it succeeds.
    func failure(_ model: RegisteredModel, at url: String) async throws -> EPANNsError? {
        try await failure { try await self.download(model, at: url) }
    }

    func failure(of download: @Sendable () async throws -> DownloadResult) async throws -> EPANNsError? {
        do {
            _ = try await download()
            return nil
        } catch let error as EPANNsError {
            return error
        }
    }

    var events: [DownloadEvent] { recorded.withLock { $0 } }

    var lastProgress: DownloadProgress? {
        events.compactMap { if case .progress(let progress) = $0 { progress } else { nil } }.last
    }

    var retryCount: Int { events.count { if case .retrying = $0 { true } else { false } } }
    var restartCount: Int { events.count { if case .restarting = $0 { true } else { false } } }

    /// Waits until a download has that many bytes.
    func waitForBytes(_ count: Int) async throws {
        while (lastProgress?.byteCount ?? 0) < count { try await Task.sleep(for: .milliseconds(5)) }
    }

    func contents(_ path: String) throws -> [UInt8] { try [UInt8](Data(contentsOf: URL(filePath: path))) }

    /// The names in the cache folder, sorted.
    func files() throws -> [String] { try FileManager.default.contentsOfDirectory(atPath: cache.directory).sorted() }
}

import EPANNsCore
import EPANNsHub
import EPANNsTestServer
import Foundation
import Testing

@Suite("Downloads that fail", .timeLimit(.minutes(5)))
struct ModelDownloaderFailureTests {
    private let payload = HubFixture.payload

    @Test(
        "A wrong checksum: both digests are named, the file is put aside",
        arguments: [HubFixture.Published.md5, .sha256])
    func wrongChecksum(published: HubFixture.Published) async throws {
        let fixture = try HubFixture()
        let model = HubFixture.model(published)
        let other = HubFixture.bytes(count: payload.count, seed: 4)
        try await FileServer.run {
            .file(other, for: $0)
        } _: { server in
            let error = try #require(try await fixture.failure(model, from: server))
            #expect(error.code == .checksumMismatch)
            let wrong = HubFixture.model(published, of: other)
            for digest in [model.sha256 ?? model.md5, wrong.sha256 ?? wrong.md5] {
                #expect(error.message.contains(try #require(digest)))
            }
            #expect(try fixture.files() == [model.fileName + ".bad"])
        }
    }

    @Test("A size that differs from the published one is refused before any byte is kept")
    func wrongSize() async throws {
        let fixture = try HubFixture()
        let model = HubFixture.model(size: payload.count + 1)
        try await FileServer.run {
            .file(HubFixture.payload, for: $0)
        } _: { server in
            let error = try #require(try await fixture.failure(model, from: server))
            #expect(error.code == .checksumMismatch)
            #expect(error.message.contains("\(payload.count)") && error.message.contains("\(payload.count + 1)"))
            #expect(try fixture.files().isEmpty)
            #expect(server.log.requests.count == 1)
        }
    }

    @Test("The cap holds against Content-Length and against a body without one", arguments: [true, false])
    func cap(stated: Bool) async throws {
        let fixture = try HubFixture()
        try await FileServer.run { _ in
            var reply = FileServer.Reply(.ok, body: HubFixture.payload)
            if !stated { reply.statedLength = nil }
            return reply
        } _: { server in
            let error = try #require(
                try await fixture.failure(HubFixture.model(), from: server, cap: 500_000))
            #expect(error.code == .checksumMismatch)
            #expect(error.message.contains("500000"))
            #expect((fixture.lastProgress?.byteCount ?? 0) <= 500_000)
        }
    }

    @Test("A file too small for its parameters is refused where no size was published")
    func tooSmall() async throws {
        let fixture = try HubFixture()
        try await FileServer.run { _ in
            FileServer.Reply(.ok, body: Array(0..<200))
        } _: { server in
            let error = try #require(try await fixture.failure(HubFixture.model(.nothing), from: server))
            #expect(error.code == .checksumMismatch)
            #expect(error.message.contains("400"))
        }
    }

    @Test("404 is final: one request, and where to look")
    func notFound() async throws {
        let fixture = try HubFixture()
        try await FileServer.run { _ in
            FileServer.Reply(.notFound)
        } _: { server in
            let error = try #require(try await fixture.failure(HubFixture.model(), from: server))
            #expect(error.code == .networkFailure)
            #expect(error.message.contains("404") && error.message.contains("https://example.org/tiny"))
            #expect(server.log.requests.count == 1)
            #expect(try fixture.files().isEmpty)
        }
    }

    @Test("Retries are counted")
    func retriesAreBounded() async throws {
        let fixture = try HubFixture()
        try await FileServer.run { _ in
            FileServer.Reply(.serviceUnavailable, [("Retry-After", "3600")])
        } _: { server in
            let error = try #require(try await fixture.failure(HubFixture.model(), from: server, retries: 2))
            #expect(error.code == .networkFailure)
            #expect(error.message.contains("503") && error.message.contains("2 retries"))
            #expect(server.log.requests.count == 3)
        }
    }

    @Test("A login page in place of the file")
    func webPage() async throws {
        let fixture = try HubFixture()
        try await FileServer.run { _ in
            FileServer.Reply(.ok, [("Content-Type", "text/html; charset=utf-8")], body: HubFixture.payload)
        } _: { server in
            let error = try #require(try await fixture.failure(HubFixture.model(.nothing), from: server))
            #expect(error.code == .networkFailure)
            #expect(error.message.contains("web page"))
            #expect(try fixture.files().isEmpty)
        }
    }

    @Test("A circle of redirects, and one that leads nowhere", arguments: ["/again", "ftp://127.0.0.1/x", "http://"])
    func badRedirect(location: String) async throws {
        let fixture = try HubFixture()
        try await FileServer.run { _ in
            FileServer.Reply(.found, [("Location", location)])
        } _: { server in
            let error = try #require(try await fixture.failure(HubFixture.model(), from: server))
            #expect(error.code == .networkFailure)
            #expect(error.message.contains("redirected"))
            #expect(server.log.requests.count == (location == "/again" ? 6 : 1))
        }
    }

    @Test("Nobody listens: an error at once that names host, path and ways out")
    func refused() async throws {
        let fixture = try HubFixture()
        let model = HubFixture.model()
        // The port of a server that has just been shut down.
        let url = try await FileServer.run({ .file([], for: $0) }, { $0.url })
        let error = try #require(try await fixture.failure(model, at: url))
        #expect(error.code == .networkFailure)
        for part in [
            "127.0.0.1", fixture.cache.path(for: model), model.downloadURL, "try again",
        ] {
            #expect(error.message.contains(part))
        }
        #expect(fixture.retryCount == 0)
        #expect(try fixture.files().isEmpty)
    }

    @Test("A name that does not exist is like being offline")
    func unknownHost() async throws {
        let fixture = try HubFixture()
        let error = try #require(try await fixture.failure(HubFixture.model(), at: "http://nobody.invalid"))
        #expect(error.code == .networkFailure)
        #expect(error.message.contains("Cannot reach nobody.invalid"))
    }

    @Test("Cancelling keeps what has arrived, and the next run goes on there")
    func cancel() async throws {
        let fixture = try HubFixture()
        let model = HubFixture.model()
        try await FileServer.run { request in
            let reply = FileServer.Reply.file(HubFixture.payload, for: request)
            return request.index == 0 ? reply.sending(only: 300_000, then: .stall) : reply
        } _: { server in
            let task = Task { try await fixture.download(model, from: server) }
            try await fixture.waitForBytes(300_000)
            task.cancel()
            await #expect(throws: CancellationError.self) { try await task.value }
            #expect(fixture.cache.partialByteCount(of: model) == 300_000)
            #expect(try !fixture.files().contains(model.fileName + ".lock"))

            let result = try await fixture.download(model, from: server)
            #expect(try fixture.contents(result.path) == payload)
            #expect(server.log.requests.map(\.offset) == [0, 300_000])
        }
    }

    @Test("Two downloads of one model: the second is turned away, the first is not disturbed")
    func locked() async throws {
        let fixture = try HubFixture()
        let second = HubFixture.model()
        try await FileServer.run { request in
            .file(HubFixture.payload, for: request).sending(only: 300_000, then: .stall)
        } _: { server in
            let task = Task { try await fixture.download(second, from: server) }
            try await fixture.waitForBytes(300_000)
            let error = try #require(try await fixture.failure(second, from: server))
            #expect(error.code == .fileFailure)
            #expect(error.message.contains("Another download"))
            #expect(server.log.requests.count == 1)
            #expect(fixture.cache.partialByteCount(of: second) == 300_000)
            task.cancel()
            _ = try? await task.value
        }
    }

    @Test("A damaged file in the cache is not taken for the model")
    func damagedCache() async throws {
        let fixture = try HubFixture()
        let model = HubFixture.model()
        try Data(repeating: 0, count: payload.count).write(to: URL(filePath: fixture.cache.path(for: model)))
        try await FileServer.run {
            .file(HubFixture.payload, for: $0)
        } _: { server in
            let error = try #require(try await fixture.failure(model, from: server))
            #expect(error.code == .checksumMismatch)
            let result = try await fixture.download(model, from: server, force: true)
            #expect(try fixture.contents(result.path) == payload)
        }
    }

    @Test("Without https and without anything that proves the file, nothing is asked for, unless it is trusted")
    func unprovable() async throws {
        let fixture = try HubFixture()
        let model = HubFixture.model(.nothing)
        let error = try #require(try await fixture.failure(model, at: "http://mirror.invalid/m"))
        #expect(error.code == .invalidConfiguration && error.remedy == .trustSource(model: "tiny"))
        #expect(error.message.contains("https"))
        #expect(fixture.events.isEmpty)
        // With a checksum, over https, or trusted: asked for, though nobody is there.
        for (model, url, force) in [
            (HubFixture.model(), "http://mirror.invalid/m", false), (model, "https://mirror.invalid/m", false),
            (model, "http://mirror.invalid/m", true),
        ] {
            let error = try #require(
                try await fixture.failure { try await fixture.download(model, at: url, force: force) })
            #expect(error.code == .networkFailure && error.message.contains("Cannot reach"))
        }
    }

    @Test("Another file than the known public copy is refused over plain http, unless it is trusted")
    func otherThanThePublicCopy() async throws {
        let fixture = try HubFixture()
        let copy = fixture.cache.directory + "/copy"
        try Data(payload).write(to: URL(filePath: copy))
        let model = HubFixture.model(
            .nothing, gitBlobID: try FileDigest.gitBlobID(ofFile: copy, byteCount: payload.count))
        let zeros = [UInt8](repeating: 0, count: payload.count)
        try await FileServer.run { request in
            .file(request.path.contains("zeros") ? zeros : HubFixture.payload, for: request)
        } _: { server in
            let error = try #require(
                try await fixture.failure { try await fixture.download(model, from: server, folder: "/zeros") })
            #expect(error.code == .checksumMismatch && error.remedy == .trustSource(model: "tiny"))
            #expect(!fixture.cache.isCached(model))
            let trusted = try await fixture.download(model, from: server, folder: "/zeros", force: true)
            #expect(trusted.matchesPublicCopy == false)
            let good = try await fixture.download(model, from: server, force: true)
            #expect(good.matchesPublicCopy == true)
        }
    }

    @Test("Plain http only for mirrors and this machine")
    func schemes() throws {
        let cache = ModelCache(directory: "unused")
        func source(_ url: String, mirror: String? = nil) throws -> String {
            let model = RegisteredModel(
                name: "tiny", collection: .panns, architecture: "Cnn6", meanAveragePrecision: 0.1, parameterCount: 1,
                license: nil, pageURL: url, downloadURL: url, fileName: "a=b.pth", citation: "")
            return try ModelDownloader(cache: cache, configuration: .init(mirror: mirror)).sourceURL(of: model)
                .absoluteString
        }
        #expect(try source("https://example.org/a") == "https://example.org/a")
        #expect(try source("http://localhost:8080/a") == "http://localhost:8080/a")
        #expect(try source("http://example.org/a", mirror: "http://example.org/m/").hasPrefix("http://example.org/m/a"))
        for url in ["http://example.org/a", "file:///etc/passwd", "ftp://example.org/a", "https://", "nonsense"] {
            #expect(throws: EPANNsError.self) { try source(url) }
        }
        for mirror in ["file:///models", "example.org", "http://", "https://example.org/?a=", "https://example.org/#a"]
        {
            #expect(throws: EPANNsError.self) { try source("https://example.org/a", mirror: mirror) }
        }
    }
}

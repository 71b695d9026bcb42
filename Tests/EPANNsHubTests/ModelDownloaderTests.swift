import EPANNsCore
import EPANNsHub
import EPANNsTestServer
import Foundation
import Testing

@Suite("Downloads that succeed", .timeLimit(.minutes(5)))
struct ModelDownloaderTests {
    private let payload = HubFixture.payload
    private let half = HubFixture.payload.count / 2

    @Test(
        "A file comes whole, verified, with its record, and only once", arguments: [HubFixture.Published.md5, .sha256])
    func whole(published: HubFixture.Published) async throws {
        let fixture = try HubFixture()
        let model = HubFixture.model(published, size: payload.count)
        try await FileServer.run {
            .file(HubFixture.payload, for: $0)
        } _: { server in
            let result = try await fixture.download(model, from: server, folder: "/weights")
            #expect(!result.wasCached)
            #expect(result.path == fixture.cache.path(for: model))
            #expect(try fixture.contents(result.path) == payload)
            #expect(result.record.trust == .publishedChecksum)
            #expect(result.record.digest.byteCount == payload.count)
            #expect(try fixture.files() == [model.fileName, model.fileName + ".json"])
            #expect(fixture.lastProgress?.byteCount == payload.count)
            #expect(fixture.lastProgress?.fraction == 1)
            #expect(server.log.requests.map { $0.path.removingPercentEncoding } == ["/weights/Tiny_mAP=0.1.pth"])

            let again = try await fixture.download(model, from: server, folder: "/weights")
            #expect(again.wasCached && again.record == result.record)
            #expect(server.log.requests.count == 1)
            #expect(try fixture.cache.verify(model).outcome == .matchesPublished)
        }
    }

    @Test("A connection cut half way: only the rest is fetched, in the same call")
    func cut() async throws {
        let fixture = try HubFixture()
        try await FileServer.run { request in
            let reply = FileServer.Reply.file(HubFixture.payload, for: request)
            return request.index == 0 ? reply.sending(only: HubFixture.payload.count / 2, then: .cut) : reply
        } _: { server in
            let result = try await fixture.download(HubFixture.model(), from: server)
            #expect(try fixture.contents(result.path) == payload)
            #expect(server.log.requests.map(\.range) == [nil, "bytes=\(half)-"])
            #expect(server.log.requests.map(\.ifRange) == [nil, "\"v1\""])
            #expect(server.log.sentByteCount == payload.count)
            #expect(fixture.retryCount == 1)
        }
    }

    @Test("A later run goes on where the last one stopped, checksum included")
    func laterRun() async throws {
        let fixture = try HubFixture()
        let model = HubFixture.model()
        try await FileServer.run { request in
            let reply = FileServer.Reply.file(HubFixture.payload, for: request)
            return request.index == 0 ? reply.sending(only: HubFixture.payload.count / 2, then: .cut) : reply
        } _: { server in
            let error = try #require(try await fixture.failure(model, from: server, retries: 0))
            #expect(error.code == .networkFailure)
            #expect(error.message.contains("\(half) bytes that have arrived are kept"))
            #expect(fixture.cache.partialByteCount(of: model) == half)
            #expect(!fixture.cache.isCached(model))

            let result = try await fixture.download(model, from: server, retries: 0)
            #expect(try fixture.contents(result.path) == payload)
            #expect(fixture.events.contains(.checkingPart(byteCount: half)))
            #expect(server.log.requests.last?.range == "bytes=\(half)-")
            #expect(server.log.sentByteCount == payload.count)
        }
    }

    @Test("A server without Range: the file comes again from the start")
    func withoutRange() async throws {
        let fixture = try HubFixture()
        try await FileServer.run { request in
            let reply = FileServer.Reply(.ok, body: HubFixture.payload)
            return request.index == 0 ? reply.sending(only: 400_000, then: .cut) : reply
        } _: { server in
            let result = try await fixture.download(HubFixture.model(), from: server)
            #expect(try fixture.contents(result.path) == payload)
            #expect(server.log.requests.map(\.range) == [nil, "bytes=400000-"])
            #expect(fixture.restartCount == 1)
        }
    }

    @Test("The file changed between two runs: no mixture of both")
    func changedTag() async throws {
        let fixture = try HubFixture()
        let model = HubFixture.model(.nothing)
        let other = HubFixture.bytes(count: 900_001, seed: 2)
        try await FileServer.run { request in
            request.index == 0
                ? .file(HubFixture.payload, for: request).sending(only: 300_000, then: .cut)
                : .file(other, tag: "\"v2\"", for: request)
        } _: { server in
            _ = try #require(try await fixture.failure(model, from: server, retries: 0))
            let result = try await fixture.download(model, from: server, retries: 0)
            #expect(try fixture.contents(result.path) == other)
            #expect(server.log.requests.last?.ifRange == "\"v1\"")
            #expect(fixture.events.contains(.restarting(reason: "the file on the server has changed")))
        }
    }

    @Test("A server that sends another part than asked for, or none: from the start")
    func wrongPart() async throws {
        let fixture = try HubFixture()
        try await FileServer.run { request in
            switch request.index {
            case 0: .file(HubFixture.payload, for: request).sending(only: 300_000, then: .cut)
            case 1: FileServer.Reply(.partialContent, [("Content-Range", "bytes 7-99/1000003")], body: Array(0..<93))
            case 2: .file(HubFixture.payload, for: request).sending(only: 200_000, then: .cut)
            case 3: FileServer.Reply(.rangeNotSatisfiable)
            default: .file(HubFixture.payload, for: request)
            }
        } _: { server in
            let result = try await fixture.download(HubFixture.model(), from: server, retries: 4)
            #expect(try fixture.contents(result.path) == payload)
            #expect(server.log.requests.map(\.offset) == [0, 300_000, 0, 200_000, 0])
        }
    }

    @Test("Without a checksum and an entity tag nothing proves that parts fit: from the start")
    func unprovablePart() async throws {
        let fixture = try HubFixture()
        let model = HubFixture.model(.nothing)
        try await FileServer.run { request in
            let reply = FileServer.Reply.file(HubFixture.payload, tag: "W/\"weak\"", for: request)
            return request.index == 0 ? reply.sending(only: 300_000, then: .cut) : reply
        } _: { server in
            _ = try #require(try await fixture.failure(model, from: server, retries: 0))
            let result = try await fixture.download(model, from: server)
            #expect(try fixture.contents(result.path) == payload)
            #expect(server.log.requests.map(\.range) == [nil, nil])
        }
    }

    @Test("Redirects are followed, and Range goes along")
    func redirect() async throws {
        let fixture = try HubFixture()
        try await FileServer.run { request in
            if request.path != "/store/7" { return FileServer.Reply(.found, [("Location", "/store/7")]) }
            let reply = FileServer.Reply.file(HubFixture.payload, for: request)
            return request.index == 1 ? reply.sending(only: 300_000, then: .cut) : reply
        } _: { server in
            let result = try await fixture.download(HubFixture.model(), from: server)
            #expect(try fixture.contents(result.path) == payload)
            #expect(server.log.requests.map(\.path).count { $0 == "/store/7" } == 2)
            #expect(server.log.requests.last?.range == "bytes=300000-")
        }
    }

    @Test("A server that fails twice and then works")
    func failsTwice() async throws {
        let fixture = try HubFixture()
        try await FileServer.run { request in
            request.index < 2
                ? FileServer.Reply(.internalServerError) : .file(HubFixture.payload, for: request)
        } _: { server in
            let result = try await fixture.download(HubFixture.model(), from: server)
            #expect(try fixture.contents(result.path) == payload)
            #expect(server.log.requests.count == 3)
            #expect(fixture.retryCount == 2)
        }
    }

    @Test("A server that falls silent is left after the idle timeout, and asked for the rest")
    func silence() async throws {
        let fixture = try HubFixture()
        try await FileServer.run { request in
            let reply = FileServer.Reply.file(HubFixture.payload, for: request)
            return request.index == 0 ? reply.sending(only: 300_000, then: .stall) : reply
        } _: { server in
            let result = try await fixture.download(HubFixture.model(), from: server, idle: .seconds(1))
            #expect(try fixture.contents(result.path) == payload)
            #expect(server.log.requests.map(\.offset) == [0, 300_000])
        }
    }

    @Test("A body without a stated length")
    func chunked() async throws {
        let fixture = try HubFixture()
        try await FileServer.run { _ in
            var reply = FileServer.Reply(.ok, body: HubFixture.payload)
            reply.statedLength = nil
            return reply
        } _: { server in
            let result = try await fixture.download(HubFixture.model(), from: server)
            #expect(try fixture.contents(result.path) == payload)
            #expect(fixture.lastProgress?.totalByteCount == nil)
        }
    }

    @Test("Trust on first use: the first file is recorded, another is refused unless forced")
    func firstUse() async throws {
        let fixture = try HubFixture()
        let model = HubFixture.model(.nothing)
        let other = HubFixture.bytes(count: 1_000_003, seed: 3)
        try await FileServer.run { request in
            .file(request.index == 0 ? HubFixture.payload : other, for: request)
        } _: { server in
            let first = try await fixture.download(model, from: server)
            #expect(first.record.trust == .firstUse)
            #expect(try fixture.cache.verify(model).outcome == .matchesFirstUse)

            try FileManager.default.removeItem(atPath: first.path)
            let error = try #require(try await fixture.failure(model, from: server))
            #expect(error.code == .checksumMismatch)
            #expect(error.message.contains(first.record.digest.sha256))
            #expect(error.remedy == .downloadModel(name: "tiny", again: true))
            #expect(!fixture.cache.isCached(model))

            let forced = try await fixture.download(model, from: server, force: true)
            #expect(try fixture.contents(forced.path) == other)
            #expect(try fixture.cache.record(of: model)?.digest == forced.record.digest)
        }
    }
}

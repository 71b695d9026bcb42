import EPANNsCore
import EPANNsHub
import EPANNsTestServer
import Foundation
import Testing

/// Servers that break the rules, by mistake or on purpose: an error that names the fault, never a crash.
@Suite("Bad servers", .serialized, .timeLimit(.minutes(5)))
struct BadServerTests {
    /// An answer, and what is said of it.
    struct Case: Sendable, CustomTestStringConvertible {
        var testDescription: String
        var answer: String
        var words: String

        init(_ name: String, _ answer: String, _ words: String) {
            testDescription = name
            self.answer = answer
            self.words = words
        }
    }

    static let cases = [
        Case("no answer at all", "", "cut before an answer"),
        Case("an end within the header", "HTTP/1.1 200 OK\r\n", "cut before an answer"),
        Case("an end within a line", "HTTP/1.1 200 OK\r\nContent-Le", "cut before an answer"),
        Case(
            "an endless header", "HTTP/1.1 200 OK\r\n" + String(repeating: "X: y\r\n", count: 100_000), "not valid HTTP"
        ),
        Case("no HTTP", "SSH-2.0-OpenSSH_9.2\r\n\r\n", "not valid HTTP"),
        Case("no HTTP, no line", "\u{1}\u{2}\u{3}", "not valid HTTP"),
        Case("a status that is not a number", "HTTP/1.1 abc OK\r\n\r\n", "not valid HTTP"),
        Case("a status of four digits", "HTTP/1.1 2000 OK\r\n\r\n", "not valid HTTP"),
        Case("a version to come", "HTTP/9.9 200 OK\r\n\r\n", "not valid HTTP"),
        Case("a negative length", "HTTP/1.1 200 OK\r\nContent-Length: -5\r\n\r\n", "not valid HTTP"),
        Case("a length that is not a number", "HTTP/1.1 200 OK\r\nContent-Length: many\r\n\r\nx", "not valid HTTP"),
        Case(
            "a length beyond 64 bits", "HTTP/1.1 200 OK\r\nContent-Length: 99999999999999999999999\r\n\r\nx",
            "length that is invalid"),
        Case(
            "two lengths", "HTTP/1.1 200 OK\r\nContent-Length: 500\r\nContent-Length: 7\r\n\r\nx",
            "length that is invalid"),
        Case(
            "a header line of a megabyte",
            "HTTP/1.1 200 OK\r\nX: " + String(repeating: "x", count: 1 << 20) + "\r\n\r\n", "not valid HTTP"),
        Case("a header without a colon", "HTTP/1.1 200 OK\r\nnonsense\r\n\r\n", "not valid HTTP"),
        Case("NUL in a header", "HTTP/1.1 200 OK\r\nX: a\u{0}b\r\n\r\nx", "not valid HTTP"),
        Case(
            "a chunk without a size", "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n", "cut"),
        Case(
            "a chunk beyond 64 bits", "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nfffffffffffffffff1\r\nx",
            "cut"),
        Case("chunks that break off", "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n", "cut"),
        Case("a coding nobody knows", "HTTP/1.1 200 OK\r\nTransfer-Encoding: nonsense\r\n\r\nabc", "need at least"),
        Case(
            "packed, though not asked for",
            "HTTP/1.1 200 OK\r\nContent-Encoding: gzip\r\nContent-Length: 500\r\n\r\n"
                + String(repeating: "x", count: 500), "packed"),
        Case("hints only", String(repeating: "HTTP/1.1 103 Hints\r\n\r\n", count: 50), "cut"),
        Case("another protocol", "HTTP/1.1 101 Switching\r\nUpgrade: nonsense\r\n\r\nabc", "cut"),
        Case("no content", "HTTP/1.1 204 No Content\r\n\r\n", "204"),
        Case("not modified", "HTTP/1.1 304 Not Modified\r\n\r\n", "304"),
        Case("a choice", "HTTP/1.1 300 Choices\r\nContent-Length: 0\r\n\r\n", "300"),
        Case(
            "a password, plain",
            "HTTP/1.1 401 No\r\nWWW-Authenticate: Basic realm=\"x\"\r\nContent-Length: 0\r\n\r\n", "401"),
        Case(
            "a password, odd", "HTTP/1.1 401 No\r\nWWW-Authenticate: ,,Basic =,\"\r\nContent-Length: 0\r\n\r\n", "401"),
        Case("a part that was not asked for", "HTTP/1.1 206 Part\r\nContent-Length: 1\r\n\r\nx", "206"),
        Case("an empty file", "HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n", "0 bytes"),
        Case("an end without a length", "HTTP/1.0 200 OK\r\n\r\nabc", "need at least"),
    ]

    @Test("Every fault is named", arguments: cases)
    func faults(case fault: Case) async throws {
        let fixture = try HubFixture()
        try await FileServer.run { _ in
            FileServer.Reply(raw: fault.answer)
        } _: { server in
            let error = try #require(try await fixture.failure(HubFixture.model(.nothing), from: server, retries: 1))
            #expect(error.description.contains(fault.words), "\(error)")
            #expect(!fixture.cache.isCached(HubFixture.model()))
        }
    }

    @Test("Hints before the answer, and letters that are not UTF-8 in its header: the file comes all the same")
    func oddButGood() async throws {
        let fixture = try HubFixture()
        let length = HubFixture.payload.count
        try await FileServer.run { _ in
            var reply = FileServer.Reply(
                raw:
                    "HTTP/1.1 103 Early Hints\r\nLink: </a>\r\n\r\nHTTP/1.1 200 OK\r\nContent-Length: \(length)\r\n\r\n",
                body: HubFixture.payload)
            reply.ending = .stall
            return reply
        } _: { server in
            let result = try await fixture.download(HubFixture.model(), from: server)
            #expect(try fixture.contents(result.path) == HubFixture.payload)
        }
    }

    @Test(
        "Redirects to nonsense",
        arguments: [
            "", " ", "//", "//:80", "http://", "http:///x", "http://[", "http://[::1", "http://a:b",
            "http://a:99999999999",
            "http://a:-1/", "//127.0.0.1:-1/", "?\u{1}", "?%", "#%zz", "x%zz", "http://%zz/", "file:///etc/passwd",
            "ftp://127.0.0.1/x", "javascript:x", "data:,x", "http://user:secret@/", "//[fe80::1%25lo]:x/",
            "http://a b/", "\u{7f}", "http://" + String(repeating: "a", count: 300) + ".invalid/",
            "http://127.0.0.1:1/" + String(repeating: "x", count: 9000),
        ])
    func redirects(location: String) async throws {
        let fixture = try HubFixture()
        try await FileServer.run { _ in
            FileServer.Reply(.found, [("Location", location)])
        } _: { server in
            let error = try #require(try await fixture.failure(HubFixture.model(), from: server, retries: 0))
            #expect(error.code == .networkFailure)
        }
    }

    /// At this pace the rest would take ten hours.
    @Test("A trickle is given up after the window, and said")
    func trickle() async throws {
        let fixture = try HubFixture()
        try await FileServer.run { request in
            .file(HubFixture.payload, for: request).sending(only: 300_000, then: .trickle(pause: .milliseconds(50)))
        } _: { server in
            let error = try #require(
                try await fixture.failure {
                    try await fixture.download(
                        HubFixture.model(), from: server, retries: 0, paceWindow: .milliseconds(500))
                })
            #expect(error.code == .networkFailure)
            #expect(error.message.contains("bytes a second"))
            // What has come is kept.
            #expect(fixture.cache.partialByteCount(of: HubFixture.model()) ?? 0 >= 300_000)
        }
    }

    @Test("A server that takes the question and never answers")
    func noAnswer() async throws {
        let fixture = try HubFixture()
        try await FileServer.run { _ in
            var reply = FileServer.Reply(raw: "HTTP/1.1 200 OK\r\n")
            reply.ending = .stall
            return reply
        } _: { server in
            let error = try #require(
                try await fixture.failure {
                    try await fixture.download(HubFixture.model(), from: server, retries: 0, answer: .seconds(1))
                })
            #expect(error.code == .networkFailure)
            #expect(error.message.contains("no answer within 1"))
        }
    }

    @Test("Cancelling at any moment ends the download, and only that")
    func cancellation() async throws {
        try await FileServer.run { request in
            .file(HubFixture.payload, for: request)
        } _: { server in
            try await withThrowingTaskGroup(of: Void.self) { group in
                for step in 0..<64 {
                    group.addTask {
                        let fixture = try HubFixture()
                        let task = Task { try await fixture.download(HubFixture.model(), from: server) }
                        try await Task.sleep(for: .microseconds(step * 137 % 20_000))
                        task.cancel()
                        switch await task.result {
                        case .success(let result): #expect(try fixture.contents(result.path) == HubFixture.payload)
                        case .failure(let error): #expect(error is CancellationError, "\(error)")
                        }
                        try #expect(!fixture.files().contains(HubFixture.model().fileName + ".lock"))
                    }
                    if step % 8 == 7 { try await group.next() }
                }
                try await group.waitForAll()
            }
        }
    }
}

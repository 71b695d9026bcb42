import Foundation
import Synchronization

/// A web server on 127.0.0.1 that answers as each test wants and keeps a log.
///
/// One thread a connection, plain sockets: what goes out is what the test says, valid or not.
package final class FileServer: Sendable {
    /// What a client asked.
    package struct Request: Sendable {
        /// The target of the request line: a path, or a whole address where the client takes this for its proxy.
        package var path: String
        package var range: String?
        package var ifRange: String?
        /// How many requests came before this one.
        package var index: Int

        /// The offset of `Range: bytes=N-`, or 0.
        package var offset: Int { range.flatMap { Int($0.dropFirst("bytes=".count).dropLast()) } ?? 0 }
    }

    package struct Log: Sendable {
        package var requests: [Request] = []
        package var sentByteCount = 0
    }

    package let port: Int
    private let listener: Int32
    let answer: @Sendable (Request) -> Reply
    private let recorded = Mutex(Log())
    private let connections = Mutex<[Connection]>([])
    private let isStopped = Mutex(false)
    private let hasClosed = DispatchSemaphore(value: 0)

    package var log: Log { recorded.withLock { $0 } }
    package var url: String { "http://127.0.0.1:\(port)" }

    /// Runs a server while `body` runs.
    package static func run<Result: Sendable>(
        _ answer: @escaping @Sendable (Request) -> Reply,
        _ body: (FileServer) async throws -> Result
    ) async throws -> Result {
        let server = try FileServer(answer)
        defer { server.stop() }
        return try await body(server)
    }

    /// A port at which nobody listens, for now.
    package static func freePort() throws -> Int {
        let (listener, port) = try Socket.listen()
        _ = close(listener)
        return port
    }

    private init(_ answer: @escaping @Sendable (Request) -> Reply) throws {
        // A client that hangs up is no reason to end the tests.
        signal(SIGPIPE, SIG_IGN)
        (listener, port) = try Socket.listen()
        self.answer = answer
        Thread.detachNewThread { self.acceptAll() }
    }

    private func acceptAll() {
        while let descriptor = Socket.accept(listener, while: { !self.isStopped.withLock { $0 } }) {
            let connection = Connection(descriptor: descriptor, server: self)
            connections.withLock { $0.append(connection) }
            Thread.detachNewThread { connection.serve() }
        }
        _ = close(listener)
        hasClosed.signal()
    }

    private func stop() {
        isStopped.withLock { $0 = true }
        // From here on the port refuses connections, as tests of that expect.
        hasClosed.wait()
        for connection in connections.withLock({ $0 }) { connection.hangUp() }
    }

    /// Hears from the client how many bytes are in its file.
    package func clientHas(_ byteCount: Int) {
        for connection in connections.withLock({ $0 }) { connection.clientHas(byteCount) }
    }

    func note(_ request: Request) -> Request {
        recorded.withLock { log in
            var request = request
            request.index = log.requests.count
            log.requests.append(request)
            return request
        }
    }

    func noteSent(_ byteCount: Int) { recorded.withLock { $0.sentByteCount += byteCount } }
}

extension FileServer {
    /// One client's connection.
    final class Connection: Sendable {
        private let descriptor: Int32
        private let server: FileServer
        /// The size of the client's file at which to hang up.
        private let cut = Mutex<Int?>(nil)
        private let isOpen = Mutex(true)

        init(descriptor: Int32, server: FileServer) {
            self.descriptor = descriptor
            self.server = server
        }

        /// Answers requests until the client hangs up.
        func serve() {
            while let text = Socket.receiveHead(descriptor) {
                let lines = text.components(separatedBy: "\r\n")
                let words = (lines.first ?? "").split(separator: " ")
                func field(_ name: String) -> String? {
                    lines.first { $0.lowercased().hasPrefix(name + ":") }
                        .map { $0.dropFirst(name.count + 1).trimmingCharacters(in: .whitespaces) }
                }
                let request = server.note(
                    Request(
                        path: words.count > 1 ? String(words[1]) : "", range: field("range"),
                        ifRange: field("if-range"), index: 0))
                send(server.answer(request), to: request)
            }
            isOpen.withLock { isOpen in
                isOpen = false
                _ = close(descriptor)
            }
        }

        func hangUp() {
            isOpen.withLock { if $0 { _ = shutdown(descriptor, Int32(SHUT_RDWR)) } }
        }

        func clientHas(_ byteCount: Int) {
            let isDue = cut.withLock { cut in
                guard let count = cut, count <= byteCount else { return false }
                cut = nil
                return true
            }
            if isDue { hangUp() }
        }

        private func send(_ reply: Reply, to request: Request) {
            if let raw = reply.raw {
                Socket.send(descriptor, raw)
                if reply.ending == .complete { hangUp() }
                return
            }
            let sent = Array(reply.body[..<reply.sentCount])
            server.noteSent(sent.count)
            if reply.ending == .cut {
                cut.withLock { $0 = (reply.status == .partialContent ? request.offset : 0) + sent.count }
            }
            Socket.send(descriptor, Array(reply.head.utf8))
            if reply.statedLength == nil {
                if !sent.isEmpty {
                    Socket.send(
                        descriptor, Array("\(String(sent.count, radix: 16))\r\n".utf8) + sent + Array("\r\n".utf8))
                }
                if reply.ending == .complete { Socket.send(descriptor, Array("0\r\n\r\n".utf8)) }
            } else {
                Socket.send(descriptor, sent)
            }
            guard case .trickle(let pause) = reply.ending else { return }
            for byte in reply.body[reply.sentCount...] {
                Thread.sleep(forTimeInterval: pause / .seconds(1))
                guard Socket.send(descriptor, [byte]) else { return }
                server.noteSent(1)
            }
        }
    }
}

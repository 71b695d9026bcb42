import NIOCore
import NIOHTTP1
import NIOPosix
import Synchronization

/// A web server on 127.0.0.1 that answers as each test wants and keeps a log.
final class FileServer: Sendable {
    /// What a client asked.
    struct Request: Sendable {
        var path: String
        var range: String?
        var ifRange: String?
        /// How many requests came before this one.
        var index: Int

        /// The offset of `Range: bytes=N-`, or 0.
        var offset: Int { range.flatMap { Int($0.dropFirst("bytes=".count).dropLast()) } ?? 0 }
    }

    /// What the server answers.
    struct Reply: Sendable {
        /// `cut` closes the connection once the client has told that all bytes sent are in its file: a client may
        /// drop what it has not yet read when the connection closes, and a test must know how far it came.
        enum Ending { case complete, cut, stall }

        var status: HTTPResponseStatus
        var headers: [(String, String)] = []
        var body: [UInt8] = []
        /// What `Content-Length` says; `nil` sends the body in chunks.
        var statedLength: Int?
        /// How many bytes of the body go out.
        var sentCount: Int
        /// What happens after them.
        var ending = Ending.complete

        init(_ status: HTTPResponseStatus, _ headers: [(String, String)] = [], body: [UInt8] = []) {
            self.status = status
            self.headers = headers
            self.body = body
            statedLength = body.count
            sentCount = body.count
        }

        /// The same reply, broken off after some bytes.
        func sending(only count: Int, then ending: Ending) -> Reply {
            var reply = self
            reply.sentCount = min(count, body.count)
            reply.ending = ending
            return reply
        }
    }

    struct Log: Sendable {
        var requests: [Request] = []
        var sentByteCount = 0
    }

    let port: Int
    private let channel: any Channel
    private let state: State

    final class State: Sendable {
        let log = Mutex(Log())
        /// Connections to close, each with the file size at which to do so.
        let pendingCuts = Mutex<[(channel: any Channel, byteCount: Int)]>([])
        let answer: @Sendable (Request) -> Reply
        init(_ answer: @escaping @Sendable (Request) -> Reply) { self.answer = answer }
    }

    var log: Log { state.log.withLock { $0 } }
    var url: String { "http://127.0.0.1:\(port)" }

    /// Hears from the client how many bytes are in its file.
    func clientHas(_ byteCount: Int) {
        let due = state.pendingCuts.withLock { cuts in
            let due = cuts.filter { $0.byteCount <= byteCount }
            cuts.removeAll { $0.byteCount <= byteCount }
            return due
        }
        for cut in due { cut.channel.close(promise: nil) }
    }

    private init(channel: any Channel, port: Int, state: State) {
        self.channel = channel
        self.port = port
        self.state = state
    }

    /// Runs a server while `body` runs.
    static func run<Result: Sendable>(
        _ answer: @escaping @Sendable (Request) -> Reply,
        _ body: (FileServer) async throws -> Result
    ) async throws -> Result {
        let state = State(answer)
        let channel = try await ServerBootstrap(group: .singletonMultiThreadedEventLoopGroup)
            .serverChannelOption(.socketOption(.so_reuseaddr), value: 1)
            .childChannelInitializer { channel in
                channel.eventLoop.makeCompletedFuture {
                    try channel.pipeline.syncOperations.configureHTTPServerPipeline()
                    try channel.pipeline.syncOperations.addHandler(Handler(state))
                }
            }
            .bind(host: "127.0.0.1", port: 0).get()
        let server = FileServer(channel: channel, port: channel.localAddress?.port ?? 0, state: state)
        do {
            let result = try await body(server)
            try await channel.close()
            return result
        } catch {
            try? await channel.close()
            throw error
        }
    }

    private final class Handler: ChannelInboundHandler {
        typealias InboundIn = HTTPServerRequestPart
        typealias OutboundOut = HTTPServerResponsePart

        private let state: State
        private var head: HTTPRequestHead?

        init(_ state: State) { self.state = state }

        func channelRead(context: ChannelHandlerContext, data: NIOAny) {
            switch unwrapInboundIn(data) {
            case .head(let head): self.head = head
            case .body: break
            case .end:
                guard let head else { return }
                self.head = nil
                let request = state.log.withLock { log in
                    let request = Request(
                        path: head.uri, range: head.headers.first(name: "range"),
                        ifRange: head.headers.first(name: "if-range"), index: log.requests.count)
                    log.requests.append(request)
                    return request
                }
                send(state.answer(request), to: request, context: context)
            }
        }

        private func send(_ reply: Reply, to request: Request, context: ChannelHandlerContext) {
            var headers = HTTPHeaders(reply.headers)
            if let length = reply.statedLength {
                headers.add(name: "Content-Length", value: "\(length)")
            } else {
                headers.add(name: "Transfer-Encoding", value: "chunked")
            }
            let head = HTTPResponseHead(version: .http1_1, status: reply.status, headers: headers)
            context.write(wrapOutboundOut(.head(head)), promise: nil)
            let sent = reply.body[..<reply.sentCount]
            state.log.withLock { $0.sentByteCount += sent.count }
            if reply.ending == .cut {
                let start = reply.status == .partialContent ? request.offset : 0
                let cut = (channel: context.channel, byteCount: start + sent.count)
                state.pendingCuts.withLock { $0.append(cut) }
            }
            context.writeAndFlush(wrapOutboundOut(.body(.byteBuffer(ByteBuffer(bytes: sent)))), promise: nil)
            if reply.ending == .complete { context.writeAndFlush(wrapOutboundOut(.end(nil)), promise: nil) }
        }
    }
}

extension FileServer.Reply {
    /// What a good server answers: the file, or the rest of it when Range asks for that and If-Range agrees.
    static func file(
        _ body: [UInt8], tag: String? = "\"v1\"", for request: FileServer.Request
    ) -> FileServer.Reply {
        let tagHeader = tag.map { [("ETag", $0)] } ?? []
        guard request.range != nil, request.ifRange == nil || request.ifRange == tag, request.offset < body.count
        else { return FileServer.Reply(.ok, tagHeader, body: body) }
        let range = ("Content-Range", "bytes \(request.offset)-\(body.count - 1)/\(body.count)")
        return FileServer.Reply(.partialContent, tagHeader + [range], body: Array(body[request.offset...]))
    }
}

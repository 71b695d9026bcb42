extension FileServer {
    package enum Status: Int, Sendable {
        case ok = 200
        case partialContent = 206
        case found = 302
        case unauthorized = 401
        case notFound = 404
        case rangeNotSatisfiable = 416
        case internalServerError = 500
        case serviceUnavailable = 503
    }

    /// What the server answers.
    package struct Reply: Sendable {
        /// `cut` closes the connection once the client has told that all bytes sent are in its file: a client may
        /// drop what it has not yet read when the connection closes, and a test must know how far it came.
        package enum Ending: Equatable, Sendable {
            case complete, cut, stall
            /// The rest of the body comes a byte at a time.
            case trickle(pause: Duration)
        }

        package var status: Status
        package var headers: [(String, String)] = []
        package var body: [UInt8] = []
        /// What `Content-Length` says; `nil` sends the body in chunks.
        package var statedLength: Int?
        /// How many bytes of the body go out.
        package var sentCount: Int
        /// What happens after them.
        package var ending = Ending.complete
        /// Bytes that go out as they are, in place of everything else.
        package var raw: [UInt8]?

        package init(_ status: Status, _ headers: [(String, String)] = [], body: [UInt8] = []) {
            self.status = status
            self.headers = headers
            self.body = body
            statedLength = body.count
            sentCount = body.count
        }

        /// Whatever a test wants to send, then the end of the connection.
        package init(raw: String, body: [UInt8] = []) {
            self.init(.ok)
            self.raw = Array(raw.utf8) + body
        }

        /// The same reply, broken off after some bytes.
        package func sending(only count: Int, then ending: Ending) -> Reply {
            var reply = self
            reply.sentCount = min(count, body.count)
            reply.ending = ending
            return reply
        }

        /// The status line and the header.
        var head: String {
            let length = statedLength.map { ("Content-Length", "\($0)") } ?? ("Transfer-Encoding", "chunked")
            return "HTTP/1.1 \(status.rawValue) As the test wants\r\n"
                + (headers + [length]).map { "\($0.0): \($0.1)\r\n" }.joined() + "\r\n"
        }
    }
}

extension FileServer.Reply {
    /// What a good server answers: the file, or the rest of it when Range asks for that and If-Range agrees.
    package static func file(
        _ body: [UInt8], tag: String? = "\"v1\"", for request: FileServer.Request
    ) -> FileServer.Reply {
        let tagHeader = tag.map { [("ETag", $0)] } ?? []
        guard request.range != nil, request.ifRange == nil || request.ifRange == tag, request.offset < body.count
        else { return FileServer.Reply(.ok, tagHeader, body: body) }
        let range = ("Content-Range", "bytes \(request.offset)-\(body.count - 1)/\(body.count)")
        return FileServer.Reply(.partialContent, tagHeader + [range], body: Array(body[request.offset...]))
    }
}

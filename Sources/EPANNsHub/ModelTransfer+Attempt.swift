import EPANNsCore
import Foundation

/// One request for the file, or for the rest of it, and its answer.
extension ModelTransfer {
    /// Fetches what is missing.
    ///
    /// - Throws: ``Interruption`` when another attempt may help, `EPANNsError` or `CancellationError` otherwise.
    func attempt() async throws {
        if let total = state.byteCount, part.byteCount == total, total > 0 { return }
        let offset = part.byteCount
        onEvent(.requesting(url: source.absoluteString, offset: offset))
        let (exchange, response) = try await respond(to: question(from: offset))
        defer { exchange.cancel() }
        switch response.status {
        case 200:
            if offset > 0 {
                try restart(
                    because: state.entityTag != nil && state.entityTag != response.strongEntityTag
                        ? "the file on the server has changed" : "the server sends only whole files")
            }
            state.byteCount = try checkedLength(response["content-length"])
        case 206 where offset > 0:
            let range = ContentRange(response["content-range"] ?? "")
            guard let range, range.start == offset, state.byteCount == nil || range.total == state.byteCount,
                state.entityTag == nil || response.strongEntityTag == nil
                    || response.strongEntityTag == state.entityTag
            else {
                try restart(because: "the server sent another part than asked for")
                throw Interruption(reason: "the server sent another part than asked for")
            }
            state.byteCount = try checked(total: range.total)
        case 416 where offset > 0:
            try restart(because: "the server has no bytes after those that are here")
            throw Interruption(reason: "the server has no bytes after those that are here")
        case 408, 429, 500, 502, 503, 504:
            throw Interruption(
                reason: "the server answered \(response.known)", retryAfter: response.retryAfter)
        case 404, 410:
            throw refused("\(host(of: response)) has no such file (it answered \(response.known))")
        default:
            throw refused("\(host(of: response)) answered \(response.known)")
        }
        try refuseForeign(response)
        // An answer to If-Range need not repeat the tag.
        state.entityTag = response.strongEntityTag ?? (response.status == 206 ? state.entityTag : nil)
        try SideCar.write(state, at: cache.partStatePath(for: model))
        try checkFreeSpace()
        try await receive(from: exchange)
    }

    private func question(from offset: Int) -> WebExchange.Question {
        // A packed transfer would change the bytes that ranges and checksums count.
        var fields = ["User-Agent: EPANNs", "Accept: */*", "Accept-Encoding: identity"]
        if offset > 0 {
            fields.append("Range: bytes=\(offset)-")
            if let tag = state.entityTag { fields.append("If-Range: \(tag)") }
        }
        return WebExchange.Question(url: source, fields: fields)
    }

    /// Sends a request and follows redirects.
    ///
    /// - Returns: The last exchange, whose body is still to come, and the head of its answer.
    private func respond(to first: WebExchange.Question) async throws -> (WebExchange, WebAnswer) {
        var question = first
        for _ in 0...configuration.maximumRedirects {
            let url = question.url
            let exchange = WebExchange(question, patience: configuration.patience)
            let answer: WebAnswer
            do {
                answer = try await exchange.answer()
            } catch {
                defer { exchange.cancel() }
                throw try interruption(from: error, host: url.host())
            }
            hasReachedServer = true
            guard [301, 302, 303, 307, 308].contains(answer.status) else { return (exchange, answer) }
            exchange.cancel()
            do {
                question.url = try Redirect.target(of: answer["location"], from: url)
            } catch {
                throw refused("\(url.host() ?? "the server") \(error.description)")
            }
        }
        throw refused("\(source.host() ?? "the server") redirected more than \(configuration.maximumRedirects) times")
    }

    /// Refuses a web page, as networks with a login put in place of everything, and a packed transfer.
    private func refuseForeign(_ response: WebAnswer) throws {
        let type = response["content-type"]?.lowercased() ?? ""
        if type.hasPrefix("text/html") {
            throw refused(
                "\(host(of: response)) answered with a web page in place of the file (does this network ask for a "
                    + "login?)")
        }
        let encoding = response["content-encoding"]?.lowercased() ?? "identity"
        if encoding != "identity" {
            throw refused("\(host(of: response)) sent the file packed, which was not asked for")
        }
    }

    private func host(of response: WebAnswer) -> String {
        response.host ?? source.host() ?? "the server"
    }

    private func checkedLength(_ header: String?) throws -> Int? {
        guard let header else { return nil }
        guard let length = Int(header), length >= 0 else {
            throw refused("\(source.host() ?? "the server") gave a length that is invalid")
        }
        return try checked(total: length)
    }

    private func checked(total: Int) throws -> Int {
        if let expected = model.byteCount, total != expected {
            throw wrongSize("the server offers \(total) bytes, \(expected) are expected")
        }
        if total > byteCap { throw wrongSize("the server offers \(total) bytes, at most \(byteCap) are accepted") }
        if total < model.minimumByteCount {
            throw wrongSize(
                "the server offers \(total) bytes, \(model.parameterCount) parameters need at least "
                    + "\(model.minimumByteCount)")
        }
        return total
    }

    /// Says before an hour of transfer that the disk cannot hold it.
    private func checkFreeSpace() throws {
        var status = statvfs()
        guard let total = state.byteCount, statvfs(cache.directory, &status) == 0 else { return }
        let free = UInt64(status.f_bavail).multipliedReportingOverflow(by: UInt64(status.f_frsize))
        let missing = total - part.byteCount
        guard !free.overflow, UInt64(missing) > free.partialValue else { return }
        throw EPANNsError(
            .fileFailure,
            "The disk is too full for “\(model.name)”: \(missing) more bytes are needed in \(cache.directory), "
                + "\(free.partialValue) are free. Free some space, or choose another folder with EPANNS_CACHE.",
            cause: SystemError(number: ENOSPC))
    }

    /// Writes the body to the part as it comes.
    private func receive(from exchange: WebExchange) async throws {
        meter.begin(at: part.byteCount)
        report(isLast: true)
        while true {
            let piece: Data?
            do {
                piece = try await exchange.next()
            } catch {
                throw try interruption(from: error, host: nil)
            }
            guard let piece else { break }
            let limit = state.byteCount ?? byteCap
            guard piece.count <= limit - part.byteCount else {
                throw wrongSize("the server sent more than \(limit) bytes")
            }
            try piece.withUnsafeBytes {
                try part.append($0)
                digest.update($0)
            }
            report(isLast: false)
        }
        try Task.checkCancellation()
        report(isLast: true)
        if let total = state.byteCount, part.byteCount < total {
            throw Interruption(reason: "the connection was cut after \(part.byteCount) of \(total) bytes")
        }
    }

    private func report(isLast: Bool) {
        let progress = meter.progress(byteCount: part.byteCount, total: state.byteCount, isLast: isLast)
        if let progress { onEvent(.progress(progress)) }
    }

    /// Tells a failure that may pass from the others.
    ///
    /// - Parameter host: Who was asked, before an answer has come; after its head, anything is a cut.
    /// - Throws: What no other attempt can mend.
    private func interruption(from error: any Error, host: String?) throws -> Interruption {
        if Task.isCancelled || error is CancellationError { throw CancellationError() }
        guard let failure = error as? WebExchange.Failure else { throw error }
        switch failure {
        case .noAnswer:
            return Interruption(reason: "no answer within \(configuration.answerTimeout)", isUnreachable: true)
        case .silence: return Interruption(reason: "nothing came for \(configuration.idleTimeout)")
        case .tooSlow(let pace):
            return Interruption(
                reason: "only \(pace) bytes a second came for \(configuration.paceWindow), at least "
                    + "\(configuration.minimumBytesPerSecond) are waited for")
        case .transport(let cause):
            guard let host else { return Interruption(reason: "the connection was cut", cause: cause) }
            switch cause.kind {
            case .notHTTP:
                throw refused("\(host) gave an answer that is not valid HTTP (\(cause.text))")
            case .missing: throw refused("\(cause.text)")
            case .packed: throw refused("\(host) sent the file packed, which was not asked for")
            case .cut: return Interruption(reason: "the connection was cut before an answer", cause: cause)
            case .untrusted:
                return Interruption(
                    reason: "its certificate is not trusted: is this machine's clock right, are its root certificates "
                        + "installed, does the network put its own in between?", cause: cause, isUnreachable: true)
            case .unreachable: return Interruption(reason: "no connection", cause: cause, isUnreachable: true)
            }
        }
    }
}

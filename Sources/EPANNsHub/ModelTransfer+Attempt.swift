import AsyncHTTPClient
import EPANNsCore
import Foundation
import NIOCore
import NIOHTTP1

/// One request for the file, or for the rest of it, and its answer.
extension ModelTransfer {
    /// Fetches what is missing.
    ///
    /// - Throws: ``Interruption`` when another attempt may help, `EPANNsError` or `CancellationError` otherwise.
    func attempt(with client: HTTPClient) async throws {
        if let total = state.byteCount, part.byteCount == total, total > 0 { return }
        let offset = part.byteCount
        onEvent(.requesting(url: source.absoluteString, offset: offset))
        let response = try await respond(to: request(from: offset), with: client)
        switch response.status.code {
        case 200:
            if offset > 0 {
                try restart(
                    because: state.entityTag != nil && state.entityTag != response.strongEntityTag
                        ? "the file on the server has changed" : "the server sends only whole files")
            }
            state.byteCount = try checkedLength(response.headers.first(name: "content-length"))
        case 206 where offset > 0:
            let range = ContentRange(response.headers.first(name: "content-range") ?? "")
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
                reason: "the server answered \(response.status.known)", retryAfter: response.retryAfter)
        case 404, 410:
            throw refused("\(host(of: response)) has no such file (it answered \(response.status.known))")
        default:
            throw refused("\(host(of: response)) answered \(response.status.known)")
        }
        try refuseForeign(response)
        // An answer to If-Range need not repeat the tag.
        state.entityTag = response.strongEntityTag ?? (response.status.code == 206 ? state.entityTag : nil)
        try SideCar.write(state, at: cache.partStatePath(for: model))
        try checkFreeSpace()
        try await receive(response.body)
    }

    private func request(from offset: Int) -> HTTPClientRequest {
        var request = HTTPClientRequest(url: source.absoluteString)
        request.headers.add(name: "User-Agent", value: "EPANNs")
        request.headers.add(name: "Accept", value: "*/*")
        // A packed transfer would change the bytes that ranges and checksums count.
        request.headers.add(name: "Accept-Encoding", value: "identity")
        if offset > 0 {
            request.headers.add(name: "Range", value: "bytes=\(offset)-")
            if let tag = state.entityTag { request.headers.add(name: "If-Range", value: tag) }
        }
        return request
    }

    /// Sends a request and follows redirects.
    private func respond(to first: HTTPClientRequest, with client: HTTPClient) async throws -> HTTPClientResponse {
        var request = first
        var url = source
        for _ in 0...configuration.maximumRedirects {
            let response: HTTPClientResponse
            do {
                // Generous: only the idle timeout of the client ends a transfer that makes progress.
                response = try await client.execute(request, timeout: .hours(48))
            } catch {
                throw try interruption(from: error, isBeforeAnswer: true)
            }
            hasReachedServer = true
            guard [301, 302, 303, 307, 308].contains(response.status.code) else { return response }
            url = try redirect(from: url, to: response.headers.first(name: "location"))
            request.url = url.absoluteString
        }
        throw refused("\(source.host() ?? "the server") redirected more than \(configuration.maximumRedirects) times")
    }

    private func redirect(from url: URL, to location: String?) throws -> URL {
        guard let location, location.utf8.count <= 8192,
            let target = URL(string: location, relativeTo: url)?.absoluteURL, target.host()?.isEmpty == false
        else { throw refused("\(url.host() ?? "the server") redirected without a usable address") }
        guard target.scheme == "https" || (target.scheme == "http" && url.scheme == "http") else {
            throw refused("\(url.host() ?? "the server") redirected from https to \(target.scheme ?? "nothing")")
        }
        return target
    }

    /// Refuses a web page, as networks with a login put in place of everything, and a packed transfer.
    private func refuseForeign(_ response: HTTPClientResponse) throws {
        let type = response.headers.first(name: "content-type")?.lowercased() ?? ""
        if type.hasPrefix("text/html") {
            throw refused(
                "\(host(of: response)) answered with a web page in place of the file (does this network ask for a "
                    + "login?)")
        }
        let encoding = response.headers.first(name: "content-encoding")?.lowercased() ?? "identity"
        if encoding != "identity" {
            throw refused("\(host(of: response)) sent the file packed, which was not asked for")
        }
    }

    private func host(of response: HTTPClientResponse) -> String {
        response.url?.host() ?? source.host() ?? "the server"
    }

    private func checkedLength(_ header: String?) throws -> Int? {
        guard let header else { return nil }
        guard let length = Int(header), length >= 0 else {
            throw refused("\(source.host() ?? "the server") gave a length that is no number")
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
    private func receive(_ body: HTTPClientResponse.Body) async throws {
        meter.begin(at: part.byteCount)
        report(isLast: true)
        var iterator = body.makeAsyncIterator()
        while true {
            let piece: ByteBuffer?
            do {
                piece = try await iterator.next()
            } catch {
                throw try interruption(from: error, isBeforeAnswer: false)
            }
            guard let piece else { break }
            let limit = state.byteCount ?? byteCap
            guard piece.readableBytes <= limit - part.byteCount else {
                throw wrongSize("the server sent more than \(limit) bytes")
            }
            try piece.withUnsafeReadableBytes {
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
    private func interruption(from error: any Error, isBeforeAnswer: Bool) throws -> Interruption {
        if Task.isCancelled || error is CancellationError { throw CancellationError() }
        var interruption = Interruption(reason: "the connection was cut", cause: error)
        switch error {
        case let error as HTTPClientError where error == .readTimeout || error == .deadlineExceeded:
            interruption.reason = "nothing came for \(configuration.idleTimeout)"
        case let error as HTTPClientError where error == .connectTimeout || error == .tlsHandshakeTimeout:
            interruption.reason = "no connection within \(configuration.connectTimeout)"
            interruption.isUnreachable = true
        case let error as HTTPClientError where error == .remoteConnectionClosed || error == .writeTimeout:
            break
        case let error as IOError where [ECONNRESET, EPIPE, ECONNABORTED].contains(error.errnoCode):
            break
        default:
            // A name that is not found, a refused connection, a certificate that does not fit; after the answer's
            // first line, anything is a cut.
            guard isBeforeAnswer else { break }
            // Known by its text: BoringSSL's own error type is not worth a dependency.
            let isUntrusted = "\(error)".contains("CERTIFICATE_VERIFY_FAILED")
            interruption.reason =
                isUntrusted
                ? "its certificate is not trusted: is this machine's clock right, are its root certificates installed, "
                    + "does the network put its own in between?" : "no connection"
            interruption.isUnreachable = true
        }
        return interruption
    }
}

extension HTTPResponseStatus {
    /// The number, with the standard's words for it: a server's own words could be anything.
    fileprivate var known: String {
        if case .custom(let code, _) = self { "\(code)" } else { "\(self)" }
    }
}

extension HTTPClientResponse {
    /// The entity tag, unless it is a weak one, which proves nothing about bytes.
    fileprivate var strongEntityTag: String? {
        guard let tag = headers.first(name: "etag"), tag.hasPrefix("\""), tag.hasSuffix("\""),
            (2...512).contains(tag.utf8.count), tag.utf8.allSatisfy({ $0 >= 0x20 && $0 != 0x7f })
        else { return nil }
        return tag
    }

    /// The pause asked for, when given in seconds.
    fileprivate var retryAfter: Duration? {
        headers.first(name: "retry-after").flatMap { Int($0) }.map { .seconds(min(max(0, $0), 3600)) }
    }
}

internal import CCurl

/// A failure of a connection or of an answer: what it was, and libcurl's words for it.
struct TransportError: Error, Hashable, CustomStringConvertible {
    enum Kind: Hashable {
        /// Nobody was reached: no such name, no route, connection refused.
        case unreachable
        /// The certificate cannot be trusted.
        case untrusted
        /// An answer came that is not HTTP, or breaks its rules.
        case notHTTP
        /// The body is packed in a way that was not asked for.
        case packed
        /// The connection ended early.
        case cut
        /// The library that does the work is not installed.
        case missing
    }

    var kind: Kind
    var text: String

    var description: String { text }

    /// What a result of libcurl's means.
    static func kind(of code: CURLcode) -> Kind {
        switch code {
        case CURLE_COULDNT_RESOLVE_HOST, CURLE_COULDNT_RESOLVE_PROXY, CURLE_COULDNT_CONNECT, CURLE_OPERATION_TIMEDOUT,
            CURLE_SSL_CONNECT_ERROR, CURLE_INTERFACE_FAILED, CURLE_SSL_CIPHER, CURLE_FAILED_INIT, CURLE_PROXY:
            .unreachable
        case CURLE_PEER_FAILED_VERIFICATION, CURLE_SSL_CACERT_BADFILE, CURLE_SSL_ISSUER_ERROR, CURLE_SSL_CERTPROBLEM,
            CURLE_SSL_INVALIDCERTSTATUS:
            .untrusted
        // A line longer than libcurl takes counts as one that does not fit into memory.
        case CURLE_WEIRD_SERVER_REPLY, CURLE_UNSUPPORTED_PROTOCOL, CURLE_OUT_OF_MEMORY, CURLE_URL_MALFORMAT,
            CURLE_TOO_MANY_REDIRECTS:
            .notHTTP
        case CURLE_BAD_CONTENT_ENCODING: .packed
        default: .cut
        }
    }
}

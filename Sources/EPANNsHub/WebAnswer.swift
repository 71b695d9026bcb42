import Foundation

/// The head of a web server's answer: its number and its header fields.
struct WebAnswer: Hashable {
    /// The status, such as 206.
    var status: Int
    /// The fields by their names in lower case.
    private var fields: [String: String]
    /// Who answered.
    var host: String?

    init(status: Int, fields: [String: String], host: String? = nil) {
        self.status = status
        self.host = host
        self.fields = Dictionary(fields.map { ($0.key.lowercased(), $0.value) }) { first, _ in first }
    }

    /// The value of a field, whatever the case of its name.
    subscript(_ name: String) -> String? { fields[name.lowercased()] }

    /// The status with the standard's words for it: a server's own words could be anything.
    var known: String {
        switch status {
        case 200: "200 OK"
        case 206: "206 Partial Content"
        case 400: "400 Bad Request"
        case 401: "401 Unauthorized"
        case 403: "403 Forbidden"
        case 404: "404 Not Found"
        case 407: "407 Proxy Authentication Required"
        case 408: "408 Request Timeout"
        case 410: "410 Gone"
        case 416: "416 Range Not Satisfiable"
        case 429: "429 Too Many Requests"
        case 451: "451 Unavailable For Legal Reasons"
        case 500: "500 Internal Server Error"
        case 502: "502 Bad Gateway"
        case 503: "503 Service Unavailable"
        case 504: "504 Gateway Timeout"
        default: "\(status)"
        }
    }

    /// The entity tag, unless it is a weak one, which proves nothing about bytes.
    var strongEntityTag: String? {
        guard let tag = self["etag"], tag.hasPrefix("\""), tag.hasSuffix("\""), (2...512).contains(tag.utf8.count),
            tag.utf8.allSatisfy({ $0 >= 0x20 && $0 != 0x7f })
        else { return nil }
        return tag
    }

    /// The pause asked for, when given in seconds.
    var retryAfter: Duration? {
        self["retry-after"].flatMap { Int($0) }.map { .seconds(min(max(0, $0), 3600)) }
    }
}

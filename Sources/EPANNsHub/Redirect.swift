import Foundation

/// Where a server may send a download on to.
package enum Redirect {
    /// Why a redirect is not followed: the end of a sentence that begins with the server.
    package struct Refusal: Error, Hashable, CustomStringConvertible {
        package let description: String

        package init(_ description: String) { self.description = description }
    }

    /// The longest address that is followed.
    static let maximumByteCount = 8192

    /// The address a redirect leads to: `http` or `https`, and never from `https` down to `http`.
    ///
    /// Test: `RedirectTests`.
    package static func target(of location: String?, from url: URL) throws(Refusal) -> URL {
        guard let location, location.utf8.count <= maximumByteCount,
            let target = URL(string: location, relativeTo: url)?.absoluteURL, target.host()?.isEmpty == false,
            (1...65535).contains(target.port ?? 443)
        else { throw Refusal("redirected without a usable address") }
        switch (url.scheme, target.scheme) {
        case (_, "https"), ("http", "http"): return target
        case (_, let scheme):
            throw Refusal("redirected from \(url.scheme ?? "nothing") to \(scheme ?? "nothing")")
        }
    }
}

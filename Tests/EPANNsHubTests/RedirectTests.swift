import EPANNsHub
import Foundation
import Testing

@Suite("Redirects") struct RedirectTests {
    private func target(_ location: String?, from url: String = "https://a.example/x/y") throws -> String {
        try Redirect.target(of: location, from: #require(URL(string: url))).absoluteString
    }

    @Test func followed() throws {
        #expect(try target("/z?q=1") == "https://a.example/z?q=1")
        #expect(try target("z") == "https://a.example/x/z")
        #expect(try target("//b.example:8443/z") == "https://b.example:8443/z")
        #expect(try target("https://b.example/z") == "https://b.example/z")
        #expect(try target("https://b.example/z", from: "http://a.example") == "https://b.example/z")
        #expect(try target("http://b.example/z", from: "http://a.example") == "http://b.example/z")
    }

    @Test("Never from https to anything else")
    func downgrade() {
        for location in ["http://a.example/x", "ftp://a.example/x", "file://a.example/x"] {
            let refusal = #expect(throws: Redirect.Refusal.self) { try target(location) }
            #expect(refusal?.description.hasPrefix("redirected from https to ") == true)
        }
        #expect(throws: Redirect.Refusal.self) { try target("ftp://a.example/x", from: "http://a.example") }
    }

    @Test(arguments: [
        nil, "http://", "https:///x", "https://[", "https://a:b", "https://a:99999999999/", "https://a:0/",
        "javascript:x",
        "https://a.example/" + String(repeating: "x", count: 8192),
    ])
    func unusable(location: String?) {
        #expect(throws: Redirect.Refusal("redirected without a usable address")) { try target(location) }
    }
}

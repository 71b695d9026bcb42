import EPANNsCore
import Foundation
import Testing

/// What other libraries throw, in plain words.
@Suite struct ErrorCauseTests {
    private func text(_ body: () throws -> Void) -> String {
        do {
            try body()
            return "nothing was thrown"
        } catch {
            return EPANNsError(.fileFailure, "It failed.", cause: error).description
        }
    }

    @Test func foundationsTextIsForItsDebugger() {
        let folder = text {
            try FileManager.default.createDirectory(atPath: "/dev/null/x", withIntermediateDirectories: true)
        }
        #expect(
            folder.hasPrefix("It failed. [") && !folder.contains("Domain") && !folder.contains("UserInfo"), "\(folder)")
        let file = text { _ = try String(contentsOfFile: "/nonexistent/x", encoding: .utf8) }
        #expect(!file.contains("Domain") && !file.contains("UserInfo"), "\(file)")
        #expect(text { throw POSIXError(.ENOSPC) } == "It failed. [No space left on device]")
    }

    /// Keys come from files of strangers.
    @Test func decodingErrorsSayWhatAndWhere() {
        struct Thing: Decodable { var number: Int }
        func decode(_ json: String) -> String {
            text { _ = try JSONDecoder().decode([String: Thing].self, from: Data(json.utf8)) }
        }
        #expect(decode("{") == "It failed. [it is not JSON]")
        #expect(decode("{\"a\":{}}").hasPrefix("It failed. [the key “number” is missing at “a”"))
        let evil = decode("{\"\\u001b[31m\":{\"number\":\"x\"}}")
        #expect(evil.contains("another type") && !evil.contains("\u{1B}"), "\(evil)")
    }

    @Test func ownErrorsKeepTheirWords() {
        #expect(text { throw EPANNsError(.invalidAudio, "Inner.") } == "It failed. [Inner.]")
        #expect(text { throw CancellationError() } == "It failed. [CancellationError()]")
    }
}

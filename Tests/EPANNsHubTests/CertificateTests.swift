import EPANNsCore
import EPANNsHub
import EPANNsTestServer
import Foundation
import Testing

private let openssl = ["/usr/bin/openssl", "/opt/homebrew/bin/openssl"]
    .first { FileManager.default.isExecutableFile(atPath: $0) }

/// `https` to a server that the tests make with the command openssl.
@Suite("Certificates")
struct CertificateTests {
    @Test(
        "A certificate that nobody vouches for is refused, and said to be the reason",
        .enabled(if: openssl != nil, "the command openssl is not installed"))
    func selfSigned() async throws {
        let fixture = try HubFixture()
        let (key, certificate) = (fixture.cache.directory + "/key", fixture.cache.directory + "/certificate")
        try run([
            "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-keyout", key, "-out", certificate, "-days", "2", "-subj",
            "/CN=localhost",
        ]).waitUntilExit()
        let port = try FileServer.freePort()
        // The server ends with its input, which also closes when the tests are killed; children inherit blocked signals.
        let (input, output) = (Pipe(), Pipe())
        let server = try run(
            ["s_server", "-accept", "\(port)", "-key", key, "-cert", certificate, "-www"], input: input, output: output)
        defer {
            try? input.fileHandleForWriting.close()
            server.waitUntilExit()
        }
        // It says so when it listens.
        var words = ""
        while !words.contains("ACCEPT") {
            let data = output.fileHandleForReading.availableData
            try #require(!data.isEmpty, "\(words)")
            words += String(decoding: data, as: UTF8.self)
        }
        let error = try #require(try await fixture.failure(HubFixture.model(), at: "https://localhost:\(port)"))
        #expect(error.code == .networkFailure)
        #expect(error.message.contains("certificate is not trusted"), "\(error)")
        #expect(fixture.retryCount == 0)
    }

    /// Starts openssl, which lives no longer than `input` is open where there is one.
    private func run(_ arguments: [String], input: Pipe? = nil, output: Pipe? = nil) throws -> Process {
        let process = Process()
        let command = [try #require(openssl)] + arguments
        process.executableURL = URL(filePath: "/bin/sh")
        let script = input == nil ? #"exec "$@""# : #""$@" < /dev/null & read -r _; kill -9 $!"#
        process.arguments = ["-c", script, "sh"] + command
        process.standardInput = input ?? FileHandle.nullDevice as Any
        process.standardOutput = output ?? FileHandle.nullDevice
        process.standardError = output ?? FileHandle.nullDevice
        try process.run()
        return process
    }
}

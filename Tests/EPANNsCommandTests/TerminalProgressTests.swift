import EPANNsCore
import EPANNsTestSupport
import Foundation
import Testing

/// What somebody sees who waits for one long recording at a terminal.
@Suite struct TerminalProgressTests {
    /// A terminal that nobody types at.
    private struct Terminal {
        /// What programs write to.
        let end: FileHandle
        private let master: Int32

        init() throws {
            var (master, end) = (Int32(-1), Int32(-1))
            try #require(openpty(&master, &end, nil, nil, nil) == 0)
            self.master = master
            self.end = FileHandle(fileDescriptor: end, closeOnDealloc: false)
        }

        /// All that was written until the last program has closed it.
        func text() throws -> String {
            try end.close()
            defer { close(master) }
            var data: [UInt8] = []
            var piece = [UInt8](repeating: 0, count: 4096)
            while true {
                let count = read(master, &piece, piece.count)
                // Linux ends with an error, macOS with nothing.
                guard count > 0 else { return String(decoding: data, as: UTF8.self) }
                data += piece.prefix(count)
            }
        }
    }

    @Test(arguments: [["tag"], ["tag", "-f", "json"], ["embed", "-f", "json"]])
    func oneLongRecording(command: [String]) throws {
        let terminal = try Terminal()
        let process = Process()
        process.executableURL = URL(fileURLWithPath: try #require(CommandRun.binary))
        process.arguments =
            command + ["-m", TinyModel.path, "--window", "1", "--precision", "fp32", "--threads", "1", "-"]
        let (input, output) = (Pipe(), Pipe())
        process.standardInput = input
        process.standardOutput = output
        process.standardError = terminal.end
        try process.run()
        let recording = wave(TinyModel.noise(count: 20 * 32000))
        // Live sound that takes longer than what is shown at once: the bar comes after a second.
        for piece in 0..<8 {
            let size = recording.count / 8
            let end = piece == 7 ? recording.count : (piece + 1) * size
            try input.fileHandleForWriting.write(contentsOf: recording[piece * size..<end])
            usleep(250_000)
        }
        try input.fileHandleForWriting.close()
        // A little more than a pipe holds may come, and comes after the sound.
        let result = output.fileHandleForReading.readDataToEndOfFile()
        process.waitUntilExit()
        let shown = try terminal.text()
        #expect(process.terminationStatus == 0 && !result.isEmpty, "\(shown)")
        // How far and how fast; a pipe does not tell how much is to come. Nothing of it stays.
        #expect(shown.contains("····· 0:") && shown.contains("× real time"), "\(shown)")
        let lines = shown.components(separatedBy: "\n").map { $0.components(separatedBy: "\u{1B}[K").last ?? "" }
        #expect(lines.allSatisfy { !$0.contains("·") }, "\(lines)")
    }
}

import EPANNsAudio
import EPANNsCore
import Foundation
import Testing

/// Files in which FFmpeg searches for sound without end.
@Suite struct HeaderLimitTests {
    /// FFmpeg would read all of it, and keep it twice.
    @Test(arguments: ["mp3", "ac3"])
    func aFileOfZerosIsGivenUpEarly(suffix: String) throws {
        try withFolder { folder in
            let path = "\(folder)/zeros.\(suffix)"
            #expect(FileManager.default.createFile(atPath: path, contents: nil))
            // Sparse: it takes no room on the disk.
            #expect(truncate(path, 1 << 30) == 0)
            let start = residentBytes("VmRSS")
            resetPeak()
            let error = #expect(throws: EPANNsError.self) { try AudioFile.load(path: path, sampleRate: 32000) }
            #expect(error?.code == .invalidAudio)
            #expect(error?.message.contains("in the first 64 MB of \(path)") == true, "\(String(describing: error))")
            // It is some 130 MB, and was more than 2 GB; other suites run beside this one.
            let peak = residentBytes("VmHWM")
            #expect(start > 0 && peak >= start && peak - start < 1500 << 20)
        }
    }

    @Test func anEndlessPipeIsGivenUp() throws {
        try withFolder { folder in
            let path = "\(folder)/endless.mp3"
            #expect(mkfifo(path, 0o600) == 0)
            let done = DispatchSemaphore(value: 0)
            Thread.detachNewThread {
                signal(SIGPIPE, SIG_IGN)
                let zeros = [UInt8](repeating: 0, count: 65536)
                let descriptor = open(path, O_WRONLY)
                while write(descriptor, zeros, zeros.count) > 0 {}
                close(descriptor)
                done.signal()
            }
            let error = #expect(throws: EPANNsError.self) { try AudioFile.load(path: path, sampleRate: 32000) }
            #expect(error?.code == .invalidAudio)
            done.wait()
        }
    }

    /// A sound beginning, and then zeros instead of frames: they end where a packet would have to come.
    @Test func zerosBehindABeginningEndToo() throws {
        try withFolder { folder in
            let path = "\(folder)/tail.mp3"
            try Data(Fixture.bytes("chirp.mp3")).write(to: URL(fileURLWithPath: path))
            #expect(truncate(path, 1 << 30) == 0)
            let waveform = try AudioFile.load(path: path, sampleRate: 32000, maximumDurationSeconds: 60)
            #expect(waveform.samples.count > 15000)
            #expect(
                waveform.sourceInfo.warnings.contains { $0.contains("no sound in 64 MB") }, "\(waveform.sourceInfo)")
        }
    }

    private func withFolder(_ body: (String) throws -> Void) throws {
        let folder = FileManager.default.temporaryDirectory.appendingPathComponent("epanns-\(UUID().uuidString)")
        try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
        defer { try? FileManager.default.removeItem(at: folder) }
        try body(folder.path)
    }

    /// Memory of this process, in bytes: `VmRSS` now, `VmHWM` at most since ``resetPeak()``.
    private func residentBytes(_ name: String) -> Int {
        let status = (try? String(contentsOfFile: "/proc/self/status", encoding: .utf8)) ?? ""
        let line = status.split(separator: "\n").first { $0.hasPrefix(name + ":") }
        return (line?.split(whereSeparator: \.isWhitespace).dropFirst().first.flatMap { Int($0) } ?? 0) << 10
    }

    private func resetPeak() {
        guard let file = FileHandle(forWritingAtPath: "/proc/self/clear_refs") else { return }
        try? file.write(contentsOf: Data("5".utf8))
    }
}

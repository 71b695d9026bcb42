import Foundation

/// Writes bytes into a pipe from another thread and hands its reading end to `body`.
func withPipe<Result>(_ bytes: [UInt8], chunk: Int = 1000, body: (Int32) throws -> Result) throws -> Result {
    let pipe = Pipe()
    let writer = pipe.fileHandleForWriting
    let done = DispatchSemaphore(value: 0)
    Thread.detachNewThread {
        // The reader may stop early; then the rest is not wanted.
        signal(SIGPIPE, SIG_IGN)
        for start in stride(from: 0, to: bytes.count, by: chunk) {
            do {
                try writer.write(contentsOf: Data(bytes[start..<min(bytes.count, start + chunk)]))
            } catch {
                break
            }
        }
        try? writer.close()
        done.signal()
    }
    let result = Swift.Result { try body(pipe.fileHandleForReading.fileDescriptor) }
    try? pipe.fileHandleForReading.close()
    done.wait()
    return try result.get()
}

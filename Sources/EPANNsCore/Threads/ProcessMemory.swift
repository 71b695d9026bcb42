import Foundation

/// How much memory the process takes, as Linux counts it.
package enum ProcessMemory {
    /// Runs `body` and tells the most memory that it took beyond what was there before.
    ///
    /// The kernel's high-water mark (`VmHWM`) is set back first, so that earlier work does not count. Memory that the
    /// allocator kept from earlier work and that `body` uses again is given back to the system before, where that can be
    /// done.
    ///
    /// - Returns: What `body` returns, and bytes; nil where the system does not count them.
    package static func peak<Result>(during body: () throws -> Result) rethrows -> (result: Result, byteCount: Int?) {
        trim()
        let isReset = resetPeak()
        let before = bytes("VmRSS")
        let result = try body()
        guard isReset, let before, let peak = bytes("VmHWM") else { return (result, nil) }
        return (result, max(0, peak - before))
    }

    /// Gives the allocator's free memory back to the system; glibc's own, which no module declares.
    private static func trim() {
        guard let symbol = dlsym(dlopen(nil, RTLD_NOW), "malloc_trim") else { return }
        _ = unsafeBitCast(symbol, to: (@convention(c) (Int) -> CInt).self)(0)
    }

    /// A line of `/proc/self/status`, in bytes.
    private static func bytes(_ key: String) -> Int? {
        guard let status = try? String(contentsOfFile: "/proc/self/status", encoding: .utf8) else { return nil }
        let line = status.split(separator: "\n").first { $0.hasPrefix(key + ":") }
        return line?.split(separator: " ").dropFirst().lazy.compactMap { Int($0) }.first.map { $0 * 1024 }
    }

    /// Sets the high-water mark back to what is taken now (`proc(5)`, `clear_refs`); a read-only `/proc` forbids it.
    private static func resetPeak() -> Bool {
        guard let file = FileHandle(forWritingAtPath: "/proc/self/clear_refs") else { return false }
        defer { try? file.close() }
        return (try? file.write(contentsOf: Data("5".utf8))) != nil
    }
}

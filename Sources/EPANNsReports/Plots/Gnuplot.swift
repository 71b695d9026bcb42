import EPANNsCore
import EPANNsGraph
import Foundation
import Synchronization

/// gnuplot as a child process: the script on its standard input, the drawing on its standard output, no shell.
///
/// It reads no start-up file (`-d`) and gets a small environment. Scripts hold texts in single quotes only, within
/// which gnuplot substitutes nothing.
enum Gnuplot {
    /// Longest that a drawing may take.
    private static let timeoutSeconds = 120.0

    /// Runs a script and gives what it draws.
    ///
    /// - Throws: `EPANNsError` with code `backendFailure` when gnuplot is missing, fails or draws nothing.
    static func run(_ script: String) throws -> Data {
        let process = Process()
        process.executableURL = URL(fileURLWithPath: try executable())
        process.arguments = ["-d", "-"]
        process.environment = childEnvironment()
        let (output, error) = (Pipe(), Pipe())
        process.standardInput = try scriptFile(script)
        process.standardOutput = output
        process.standardError = error
        do {
            try process.run()
        } catch {
            throw EPANNsError(.backendFailure, "gnuplot cannot be started. \(advice)", cause: error)
        }
        let watchdog = DispatchWorkItem { [identifier = process.processIdentifier] in kill(identifier, SIGKILL) }
        DispatchQueue.global().asyncAfter(deadline: .now() + timeoutSeconds, execute: watchdog)
        // Both pipes are emptied at once, so that neither fills up and stops the child.
        let complaint = Mutex(Data())
        let group = DispatchGroup()
        let handle = error.fileHandleForReading
        DispatchQueue.global().async(group: group) {
            let data = handle.readDataToEndOfFile()
            complaint.withLock { $0 = data }
        }
        let drawn = output.fileHandleForReading.readDataToEndOfFile()
        group.wait()
        process.waitUntilExit()
        watchdog.cancel()
        guard process.terminationReason == .exit, process.terminationStatus == 0, !drawn.isEmpty else {
            let text = String(decoding: complaint.withLock { $0 }, as: UTF8.self)
            let reason = text.split(whereSeparator: \.isNewline).suffix(3).joined(separator: " ").suffix(300)
            throw EPANNsError(
                .backendFailure,
                "gnuplot could not draw the plot\(reason.isEmpty ? "" : ": \(reason)"). Version 5.2 or newer with its "
                    + "svg and pngcairo terminals is needed.")
        }
        return drawn
    }

    private static let advice =
        "Plots need it: install it with “apt-get install gnuplot-nox” (Fedora: “dnf install gnuplot”, macOS: “brew "
        + "install gnuplot”)."

    static func executable() throws -> String {
        let path = ProcessInfo.processInfo.environment["PATH"] ?? ""
        for folder in path.split(separator: ":") {
            let candidate = "\(folder)/gnuplot"
            if FileManager.default.isExecutableFile(atPath: candidate) { return candidate }
        }
        throw EPANNsError(.backendFailure, "gnuplot is not installed, or not in PATH. \(advice)")
    }

    private static func childEnvironment() -> [String: String] {
        let kept = ["PATH", "HOME", "TMPDIR", "XDG_CACHE_HOME", "FONTCONFIG_PATH", "FONTCONFIG_FILE"]
        var environment = ProcessInfo.processInfo.environment.filter { kept.contains($0.key) }
        environment["LC_ALL"] = "C.UTF-8"
        return environment
    }

    /// The script as an unnamed file: a child that dies early then cannot end us with a broken pipe.
    private static func scriptFile(_ script: String) throws -> FileHandle {
        guard let file = tmpfile() else {
            throw EPANNsError(
                .fileFailure, "No temporary file can be made for gnuplot's script; is the disk of TMPDIR full?")
        }
        defer { fclose(file) }
        var script = script
        let written = script.withUTF8 { fwrite($0.baseAddress, 1, $0.count, file) }
        guard written == script.utf8.count, fflush(file) == 0, fseek(file, 0, SEEK_SET) == 0 else {
            throw EPANNsError(.fileFailure, "gnuplot's script cannot be written; is the disk of TMPDIR full?")
        }
        return FileHandle(fileDescriptor: dup(fileno(file)), closeOnDealloc: true)
    }
}

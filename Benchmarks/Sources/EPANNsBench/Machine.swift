import EPANNs
import Foundation

/// What a result must say about where it was measured.
struct Machine: Codable {
    var cpu: String
    var cores: Int
    var oneDNN: String
    /// The arithmetic that `--precision auto` chooses here.
    var autoPrecision: Precision
    /// Other work on the machine when the measurement began; nil where the system does not tell.
    var loadAverage: Double?

    /// This machine, now.
    static var current: Machine {
        Machine(
            cpu: cpuModel ?? "unknown CPU", cores: ProcessInfo.processInfo.activeProcessorCount,
            oneDNN: oneDNNVersion ?? "unknown", autoPrecision: .fastest, loadAverage: currentLoad)
    }

    var line: String {
        let load = loadAverage.map { String(format: ", load average %.1f", $0) } ?? ""
        return "\(cpu), \(cores) cores, oneDNN \(oneDNN), auto precision \(autoPrecision.rawValue)\(load)"
    }

    private static var cpuModel: String? {
        guard let text = try? String(contentsOfFile: "/proc/cpuinfo", encoding: .utf8) else { return nil }
        let line = text.split(separator: "\n").first { $0.hasPrefix("model name") }
        return line?.split(separator: ":").last.map { $0.trimmingCharacters(in: .whitespaces) }
    }

    private static var currentLoad: Double? {
        var loads = [0.0]
        return getloadavg(&loads, 1) == 1 ? loads[0] : nil
    }

    // The start of oneDNN's dnnl_version_t, the same in 2.x and 3.x.
    private struct Version {
        var major, minor, patch: CInt
    }

    /// Asked of the library that is loaded, not of the headers: the library is what runs.
    private static var oneDNNVersion: String? {
        guard let process = dlopen(nil, RTLD_NOW), let symbol = dlsym(process, "dnnl_version") else { return nil }
        let function = unsafeBitCast(symbol, to: (@convention(c) () -> UnsafeRawPointer?).self)
        guard let version = function()?.load(as: Version.self) else { return nil }
        return "\(version.major).\(version.minor).\(version.patch)"
    }
}

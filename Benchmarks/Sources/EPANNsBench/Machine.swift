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
            oneDNN: KernelLibrary.version, autoPrecision: .fastest, loadAverage: currentLoad)
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
}

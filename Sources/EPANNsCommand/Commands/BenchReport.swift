import EPANNs
import EPANNsCore
import EPANNsEvaluation
import EPANNsRuntime
import Foundation

/// What `bench` measured.
struct BenchReport: Encodable {
    /// Where it was measured.
    struct Machine: Encodable {
        var cpu: String
        var cores: Int
        /// The version of the kernel library that is loaded.
        var oneDNN: String
        /// Other work on the machine when the measurement began; nil where the system does not tell.
        var loadAverage: Double?

        enum CodingKeys: String, CodingKey {
            case cpu, cores
            case oneDNN = "onednn"
            case loadAverage = "load_average"
        }

        /// This machine, now.
        static var current: Machine {
            var loads = [0.0]
            let load = getloadavg(&loads, 1) == 1 ? loads[0] : nil
            return Machine(
                cpu: cpuName ?? "unknown CPU", cores: ProcessInfo.processInfo.activeProcessorCount,
                oneDNN: KernelLibrary.version, loadAverage: load)
        }

        private static var cpuName: String? {
            guard let text = try? String(contentsOfFile: "/proc/cpuinfo", encoding: .utf8) else { return nil }
            let line = text.split(separator: "\n").first { $0.hasPrefix("model name") }
            return line?.split(separator: ":").last.map { $0.trimmingCharacters(in: .whitespaces) }
        }
    }

    /// Times of one arithmetic and number of threads.
    struct Way: Encodable {
        var precision: Precision
        var threads: Int
        var minimumMs: Double
        var medianMs: Double
    }

    /// A system: a network, or an ensemble whose members' times are added.
    struct System: Encodable {
        var name: String
        var meanAveragePrecision: Double?
        var parameters: Int
        var macs: Int
        var ways: [Way]
        /// The most that a way took, besides the program and the model's file; nil where the system does not count it.
        var peakByteCount: Int?

        init(name: String, meanAveragePrecision: Double?, parameters: Int, macs: Int, timings: [NetworkTiming]) {
            self.name = name
            self.meanAveragePrecision = meanAveragePrecision
            self.parameters = parameters
            self.macs = macs
            ways = (timings.first?.rows ?? []).indices.map { index in
                let rows = timings.map { $0.rows[index] }
                return Way(
                    precision: rows[0].way.precision, threads: rows[0].way.threads,
                    minimumMs: rows.reduce(0) { $0 + $1.times.minimum },
                    medianMs: rows.reduce(0) { $0 + $1.times.median })
            }
            // All members stay in memory.
            let peaks = timings.map { $0.rows.compactMap(\.peakByteCount).max() }
            peakByteCount = peaks.contains(nil) ? nil : peaks.compactMap { $0 }.reduce(0, +)
        }

        /// The quickest way.
        var fastest: Way? { ways.min { $0.minimumMs < $1.minimumMs } }

        /// Published mAP for each milliard of multiply-accumulate operations.
        var precisionPerGMAC: Double? {
            meanAveragePrecision.map { $0 / (Double(macs) / 1e9) }
        }

        /// Published mAP for each millisecond of the quickest way.
        var precisionPerMillisecond: Double? {
            guard let meanAveragePrecision, let fastest else { return nil }
            return meanAveragePrecision / fastest.minimumMs
        }
    }

    var machine: Machine
    var durationSeconds: Double
    var turns: Int
    var systems: [System]
    /// Which system to take for which time, in a sentence; nil for one system, or where no mAP is known.
    var advice: String?

    init(machine: Machine, durationSeconds: Double, turns: Int, systems: [System]) {
        self.machine = machine
        self.durationSeconds = durationSeconds
        self.turns = turns
        self.systems = systems
        advice = Self.advice(systems)
    }

    /// The systems that none beats in mAP for the same time.
    private static func advice(_ systems: [System]) -> String? {
        let points = systems.compactMap { system in
            system.fastest.flatMap { way in
                system.meanAveragePrecision.map {
                    TradeOff.Point(name: system.name, gain: $0, price: way.minimumMs)
                }
            }
        }
        let front = TradeOff.front(points)
        guard points.count > 1, let first = front.first else { return nil }
        let others = front.dropFirst().map { ", \($0.name) from \(milliseconds($0.price)) (\(precision($0.gain)))" }
        return "By published mAP and what was measured here, take \(first.name) for the least time "
            + "(\(precision(first.gain)) in \(milliseconds(first.price)))\(others.joined()); for every other system one of "
            + "these is at least as good in no more time."
    }

    private static func precision(_ value: Double) -> String { CountText.fixed(value, decimals: 3) }

    private static func milliseconds(_ value: Double) -> String {
        "\(CountText.fixed(value, decimals: value < 10 ? 1 : 0)) ms"
    }
}

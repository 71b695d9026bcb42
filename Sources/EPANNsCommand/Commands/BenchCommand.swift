import ArgumentParser
import EPANNs
import EPANNsCore
import EPANNsEvaluation
import EPANNsGraph
import EPANNsRuntime
import Foundation

/// `epanns bench`: what networks take on this machine.
struct BenchCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "bench",
        abstract: "Measures how long networks take on this machine, and how much memory.",
        discussion: """
            The network alone is measured, from spectrogram to scores of one clip; every arithmetic and number of \
            threads of a network takes turns. Nothing is downloaded: the time does not depend on the weights. The \
            fastest run says what the machine can do; do nothing else meanwhile, above all where threads are as many as \
            cores. An ensemble's networks run one after the other.

            JSON: machine, duration_seconds, turns; systems, each with name, mean_average_precision (as published; \
            left out where nothing was), parameters, macs, peak_byte_count and ways (precision, threads, minimum_ms, \
            median_ms); advice.

            EXAMPLES
              epanns bench                        the built-in model
              epanns bench mn04 mn10 epanns-50
              epanns bench --table1               the paper's Table 1, all published models
              epanns bench cnn14 --precision bf16 --threads 1,2,4 --seconds 2
            """)

    @Argument(
        help: ArgumentHelp(
            "Models' files, names of downloaded models, or architectures; without any, the built-in model.",
            valueName: "model"),
        completion: .file(extensions: ["safetensors", "pt", "pth", "bin"]))
    var names: [String] = []

    @Flag(
        name: .customLong("table1"), help: "Every system of the paper's Table 1, and every published model that runs.")
    var isTable1 = false

    @Option(help: "Length of the clip.")
    var seconds = 10.0

    @Option(
        help: ArgumentHelp(
            "Numbers of threads.", discussion: "Without it, 1 and the number of cores up to 2.", valueName: "n,n,…"),
        transform: parseThreads)
    var threads: [Int]?

    @Option(
        help: ArgumentHelp(
            "fp32, bf16 or both.", discussion: "Without it, all that this CPU can compute.", valueName: "name,name"),
        transform: parsePrecisions)
    var precision: [Precision]?

    @Option(help: ArgumentHelp("Turns of two runs each that count.", valueName: "n"))
    var turns = 4

    @OptionGroup var output: FormatOption<ReportFormat>

    func validate() throws {
        if isTable1, !names.isEmpty { throw ValidationError("Give either --table1 or models.") }
        guard seconds >= 0.1, seconds <= 600 else { throw ValidationError("--seconds must be between 0.1 and 600.") }
        guard (1...10_000).contains(turns) else { throw ValidationError("--turns must be between 1 and 10000.") }
    }

    func run() throws {
        let systems: [BenchSystem] =
            if isTable1 {
                try BenchSystem.table1AndRegistry()
            } else if names.isEmpty {
                [try BenchSystem(nil)]
            } else {
                try names.map { try BenchSystem($0) }
            }
        let report = BenchReport(
            machine: .current, durationSeconds: seconds, turns: turns, systems: try measured(systems))
        if output.format == .json { return try JSONOutput.print(report) }
        try StandardOutput.writeLines(BenchText.lines(report, width: Terminal.width ?? 80))
    }

    private var ways: [NetworkTiming.Way] {
        let precisions = precision ?? Precision.allCases.filter(\.isSupported)
        let cores = ProcessInfo.processInfo.activeProcessorCount
        let threads = threads ?? (cores > 1 ? [1, 2] : [1])
        return precisions.flatMap { precision in threads.map { .init(precision: precision, threads: $0) } }
    }

    private func measured(_ systems: [BenchSystem]) throws -> [BenchReport.System] {
        // Members of ensembles may be networks that are measured on their own, too.
        var known: [ModelConfiguration: NetworkTiming] = [:]
        let count = Set(systems.flatMap(\.members)).count
        let progress = ProgressBar(total: count)
        return try systems.map { system in
            var timings: [NetworkTiming] = []
            var cost = (parameters: 0, macs: 0)
            for member in system.members {
                let graph = try member.graph()
                let samples = graph.fittingSampleCount(Int(seconds * Double(member.frontEnd.sampleRate)))
                let report = try CostReport(graph, sampleCount: samples)
                cost.parameters += report.parameters
                cost.macs += report.macs
                if let timing = known[member] {
                    timings.append(timing)
                    continue
                }
                let timing = try NetworkTiming(
                    graph, extent: graph.extent(sampleCount: samples), ways: ways, turns: turns)
                progress.advance(audioSeconds: seconds)
                known[member] = timing
                timings.append(timing)
            }
            return BenchReport.System(
                name: system.name, meanAveragePrecision: system.meanAveragePrecision, parameters: cost.parameters,
                macs: cost.macs, timings: timings)
        }
    }
}

/// Reads a list such as `1,2,4`.
@Sendable private func parseThreads(_ text: String) throws -> [Int] {
    try text.split(separator: ",", omittingEmptySubsequences: false).map { part in
        guard let count = Int(part.trimmingCharacters(in: .whitespaces)), (1...1024).contains(count) else {
            throw ValidationError("Give numbers between 1 and 1024 with commas between them, such as 1,2.")
        }
        return count
    }
}

/// Reads a list such as `fp32,bf16`.
@Sendable private func parsePrecisions(_ text: String) throws -> [Precision] {
    try text.split(separator: ",", omittingEmptySubsequences: false).map { part in
        guard let precision = Precision(rawValue: part.trimmingCharacters(in: .whitespaces).lowercased()) else {
            throw ValidationError("Give fp32, bf16, or both with a comma between them.")
        }
        return precision
    }
}

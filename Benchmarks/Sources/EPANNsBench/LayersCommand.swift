import ArgumentParser
import EPANNs
import Foundation

/// `epanns-bench layers`: where a network's time goes, step by step.
struct LayersCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "layers", abstract: "Times every step of a compiled network.",
        discussion: """
            A step is one oneDNN primitive, named after the last of the layers that are fused into it. The least \
            time of all runs is shown. Steps are timed one at a time; the last line is the network run as a whole, \
            which also copies the input in and the outputs out.
            """)

    @Argument(help: "Network, for example epanns-50.")
    var network: String

    @Option(help: "auto, fp32 or bf16.")
    var precision = PrecisionChoice.auto

    @Option(help: "Threads of one run.")
    var threads = 1

    @Option(help: "Length of a clip, in seconds.")
    var seconds = 10.0

    @Option(help: "Clips that are computed at once.")
    var batch = 1

    @OptionGroup var effort: EffortOptions

    @Option(help: "How results are printed: text or json.")
    var format = OutputFormat.text

    private struct Row: Codable {
        var name: String
        var implementation: String
        var minimumMS: Double
        /// Multiply-accumulate operations; nil for a step without any.
        var macs: Int?
    }

    private struct Report: Codable {
        var machine: Machine
        var network: String
        var precision: Precision
        var threads: Int
        var secondsPerClip: Double
        var batch: Int
        var runCount: Int
        var steps: [Row]
        /// Sum of the steps' least times.
        var stepsMS: Double
        /// Least time of the network run as a whole.
        var wholeMS: Double
    }

    func run() throws {
        let machine = Machine.current
        let model = try SyntheticModel.make(named: network)
        let road = try Road(
            model: model, options: .init(precision: precision, threads: threads), seconds: seconds, batch: batch)
        let first = try road.steps()
        let steps = StepTimes(count: first.count)
        var jobs = [Job { steps.keepLeast(try road.steps().map(\.time)) }, Job(road.network)]
        try Interleaving.measure(&jobs, effort.effort)
        let costs = try StepCosts.macs(
            of: road.tagger.network.graph, sampleCount: road.samples.count, steps: first.map(\.name))
        let rows = zip(first, steps.leastMS).map { step, time in
            Row(
                name: step.name, implementation: step.implementation, minimumMS: time,
                macs: costs[step.name].map { $0 * batch })
        }
        try print(
            Report(
                machine: machine, network: network, precision: road.tagger.precision, threads: threads,
                secondsPerClip: seconds, batch: batch, runCount: jobs[0].milliseconds.count, steps: rows,
                stepsMS: rows.reduce(0) { $0 + $1.minimumMS }, wholeMS: jobs[1].minimum))
    }

    private func print(_ report: Report) throws {
        if format == .json {
            let encoder = JSONEncoder()
            encoder.outputFormatting = [.prettyPrinted, .sortedKeys]
            Swift.print(String(decoding: try encoder.encode(report), as: UTF8.self))
            return
        }
        var table = TextTable(columns: [
            .init(title: "step", isNumber: false), .init(title: "implementation", isNumber: false),
            .init(title: "min ms"), .init(title: "share %"), .init(title: "GMAC"), .init(title: "GMAC/s"),
        ])
        func row(_ name: String, _ implementation: String, _ time: Double, _ macs: Int?) -> [String] {
            [
                name, implementation, String(format: "%.3f", time),
                String(format: "%.1f", 100 * time / report.stepsMS),
                macs.map { String(format: "%.3f", Double($0) / 1e9) } ?? "",
                macs.map { String(format: "%.0f", Double($0) / 1e6 / time) } ?? "",
            ]
        }
        table.rows = report.steps.map { row($0.name, $0.implementation, $0.minimumMS, $0.macs) }
        let macs = report.steps.reduce(0) { $0 + ($1.macs ?? 0) }
        table.rows.append(row("all steps", "", report.stepsMS, macs))
        table.rows.append(row("as a whole", "", report.wholeMS, macs))
        Swift.print(report.machine.line)
        Swift.print(
            "\(report.network), \(report.precision.rawValue), \(report.threads) threads, \(report.batch) clips of "
                + "\(String(format: "%g", report.secondsPerClip)) s, least of \(report.runCount) runs\n")
        Swift.print(table.description)
    }
}

/// The least time of every step over many runs.
private final class StepTimes {
    private(set) var leastMS: [Double]

    init(count: Int) { leastMS = Array(repeating: .infinity, count: count) }

    func keepLeast(_ times: [Duration]) {
        leastMS = zip(leastMS, times).map { min($0, $1 / .milliseconds(1)) }
    }
}

/// Multiply-accumulate operations of a plan's steps.
enum StepCosts {
    /// The MACs of one clip by step; none where a step has none.
    ///
    /// Layers that were fused carry the name of the last of them: from a layer with MACs the way goes along its
    /// consumers to the first that is a step.
    static func macs(of graph: ModelGraph, sampleCount: Int, steps: [String]) throws -> [String: Int] {
        let names = Set(steps)
        let layers = try CostReport(graph, sampleCount: sampleCount).layers
        let macs = Dictionary(layers.map { ($0.name, $0.macs) }, uniquingKeysWith: +)
        var result: [String: Int] = [:]
        for (index, node) in graph.nodes.enumerated() {
            guard let count = macs[node.name], count > 0 else { continue }
            var last = index
            while !names.contains(graph.nodes[last].name) {
                guard let next = graph.nodes.indices.first(where: { graph.nodes[$0].inputs.contains(last) }) else {
                    throw EPANNsError(.backendFailure, "\(node.name) belongs to no step of the plan.")
                }
                last = next
            }
            result[graph.nodes[last].name, default: 0] += count
        }
        return result
    }
}

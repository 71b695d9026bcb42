import ArgumentParser
import EPANNs
import Foundation

/// `epanns-bench run`: front end, network, whole road and bulk work of named networks.
struct RunCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "run", abstract: "Times networks with random weights: front end, network, whole road, bulk.",
        discussion: """
            Everything that is asked for takes turns, so that a machine that is busy for a while is busy for all; a \
            round of warm-up is thrown away. The minimum says what the machine can do, the median what it did. Bulk \
            work is clips from samples to tags, by workers of one thread each.
            """)

    @Option(help: ArgumentHelp("Networks, separated by commas.", valueName: "names"))
    var networks = CommaSeparated(["epanns-50"])

    @Option(help: "Length of a clip, in seconds.")
    var seconds = 10.0

    @Option(help: ArgumentHelp("Threads of one run.", valueName: "counts"))
    var threads = CommaSeparated([1, ProcessInfo.processInfo.activeProcessorCount])

    @Option(help: ArgumentHelp("auto, fp32, bf16.", valueName: "names"))
    var precisions = CommaSeparated([PrecisionChoice.fp32, .bf16])

    @Option(help: ArgumentHelp("Workers of bulk work, at most as many as cores; 0 for none.", valueName: "counts"))
    var workers = CommaSeparated([1, ProcessInfo.processInfo.activeProcessorCount])

    @Option(help: "Clips that the network's part takes at once; every other part takes one.")
    var batch = 1

    @OptionGroup var effort: EffortOptions

    @Option(help: "How results are printed: text or json.")
    var format = OutputFormat.text

    /// Clips of one worker in one turn.
    private static let clipsPerWorker = 2

    /// One line of the table.
    private struct Row: Codable {
        var network: String
        var part: String
        var precision: Precision
        var threads: Int
        var workers: Int
        var clipsPerRun: Int
        var minimumMS = Double.nan
        var medianMS = Double.nan
        var runCount = 0
        var clipsPerSecond: Double { Double(clipsPerRun) / minimumMS * 1000 }
    }

    private struct Report: Codable {
        var machine: Machine
        var secondsPerClip: Double
        var rows: [Row]
    }

    func validate() throws {
        let cores = ProcessInfo.processInfo.activeProcessorCount
        guard workers.elements.allSatisfy({ (0...cores).contains($0) }) else {
            throw ValidationError("The workers must lie in 0…\(cores), the number of cores.")
        }
        guard threads.elements.allSatisfy({ (1...1024).contains($0) }) else {
            throw ValidationError("The threads must lie in 1…1024.")
        }
    }

    func run() throws {
        let machine = Machine.current
        var rows: [Row] = []
        var jobs: [Job] = []
        for network in networks.elements {
            let model = try SyntheticModel.make(named: network)
            for precision in unique(precisions.elements.map(\.resolved)) {
                try add(network, model, precision, to: &rows, &jobs)
            }
        }
        try Interleaving.measure(&jobs, effort.effort)
        for (index, job) in jobs.enumerated() {
            rows[index].minimumMS = job.minimum
            rows[index].medianMS = job.median
            rows[index].runCount = job.milliseconds.count
        }
        try print(Report(machine: machine, secondsPerClip: seconds, rows: rows))
    }

    private func add(
        _ network: String, _ model: Model, _ precision: Precision, to rows: inout [Row], _ jobs: inout [Job]
    ) throws {
        func add(_ part: String, threads: Int, workers: Int = 1, clips: Int = 1, _ run: @escaping () throws -> Void) {
            rows.append(
                Row(
                    network: network, part: part, precision: precision, threads: threads, workers: workers,
                    clipsPerRun: clips))
            jobs.append(Job(run))
        }
        let choice: PrecisionChoice = precision == .bf16 ? .bf16 : .fp32
        var roads: [Int: Road] = [:]
        let workerCounts = unique(workers.elements.filter { $0 > 0 })
        for count in unique(threads.elements + (workerCounts.isEmpty ? [] : [1])) {
            roads[count] = try Road(
                model: model, options: .init(precision: choice, threads: count), seconds: seconds, batch: batch)
        }
        for (position, count) in unique(threads.elements).enumerated() {
            guard let road = roads[count] else { preconditionFailure("a thread count has no road") }
            // The front end has one thread and one arithmetic in any case: once a network is enough.
            if position == 0, !rows.contains(where: { $0.network == network }) {
                add("front end", threads: 1, road.frontEnd)
            }
            add("network", threads: count, clips: batch, road.network)
            add("road", threads: count, road.whole)
        }
        guard let road = roads[1] else { return }
        for count in workerCounts {
            add("bulk", threads: 1, workers: count, clips: count * Self.clipsPerWorker) {
                try Bulk.run(road.tagger, samples: road.samples, workers: count, clipsPerWorker: Self.clipsPerWorker)
            }
        }
    }

    private func unique<Element: Hashable>(_ elements: [Element]) -> [Element] {
        var seen: Set<Element> = []
        return elements.filter { seen.insert($0).inserted }
    }

    private func print(_ report: Report) throws {
        if format == .json {
            let encoder = JSONEncoder()
            encoder.outputFormatting = [.prettyPrinted, .sortedKeys]
            Swift.print(String(decoding: try encoder.encode(report), as: UTF8.self))
            return
        }
        var table = TextTable(columns: [
            .init(title: "network", isNumber: false), .init(title: "part", isNumber: false),
            .init(title: "precision", isNumber: false), .init(title: "threads"), .init(title: "workers"),
            .init(title: "clips"), .init(title: "min ms"), .init(title: "median"), .init(title: "runs"),
            .init(title: "clips/s"),
        ])
        table.rows = report.rows.map { row in
            [
                row.network, row.part, row.part == "front end" ? "" : row.precision.rawValue, String(row.threads),
                String(row.workers), String(row.clipsPerRun), String(format: "%.2f", row.minimumMS),
                String(format: "%.2f", row.medianMS), String(row.runCount), String(format: "%.1f", row.clipsPerSecond),
            ]
        }
        Swift.print(report.machine.line)
        Swift.print("clips of \(String(format: "%g", report.secondsPerClip)) s; clips/s from the minimum\n")
        Swift.print(table.description)
    }
}

/// How long to measure.
struct EffortOptions: ParsableArguments {
    @Option(help: "Runs of everything.")
    var iterations: Int?

    @Option(help: "Seconds for all runs together; another round is begun as long as there is time.")
    var budget: Double?

    var effort: Effort {
        if let iterations { return .iterations(iterations) }
        return .seconds(budget ?? 20)
    }

    func validate() throws {
        if iterations != nil, budget != nil {
            throw ValidationError("Give either --iterations or --budget.")
        }
        if let iterations, iterations < 1 { throw ValidationError("The iterations must be 1 or more.") }
        if let budget, !(budget > 0 && budget <= 86400) {
            throw ValidationError("The budget must be more than 0 and at most 86400 seconds.")
        }
    }
}

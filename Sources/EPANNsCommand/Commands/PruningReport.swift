import EPANNs
import EPANNsCore
import EPANNsPruning

/// What `epanns prune` says: the network before and after, and which filters stayed.
struct PruningReport: Encodable {
    /// What a network costs.
    struct Cost: Encodable {
        var parameters: Int
        var macs: Int
        var stateDictByteCount: Int
        /// Seconds of the fastest of several runs on one clip.
        var latencySeconds: Double?

        init(_ graph: ModelGraph, sampleCount: Int) throws {
            let cost = try CostReport(graph, sampleCount: sampleCount)
            (parameters, macs, stateDictByteCount) = (cost.parameters, cost.macs, cost.stateDictByteCount)
        }
    }

    /// A group of layers that was pruned.
    struct Layer: Encodable {
        /// The layers whose filters were ranked.
        var names: [String]
        /// The convolution's number in the network, C7 being 7; nil for several layers or a linear one.
        var number: Int?
        var width: Int
        var keptCount: Int
        var kept: [Int]
        var scores: [Double]?
    }

    /// The file that was written.
    struct File: Encodable {
        var path: String
        var byteCount: Int
        var sha256: String
    }

    var model: String
    var architecture: String
    var criterion: String
    var seed: UInt64?
    /// The ratio of all layers without an amount of their own.
    var ratio = 0.0
    var multiple = 1
    var durationSeconds: Double
    var before: Cost
    var after: Cost?
    var precision: String?
    var threads: Int?
    var layers: [Layer] = []
    var notes: [String] = []
    var output: File?

    private enum CodingKeys: String, CodingKey {
        case model, architecture, criterion, seed, ratio, multiple, durationSeconds, before, after, precision, threads
        case layers, notes, output
    }

    private var widthsBefore: [Int]
    private var widthsAfter: [Int] = []

    init(_ whole: Model, _ pruner: ChannelPruner, criterion: PruningCriterion, seconds: Double) throws {
        model = whole.name
        architecture = whole.configuration.architecture
        self.criterion = criterion.name
        seed = criterion.seed
        durationSeconds = seconds
        before = try Cost(pruner.graph, sampleCount: Self.sampleCount(pruner.graph, seconds))
        widthsBefore = whole.configuration.widths
    }

    /// Takes note of what was done.
    mutating func take(
        _ plan: PruningPlan, _ kept: [[Int]], _ scores: [[Double]]?, _ small: Model, _ pruner: ChannelPruner
    ) throws {
        let graph = try small.graph()
        after = try Cost(graph, sampleCount: Self.sampleCount(graph, durationSeconds))
        widthsAfter = small.configuration.widths
        ratio = plan.request.ratio
        multiple = plan.request.multiple
        notes = plan.notes + Self.wholeLayers(plan)
        layers = plan.entries.map { entry in
            let names = pruner.groups[entry.group].scoredNames
            return Layer(
                names: names, number: names.count == 1 ? pruner.convolutionNumbers[names[0]] : nil, width: entry.width,
                keptCount: entry.keptCount, kept: kept[entry.group], scores: scores?[entry.group])
        }
    }

    /// Says where rounding left a layer as it was.
    private static func wholeLayers(_ plan: PruningPlan) -> [String] {
        let count = plan.entries.count { entry in
            guard entry.keptCount == entry.width, case .ratio(let ratio) = entry.amount else { return false }
            return ratio * Double(entry.width) >= 1
        }
        guard count > 0, plan.request.multiple > 1 else { return [] }
        return [
            "\(count) of \(plan.entries.count) layers keep all filters: what would stay, rounded to a multiple of "
                + "\(plan.request.multiple), is no less than they have."
        ]
    }

    private static func sampleCount(_ graph: ModelGraph, _ seconds: Double) -> Int {
        Int((seconds * Double(graph.input.sampleRate)).rounded())
    }

    // MARK: Text

    /// The report as people read it.
    var lines: [String] {
        var sections = [facts.map { "\($0.padded(to: 12))\($1)" }, layerTable, costTable]
        sections.append(notes.map { "\("Note".padded(to: 12))\($0)" })
        if let output {
            sections.append([
                "\("Wrote".padded(to: 12))\(output.path), \(ByteText.short(output.byteCount))",
                "\("SHA-256".padded(to: 12))\(output.sha256)",
            ])
        }
        return Array(sections.filter { !$0.isEmpty }.joined(separator: [""]))
    }

    private var facts: [(String, String)] {
        func text(_ widths: [Int]) -> String { widths.map(String.init).joined(separator: " ") }
        // Networks whose widths are those of their blocks lose filters within them.
        let prunedTo =
            widthsAfter != widthsBefore
            ? text(widthsAfter)
            : "\(CountText.grouped(layers.map(\.keptCount).reduce(0, +))) of "
                + "\(CountText.grouped(layers.map(\.width).reduce(0, +))) filters in \(layers.count) layers"
        return [
            ("Model", "\(model), \(architecture), widths \(text(widthsBefore))"),
            ("Pruned to", prunedTo),
            ("Criterion", criterion + (seed.map { ", seed \($0)" } ?? "")),
        ]
    }

    private var layerTable: [String] {
        var table = TextTable([("", .left), ("LAYER", .left), ("FILTERS", .right), ("STAY", .right), ("GO", .right)])
        for layer in layers {
            let others = layer.names.count - 1
            table.add(
                layer.number.map { "C\($0)" } ?? "", layer.names[0] + (others > 0 ? " and \(others) tied to it" : ""),
                String(layer.width), String(layer.keptCount),
                Self.percent(Double(layer.width - layer.keptCount) / Double(layer.width)))
        }
        return table.lines
    }

    private var costTable: [String] {
        guard let after else { return [] }
        var table = TextTable([("", .left), ("BEFORE", .right), ("AFTER", .right), ("CHANGE", .right)])
        func add(_ name: String, _ before: Double, _ after: Double, _ text: (Double) -> String) {
            let change = before > 0 ? after / before - 1 : 0
            table.add(name, text(before), text(after), (change < 0 ? "−" : "+") + Self.percent(abs(change)))
        }
        add("parameters", Double(before.parameters), Double(after.parameters)) { CountText.grouped(Int($0)) }
        add("MACs, \(CountText.seconds(durationSeconds)) s", Double(before.macs), Double(after.macs)) {
            CountText.short(Int($0), decimals: 3)
        }
        add("bytes in PyTorch", Double(before.stateDictByteCount), Double(after.stateDictByteCount)) {
            CountText.grouped(Int($0))
        }
        if let first = before.latencySeconds, let second = after.latencySeconds {
            let how = "\(precision ?? ""), \(threads ?? 1) thread\(threads == 1 ? "" : "s")"
            add("time, \(how)", first, second) { CountText.fixed($0 * 1000, decimals: 1) + " ms" }
        }
        return table.lines
    }

    private static func percent(_ share: Double) -> String { CountText.fixed(share * 100, decimals: 1) + " %" }
}

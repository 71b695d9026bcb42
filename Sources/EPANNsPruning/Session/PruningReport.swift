import EPANNsCore
import EPANNsGraph
import EPANNsModels

/// What a pruning did: the network before and after, and which filters stayed.
///
/// The JSON form is meant for snake-case keys (`JSONEncoder.KeyEncodingStrategy.convertToSnakeCase`).
public struct PruningReport: Encodable, Sendable {
    /// What a network costs.
    public struct Cost: Encodable, Sendable {
        /// Trainable parameters.
        public var parameters: Int
        /// Multiply-accumulate operations for the clip, the STFT included.
        public var macs: Int
        /// Size as a PyTorch state dict.
        public var stateDictByteCount: Int
        /// Seconds of the fastest of several runs on one clip; nil where it was not measured.
        public var latencySeconds: Double?

        init(_ graph: ModelGraph, seconds: Double) throws {
            let cost = try CostReport(graph, sampleCount: graph.sampleCount(seconds: seconds))
            (parameters, macs, stateDictByteCount) = (cost.parameters, cost.macs, cost.stateDictByteCount)
        }
    }

    /// A group of layers that was pruned.
    public struct Layer: Encodable, Sendable {
        /// The layers whose filters were ranked.
        public var names: [String]
        /// The convolution's number in the network, C7 being 7; nil for several layers or a linear one.
        public var number: Int?
        /// Filters before.
        public var width: Int
        /// Filters after.
        public var keptCount: Int
        /// Indices of those that stayed.
        public var kept: [Int]
        /// The importance of every filter; nil where nobody asked for it.
        public var scores: [Double]?
    }

    /// The file that was written.
    public struct File: Encodable, Sendable {
        /// Its path.
        public var path: String
        /// Its size.
        public var byteCount: Int
        /// Its SHA-256, hexadecimal.
        public var sha256: String

        /// Describes a file.
        public init(path: String, byteCount: Int, sha256: String) {
            (self.path, self.byteCount, self.sha256) = (path, byteCount, sha256)
        }
    }

    /// The whole model's name.
    public var model: String
    /// Its architecture.
    public var architecture: String
    /// How filters were ranked.
    public var criterion: String
    /// Where a random choice started.
    public var seed: UInt64?
    /// The ratio of all layers without an amount of their own.
    public var ratio: Double
    /// What widths were rounded to.
    public var multiple: Int
    /// Length of the clip that is counted and measured.
    public var durationSeconds: Double
    /// What the whole network costs.
    public var before: Cost
    /// What the pruned one costs.
    public var after: Cost
    /// The arithmetic that was measured; nil where nothing was.
    public var precision: String?
    /// The threads that were measured with.
    public var threads: Int?
    /// What was pruned.
    public var layers: [Layer]
    /// What a person should know.
    public var notes: [String]
    /// The file, once it is written.
    public var output: File?

    /// The whole network's widths.
    public let widthsBefore: [Int]
    /// The pruned network's widths.
    public let widthsAfter: [Int]

    enum CodingKeys: String, CodingKey {
        case model, architecture, criterion, seed, ratio, multiple, durationSeconds, before, after, precision, threads
        case layers, notes, output
    }

    init(
        _ whole: Model, _ small: Model, _ pruner: ChannelPruner, _ selection: PruningSelection, kept: [[Int]],
        scores: [[Double]]?, criterion: PruningCriterion, seconds: Double
    ) throws {
        model = whole.name
        architecture = whole.configuration.architecture
        self.criterion = criterion.name
        seed = criterion.seed
        (ratio, multiple) = (selection.spec.ratio, selection.spec.multiple)
        durationSeconds = seconds
        before = try Cost(pruner.graph, seconds: seconds)
        after = try Cost(small.graph(), seconds: seconds)
        (widthsBefore, widthsAfter) = (whole.configuration.widths, small.configuration.widths)
        notes = selection.notes + Self.wholeLayers(selection)
        layers = selection.entries.map { entry in
            let names = pruner.groups[entry.group].scoredNames
            return Layer(
                names: names, number: names.count == 1 ? pruner.convolutionNumbers[names[0]] : nil, width: entry.width,
                keptCount: entry.keptCount, kept: kept[entry.group], scores: scores?[entry.group])
        }
    }

    /// Says where rounding left a layer as it was.
    private static func wholeLayers(_ selection: PruningSelection) -> [String] {
        let count = selection.entries.count { entry in
            guard entry.keptCount == entry.width, case .ratio(let ratio) = entry.amount else { return false }
            return ratio * Double(entry.width) >= 1
        }
        guard count > 0, selection.spec.multiple > 1 else { return [] }
        return [
            "All filters are kept in \(count.counted(of: selection.entries.count, "layer")): what would stay, rounded to a "
                + "multiple of \(selection.spec.multiple), is as many as there are."
        ]
    }
}

extension ModelGraph {
    /// Samples of a clip at the network's rate.
    func sampleCount(seconds: Double) -> Int {
        fittingSampleCount(Int((seconds * Double(input.sampleRate)).rounded()))
    }
}

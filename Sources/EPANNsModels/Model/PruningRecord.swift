import EPANNsCore
import EPANNsGraph

/// What one pruning removed from a model, and why; kept in the metadata of our own files.
///
/// Tests: `ModelPruningTests`.
public struct PruningRecord: Codable, Hashable, Sendable {
    /// The channels that one layer kept.
    public struct Layer: Codable, Hashable, Sendable {
        /// The layer that makes the channels: a state-dict prefix such as `conv_block4.conv1`.
        public var name: String
        /// Its number of filters before.
        public var width: Int
        /// Indices of the filters that stayed, ascending, as the model before counted them.
        public var kept: [Int]

        /// Makes a record of a layer.
        public init(name: String, width: Int, kept: [Int]) {
            self.name = name
            self.width = width
            self.kept = kept
        }
    }

    /// The criterion's name, such as `operator-norm`.
    public var criterion: String
    /// What a random choice started from.
    public var seed: UInt64?
    /// The one ratio of all pruned layers; nil when layers had their own.
    public var ratio: Double?
    /// What widths were rounded to.
    public var multiple: Int
    /// The layers that were pruned.
    public var layers: [Layer]
    /// SHA-256 of the file that was pruned, lower-case hexadecimal.
    public var sourceSHA256: String?
    /// The program that did it.
    public var prunedBy: String

    /// Makes a record.
    public init(
        criterion: String, seed: UInt64? = nil, ratio: Double? = nil, multiple: Int = 1, layers: [Layer],
        sourceSHA256: String? = nil, prunedBy: String
    ) {
        self.criterion = criterion
        self.seed = seed
        self.ratio = ratio
        self.multiple = multiple
        self.layers = layers
        self.sourceSHA256 = sourceSHA256
        self.prunedBy = prunedBy
    }

    /// Whether every kept index exists, once; records come from files.
    var isSound: Bool {
        layers.allSatisfy { layer in
            (1...65536).contains(layer.width) && !layer.kept.isEmpty
                && layer.kept.allSatisfy { (0..<layer.width).contains($0) }
                && zip(layer.kept, layer.kept.dropFirst()).allSatisfy(<)
        }
    }
}

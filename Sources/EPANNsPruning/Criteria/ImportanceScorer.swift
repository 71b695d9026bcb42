import EPANNsCore
import EPANNsGraph
import EPANNsRuntime

/// Tells how important the units of channel groups are.
///
/// All scores come from the weights as they are, each layer independently, before anything is removed (SPEC §4.3).
public struct ImportanceScorer: Sendable {
    /// What the criteria that look at data read.
    public struct Evidence: Sendable {
        /// What the network takes of clips, such as log-mels, each of shape (frames, mels).
        public var spectrograms: [[Float]]
        /// What the gradients of labelled clips told.
        public var taylor: TaylorImportance?

        /// Makes evidence; none where nothing is given.
        public init(spectrograms: [[Float]] = [], taylor: TaylorImportance? = nil) {
            self.spectrograms = spectrograms
            self.taylor = taylor
        }
    }

    private let graph: ModelGraph
    private let weights: [String: Tensor]
    private let criterion: PruningCriterion
    private let evidence: Evidence
    private let threads: Int

    /// Prepares scoring.
    ///
    /// - Parameters:
    ///   - graph: The network.
    ///   - weights: Its tensors by state-dict key.
    ///   - criterion: How importance is measured.
    ///   - evidence: What the criterion reads besides weights.
    ///   - threads: Threads for running clips.
    /// - Throws: `EPANNsError` with code `invalidConfiguration` when the criterion's evidence is missing.
    public init(
        graph: ModelGraph, weights: [String: Tensor], criterion: PruningCriterion, evidence: Evidence = Evidence(),
        threads: Int = 1
    ) throws {
        switch criterion.evidence {
        case .nothing: break
        case .spectrograms:
            guard !evidence.spectrograms.isEmpty else {
                throw EPANNsError(
                    .invalidConfiguration, "The criterion \(criterion.name) looks at sounds: give it some clips.")
            }
        case .gradients:
            guard let taylor = evidence.taylor, !taylor.isEmpty else {
                throw EPANNsError(
                    .invalidConfiguration,
                    "The criterion \(criterion.name) needs gradients: give it clips with their classes.")
            }
        }
        self.graph = graph
        self.weights = weights
        self.criterion = criterion
        self.evidence = evidence
        self.threads = threads
    }

    /// The importance of a group's units, shape (units).
    ///
    /// Where a unit has several filters, because a sum ties layers or a grouped convolution takes channels together, it
    /// is the mean of their importances, each layer's over its largest.
    ///
    /// - Throws: `EPANNsError` with code `checkpointMismatch` when a tensor is missing, `invalidCheckpoint` when weights
    ///   are not finite, `invalidConfiguration` when the criterion does not apply to a layer.
    public func scores(of group: ChannelGroup) throws -> [Double] {
        var sums = [Double](repeating: 0, count: group.width)
        var counts = [Double](repeating: 0, count: group.width)
        var scores: [Int: [Double]] = [:]
        for layer in group.layers where layer.isScored { scores[layer.node] = try self.scores(of: layer) }
        for (index, unit) in group.units.enumerated() {
            for element in unit {
                guard let score = scores[element.node]?[element.channel] else { continue }
                sums[index] += score
                counts[index] += 1
            }
        }
        // A single filter's score must not be touched by rounding.
        return zip(sums, counts).map { $1 > 1 ? $0 / $1 : $0 }
    }

    private func scores(of layer: ChannelGroup.Layer) throws -> [Double] {
        let bank = try FilterBank(tensor(layer.name + ".weight"), name: layer.name)
        let scores: [Double] =
            switch criterion {
            case .operatorNorm: OperatorNorm(bank).scores()
            case .operatorNormInvariant: OperatorNorm(bank).invariantScores()
            case .l1: WeightNorms.l1(bank)
            case .l2: WeightNorms.l2(bank)
            case .geometricMean: WeightNorms.geometricMean(bank)
            case .geometricMedian: FilterDistances.geometricMedian(bank)
            case .cosineSimilarity: CosineSimilarity(bank).scores()
            case .batchNormScale: WeightNorms.batchNormScale(try scale(behind: layer))
            case .random(let seed): WeightNorms.random(count: bank.count, seed: seed, name: layer.name)
            case .featureRank: try featureScores(of: layer, .rank)
            case .featureEnergy: try featureScores(of: layer, .energy)
            case .taylor: try evidence.taylor?.scores(of: layer.name) ?? []
            }
        guard scores.count == bank.count, scores.allSatisfy(\.isFinite) else {
            throw EPANNsError(
                .invalidCheckpoint,
                "The importance of \(layer.name)'s filters is not finite: its weights, or what it makes of the clips, "
                    + "hold infinities or NaN. Take an earlier checkpoint.")
        }
        return scores
    }

    private func tensor(_ name: String) throws -> Tensor {
        guard let tensor = weights[name] else {
            throw EPANNsError(.checkpointMismatch, "The weights hold no \(name).")
        }
        return tensor
    }

    private func scale(behind layer: ChannelGroup.Layer) throws -> Tensor {
        guard let norm = norm(behind: layer.node) else {
            throw EPANNsError(
                .invalidConfiguration,
                "The criterion batch-norm-scale needs a batch norm behind \(layer.name), which has none; leave the layer "
                    + "out, or take another criterion.")
        }
        return try tensor(norm.name + ".weight")
    }

    /// The batch norm of a layer's channels; a pooling may lie between, as in PANNs' MobileNets.
    private func norm(behind index: Int) -> ModelGraph.Node? {
        for (reader, node) in graph.nodes.enumerated() where node.inputs == [index] {
            if case .batchNorm(let settings) = node.operation, settings.axis == .channel { return node }
            if case .pool = node.operation, let found = norm(behind: reader) { return found }
        }
        return nil
    }

    private func featureScores(of layer: ChannelGroup.Layer, _ measure: FeatureMaps.Measure) throws -> [Double] {
        let node = featureNode(of: layer.node)
        let channels = graph.nodes[node].channels
        var sums = [Double](repeating: 0, count: channels)
        let executor = FeatureMapExecutor(graph: graph, weights: weights, node: node, threads: threads)
        for spectrogram in evidence.spectrograms {
            try executor.run(spectrogram) { values, shape in
                let measured = FeatureMaps.measure(
                    values, channels: channels, height: shape.extent(of: .height), width: shape.extent(of: .width),
                    measure)
                for channel in 0..<channels { sums[channel] += measured[channel] }
            }
        }
        return sums.map { $0 / Double(evidence.spectrograms.count) }.normalized
    }

    /// The node whose map is looked at: the layer's own batch norm and activation included.
    private func featureNode(of layer: Int) -> Int {
        var node = layer
        while true {
            let readers = graph.nodes.indices.filter { graph.nodes[$0].inputs.contains(node) }
            guard readers.count == 1 else { return node }
            switch graph.nodes[readers[0]].operation {
            case .batchNorm(let settings):
                guard settings.axis == .channel else { return node }
                node = readers[0]
            case .activation: return readers[0]
            case .pool:
                guard norm(behind: readers[0]) != nil else { return node }
                node = readers[0]
            case .input, .transpose, .convolution, .linear, .reduce, .add, .multiply, .concatenate,
                .unflattenChannels, .dropout, .softmax, .parameter, .layerNorm, .attention, .flatten, .join, .first,
                .poolDecisions:
                return node
            }
        }
    }
}

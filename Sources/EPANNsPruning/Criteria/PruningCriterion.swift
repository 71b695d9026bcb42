import EPANNsCore
import EPANNsGraph

/// How the importance of a layer's filters is measured; the least important are removed first.
///
/// Scores are in double precision and the same on every run; equal ones keep the filters' order. (`taylor` reads
/// gradients in Float32, whose last digits depend on the number of threads.) Parity:
/// `CriterionParityTests` against NumPy and SciPy; SPEC §8.4's vectors in `CriterionTests`.
public enum PruningCriterion: Hashable, Sendable {
    /// What E-PANNs' authors run: the squared sum of a filter's projections onto each input channel's leading
    /// direction, whose sign filter 0 sets; so it depends on the filters' order.
    ///
    /// Singh, Liu, Plumbley, “E-PANNs: Sound Recognition Using Efficient Pre-trained Audio Neural Networks”, Inter-Noise
    /// 2023, as its published code computes it. SPEC §4.1.
    case operatorNorm
    /// The same projections, squared before they are summed: no sign, so no dependence on the filters' order. Ours, for
    /// comparison.
    case operatorNormInvariant
    /// Sum of absolute weights. Li et al., “Pruning Filters for Efficient ConvNets”, ICLR 2017.
    case l1
    /// Euclidean norm of the weights. He et al., “Soft Filter Pruning for Accelerating Deep Convolutional Neural
    /// Networks”, IJCAI 2018.
    case l2
    /// What the authors' code calls “GM”: how far the geometric *mean* of a filter's absolute weights lies from the
    /// layer's. Described in no paper that is known here. SPEC §4.2.
    case geometricMean
    /// Sum of Euclidean distances to all other filters: those near the geometric median are replaceable.
    ///
    /// He et al., “Filter Pruning via Geometric Median for Deep Convolutional Neural Networks Acceleration”, CVPR 2019.
    case geometricMedian
    /// Similarity of filters' leading spatial directions; of the most similar pair one goes, and so on.
    ///
    /// Singh, Plumbley, “A Passive Similarity based CNN Filter Pruning for Efficient Acoustic Scene Classification”,
    /// Interspeech 2022. There the number that stays follows from the data; here it is yours (SPEC §4.2).
    case cosineSimilarity
    /// Absolute scale of the batch norm behind the layer. Liu et al., “Learning Efficient Convolutional Networks through
    /// Network Slimming”, ICCV 2017.
    case batchNormScale
    /// The control: a random order, the same for the same seed.
    case random(seed: UInt64)
    /// Mean matrix rank of a filter's feature map. Reads clips.
    ///
    /// Lin et al., “HRank: Filter Pruning using High-Rank Feature Map”, CVPR 2020.
    case featureRank
    /// Mean nuclear norm of a filter's feature map. Reads clips.
    ///
    /// Yeom et al., “Toward Compact Deep Neural Networks via Energy-Aware Pruning”, 2021.
    case featureEnergy
    /// Mean over batches of |Σ weight × gradient|: the loss's change, to first order, when the filter is removed, batch
    /// norms using their running statistics. Reads clips with labels.
    ///
    /// Molchanov et al., “Importance Estimation for Neural Network Pruning”, CVPR 2019.
    case taylor

    /// The name in commands and files, such as `operator-norm`.
    public var name: String {
        switch self {
        case .operatorNorm: "operator-norm"
        case .operatorNormInvariant: "operator-norm-invariant"
        case .l1: "l1"
        case .l2: "l2"
        case .geometricMean: "geometric-mean"
        case .geometricMedian: "geometric-median"
        case .cosineSimilarity: "cosine-similarity"
        case .batchNormScale: "batch-norm-scale"
        case .random: "random"
        case .featureRank: "feature-rank"
        case .featureEnergy: "feature-energy"
        case .taylor: "taylor"
        }
    }

    /// All criteria, with a seed of 0 where one is needed.
    public static let all: [PruningCriterion] = [
        .operatorNorm, .operatorNormInvariant, .l1, .l2, .geometricMean, .geometricMedian, .cosineSimilarity,
        .batchNormScale, .random(seed: 0), .featureRank, .featureEnergy, .taylor,
    ]

    /// The criterion of a name.
    ///
    /// - Parameters:
    ///   - name: One of ``all``'s names.
    ///   - seed: Where `random` starts.
    /// - Throws: `EPANNsError` with code `invalidConfiguration` for another name.
    public init(name: String, seed: UInt64 = 0) throws {
        guard let found = Self.all.first(where: { $0.name == name }) else {
            throw EPANNsError(
                .invalidConfiguration,
                "There is no criterion \(name.prefix(40)); there are \(Self.all.map(\.name).joined(separator: ", ")).")
        }
        if case .random = found { self = .random(seed: seed) } else { self = found }
    }

    /// The seed of `random`.
    public var seed: UInt64? {
        if case .random(let seed) = self { seed } else { nil }
    }

    /// What a criterion reads besides weights.
    public enum Evidence: Hashable, Sendable {
        /// Nothing: a passive criterion.
        case nothing
        /// Clips' spectrograms.
        case spectrograms
        /// Gradients of the loss on labelled clips.
        case gradients
    }

    /// What the criterion reads besides weights.
    public var evidence: Evidence {
        switch self {
        case .operatorNorm, .operatorNormInvariant, .l1, .l2, .geometricMean, .geometricMedian, .cosineSimilarity,
            .batchNormScale, .random:
            .nothing
        case .featureRank, .featureEnergy: .spectrograms
        case .taylor: .gradients
        }
    }
}

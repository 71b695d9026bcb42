import EPANNsCore
import EPANNsData
import EPANNsGraph

/// Which clips come next: an endless sequence of clip indices with all of its state in the value.
///
/// Draws are those of PANNs' samplers, clip by clip (SPEC §5.2); unlike there, the generator's state is part of what is
/// saved, so a restored sampler goes on as if it had never stopped. Copying is cheap until a copy reshuffles.
/// Parity: `SamplerTests`.
public struct Sampler: Sendable, Hashable, Codable {
    /// The order of drawing.
    public enum Kind: String, Sendable, Codable, CaseIterable {
        /// Every clip once an epoch, in random order; PANNs' `TrainSampler`.
        case none
        /// Every class equally often; PANNs' `BalancedTrainSampler`, its default.
        case balanced
        /// Batches of `balanced` and `none` in turn; PANNs' `AlternateTrainSampler`.
        case alternate
    }

    /// The order of drawing.
    package let kind: Kind
    /// Number of clips that it draws from.
    package let clipCount: Int
    private var shuffled: ShuffledOrder?
    private var balanced: BalancedOrder?
    /// Whether the next batch of `alternate` is a balanced one; it starts with one.
    private var isBalancedNext = true

    /// Makes a sampler.
    ///
    /// - Parameters:
    ///   - kind: The order of drawing.
    ///   - dataSet: What to draw from.
    ///   - seed: Seed of NumPy's generator; PANNs' is 1234 (and both parts of `alternate` have it).
    ///   - drawsClipsOfNone: Whether a balanced order draws recordings without a class, too, as one more class; the
    ///     reference never does.
    ///   - blackList: Names of clips that are never drawn (AudioSet: the test clips of DCASE 2017 task 4).
    /// - Throws: `EPANNsError` with code `invalidConfiguration` when nothing could be drawn.
    package init(
        _ kind: Kind, dataSet: DataSet, seed: UInt32 = 1234, drawsClipsOfNone: Bool = false, blackList: Set<String> = []
    ) throws {
        self.kind = kind
        clipCount = dataSet.clips.count
        let excluded =
            blackList.isEmpty ? [] : Set(dataSet.clips.indices.filter { blackList.contains(dataSet.clips[$0].name) })
        guard clipCount > excluded.count else {
            throw EPANNsError(
                .invalidConfiguration,
                "No clip can be drawn: the data set has \(clipCount), of which \(excluded.count) are on the black list."
            )
        }
        if kind != .balanced { shuffled = ShuffledOrder(count: clipCount, excluded: excluded, seed: seed) }
        if kind != .none {
            balanced = try BalancedOrder(dataSet, excluded: excluded, seed: seed, drawsNone: drawsClipsOfNone)
        }
    }

    /// The clips of the next batch.
    ///
    /// - Returns: `count` clip indices; one may occur twice.
    package mutating func nextBatch(_ count: Int) -> [Int] {
        let takesBalanced: Bool
        switch kind {
        case .none: takesBalanced = false
        case .balanced: takesBalanced = true
        case .alternate:
            takesBalanced = isBalancedNext
            isBalancedNext.toggle()
        }
        let batch = takesBalanced ? balanced?.next(count) : shuffled?.next(count)
        guard let batch else { preconditionFailure("A sampler has the orders of its kind") }
        return batch
    }

    /// Checks a sampler that was read from a file against the data set that it shall draw from.
    ///
    /// - Throws: `EPANNsError` with code `invalidCheckpoint`.
    package func validate(for dataSet: DataSet) throws {
        let isComplete =
            switch kind {
            case .none: shuffled != nil
            case .balanced: balanced != nil
            case .alternate: shuffled != nil && balanced != nil
            }
        guard isComplete, clipCount == dataSet.clips.count, shuffled?.isValid(count: clipCount) ?? true,
            balanced?.isValid(for: dataSet) ?? true
        else {
            throw EPANNsError(
                .invalidCheckpoint,
                "The saved sampler does not belong to this data of \(dataSet.clips.count.counted("clip")); resume with the data that the run "
                    + "was started with.")
        }
    }
}

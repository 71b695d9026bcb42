import EPANNsAudio
import EPANNsCore
import EPANNsModels
import Foundation

/// One model of an ensemble.
public struct EnsembleMember: Sendable {
    /// The model.
    public var model: Model
    /// How much its scores count beside the others', above 0.
    public var weight: Double

    /// Makes a member; all count alike where no weight is given.
    public init(_ model: Model, weight: Double = 1) {
        self.model = model
        self.weight = weight
    }
}

extension AudioTagger {
    /// A further model of an ensemble, with its part of the mean.
    struct Companion: Sendable {
        var tagger: AudioTagger
        var share: Double
    }

    /// Wraps several models as one whose scores are the arithmetic mean of theirs.
    ///
    /// Audio is decoded once; each model hears it at its own rate, through its own front end. Rates, names and embeddings
    /// are the first model's, and thresholds of single models do not apply. What AST's ensembles do: SPEC §2.9.
    /// Test: `EnsembleTests`.
    ///
    /// - Throws: `EPANNsError` with code `invalidConfiguration` when there is none, their classes differ, a weight is not
    ///   a number above 0, or an option is out of range.
    public convenience init(ensemble members: [EnsembleMember], options: Options = Options()) throws {
        guard let first = members.first else {
            throw EPANNsError(.invalidConfiguration, "An ensemble needs at least one model.")
        }
        for member in members {
            guard member.weight > 0, member.weight < 1e9 else {
                throw EPANNsError(
                    .invalidConfiguration,
                    "The weight of \(member.model.name.quoted) must be a number above 0, not \(member.weight).")
            }
            guard member.model.labels == first.model.labels else {
                throw EPANNsError(
                    .invalidConfiguration,
                    "\(member.model.name.quoted) and \(first.model.name.quoted) have different classes; their scores have "
                        + "no mean.")
            }
        }
        let total = members.reduce(0) { $0 + $1.weight }
        try self.init(
            model: first.model, options: options,
            companions: members.dropFirst().map {
                Companion(tagger: try AudioTagger(model: $0.model, options: options), share: $0.weight / total)
            })
    }

    /// Whether several models are behind it.
    public var isEnsemble: Bool { !companions.isEmpty }

    /// The first model's part of the mean.
    var ownShare: Double { 1 - companions.reduce(0) { $0 + $1.share } }

    /// The mean of scores or logits; nil stands for a model that has no such window, whose part the others share.
    func mean(_ own: [Float], _ others: [[Float]?]) -> [Float] {
        if others.isEmpty { return own }
        var sums = own.map { Double($0) * ownShare }
        var total = ownShare
        for (companion, values) in zip(companions, others) {
            guard let values else { continue }
            for index in sums.indices { sums[index] += Double(values[index]) * companion.share }
            total += companion.share
        }
        return sums.map { Float($0 / total) }
    }

    /// Samples at another model's rate.
    static func resampled(_ samples: [Float], from rate: Int, to other: Int) throws -> [Float] {
        if rate == other { return samples }
        let source = try PushedSamples(
            sampleRate: rate, capacitySeconds: Double(samples.count) / Double(max(1, rate)) + 1)
        try source.push(samples)
        source.finish()
        let resampled = try ResampledSamples(source, sampleRate: other)
        var result: [Float] = []
        while let block = try resampled.next() { result += block }
        return result
    }

    /// A digest that stands for all models' and their weights; nil where one has none.
    func digestOfAll(_ own: String?) -> String? {
        guard isEnsemble, let own else { return own }
        let texts = companions.map { companion in companion.tagger.identity.sha256.map { "\($0) \(companion.share)" } }
        guard !texts.contains(nil) else { return nil }
        var digest = MessageDigest(.sha256)
        let text = [own + " \(ownShare)"] + texts.compactMap(\.self)
        for part in text { digest.update(part) }
        return digest.hexadecimal
    }
}

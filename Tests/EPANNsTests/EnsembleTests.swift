import EPANNs
import EPANNsAudio
import EPANNsModels
import EPANNsTestSupport
import Foundation
import Testing

/// Several models as one: the mean of their scores, each at its own rate.
@Suite struct EnsembleTests {
    private static func model(_ rate: FrontEndConfiguration, seed: UInt32) throws -> Model {
        let configuration = ModelConfiguration.cnn(
            .init(.cnn6, widths: [3, 4, 5, 6], embeddingWidth: 7, classCount: 5, frontEnd: rate))
        return try Model(
            name: "m\(seed)", configuration: configuration, weights: TinyModel.weights(configuration, seed: seed))
    }

    /// Twelve seconds at 44.1 kHz as a WAV file's bytes.
    private static let recording = AudioSource.bytes(
        [UInt8](wave(TinyModel.noise(count: 12 * 44_100, amplitude: 0.5), sampleRate: 44_100)), name: "noise.wav")

    private static let models: @Sendable () throws -> [Model] = {
        try [model(.panns32k(), seed: 1), model(.panns16k, seed: 20), model(.panns8k, seed: 300)]
    }

    @Test(arguments: [WindowPolicy.whole, .automatic, .every(seconds: 2), .every(seconds: 3, hopSeconds: 1)])
    func scoresAreTheMeanOfEachModelsOwn(policy: WindowPolicy) throws {
        let models = try Self.models()
        let weights = [1.0, 2, 5]
        let ensemble = try AudioTagger(
            ensemble: zip(models, weights).map { EnsembleMember($0, weight: $1) },
            options: .init(precision: .fp32, threads: 1))
        let windows = try Self.windows(ensemble, policy)
        let own = try models.map {
            try Self.windows(AudioTagger(model: $0, options: .init(precision: .fp32, threads: 1)), policy)
        }
        #expect(windows.count == own[0].count && !windows.isEmpty)
        for (index, window) in windows.enumerated() {
            #expect(window.startSeconds == own[0][index].startSeconds)
            for entry in window.scores.indices {
                let mean = zip(own, weights).reduce(0) { $0 + Double($1.0[index].scores[entry]) * $1.1 } / 8
                // The same numbers, summed in double precision in another order.
                #expect(abs(Double(window.scores[entry]) - mean) < 1e-6)
            }
        }
    }

    private static func windows(_ tagger: AudioTagger, _ policy: WindowPolicy) throws -> [ScoredWindow] {
        let reader = try tagger.reader(of: recording, policy)
        var windows: [ScoredWindow] = []
        while let window = try reader.next() { windows.append(window) }
        return windows
    }

    @Test func samplesAreHeardByAll() throws {
        let models = try Self.models()
        let samples = TinyModel.noise(count: 64_000)
        let options = AudioTagger.Options(precision: .fp32, threads: 1)
        let ensemble = try AudioTagger(ensemble: models[..<2].map { EnsembleMember($0) }, options: options)
        let scores = try ensemble.outputs(samples: samples).scores
        let first = try AudioTagger(model: models[0], options: options).outputs(samples: samples).scores
        #expect(scores != first)
        #expect(ensemble.modelName == "m1 + m20" && ensemble.isEnsemble && ensemble.thresholds == nil)
        #expect(throws: EPANNsError.self) { try ensemble.checkEmbeds() }
        let alone = try AudioTagger(ensemble: [EnsembleMember(models[0])], options: options)
        #expect(try alone.outputs(samples: samples).scores == first && !alone.isEnsemble)
    }

    @Test func whatHasNoMeanIsRefused() throws {
        let models = try Self.models()
        var named = models[1]
        named.labels = LabelSet(["a", "b", "c", "d", "e"].map { LabelSet.Label(name: $0) })
        for members in [
            [], [EnsembleMember(models[0]), EnsembleMember(named)], [EnsembleMember(models[0], weight: 0)],
            [EnsembleMember(models[0], weight: .nan)],
        ] {
            let error = #expect(throws: EPANNsError.self) { try AudioTagger(ensemble: members) }
            #expect(error?.code == .invalidConfiguration)
        }
    }

    @Test func weightsAreAveraged() throws {
        let (first, second, other) = try (
            Self.model(.panns32k(), seed: 1), Self.model(.panns32k(), seed: 2), Self.model(.panns16k, seed: 3)
        )
        let mean = try first.averaged(with: [second])
        for (name, tensor) in mean.weights where tensor.dataType == .float32 {
            let expected = zip(first.weights[name]?.doubles ?? [], second.weights[name]?.doubles ?? []).map {
                Float(($0 + $1) / 2)
            }
            #expect(tensor.floats == expected, "\(name)")
        }
        let error = #expect(throws: EPANNsError.self) { try first.averaged(with: [other]) }
        #expect(error?.code == .checkpointMismatch)
    }
}

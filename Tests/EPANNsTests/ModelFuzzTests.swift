import EPANNs
import EPANNsTestSupport
import Foundation
import Testing

/// Damaged model files, from the bytes to the scores: each is refused with a typed error or gives finite scores.
///
/// `EPANNS_FUZZ_RUNS` sets the number of inputs (300 unless told), `EPANNS_FUZZ_START` the first one, and
/// `EPANNS_FUZZ_SEEDS` names a folder with further sound or hostile files to start from. Input N depends on N and the
/// seeds alone.
@Suite struct ModelFuzzTests {
    private static func setting(_ name: String, _ fallback: Int) -> Int {
        ProcessInfo.processInfo.environment[name].flatMap(Int.init) ?? fallback
    }

    /// Small models of each kind, as files, and what the seeds' folder holds.
    private static func corpus() throws -> [[UInt8]] {
        try withTemporaryFolder { folder in
            let small: [ModelConfiguration] = [
                .cnn(.init(.cnn6, widths: [2, 3, 3, 2], embeddingWidth: 4, classCount: 3)),
                .cnn(
                    .init(
                        .cnn10, widths: [2, 2, 2, 2, 2, 2, 2, 2], embeddingWidth: 3, classCount: 2,
                        outputActivation: .softmax)),
            ]
            var files: [[UInt8]] = []
            for (index, configuration) in small.enumerated() {
                var model = try Model(
                    name: "small", configuration: configuration, weights: TinyModel.weights(configuration))
                model.record(.trained, details: ["data": "clips.csv"], by: "a test")
                model.thresholds = ClassThresholds(
                    scores: (0..<configuration.classCount).map { _ in 0.5 }, reference: "labels", clipCount: 3,
                    ownCount: 1)
                let path = folder + "/\(index).safetensors"
                try model.write(to: path, dataType: index == 0 ? .float32 : .bfloat16)
                files.append([UInt8](try Data(contentsOf: URL(fileURLWithPath: path))))
            }
            guard let seeds = ProcessInfo.processInfo.environment["EPANNS_FUZZ_SEEDS"] else { return files }
            for name in try FileManager.default.contentsOfDirectory(atPath: seeds).sorted() {
                guard [".pt", ".pth", ".safetensors"].contains(where: name.hasSuffix) else { continue }
                files.append([UInt8](try Data(contentsOf: URL(fileURLWithPath: "\(seeds)/\(name)"))))
            }
            return files
        }
    }

    @Test func damagedModelsAreRefusedOrGiveFiniteScores() throws {
        let corpus = try Self.corpus()
        let start = Self.setting("EPANNS_FUZZ_START", 0)
        let runs = Self.setting("EPANNS_FUZZ_RUNS", 300)
        let samples = TinyModel.noise(count: 16000)
        var outcomes: [String: Int] = [:]
        var slowest = Duration.zero
        for run in start..<start + runs {
            var mutation = ByteMutation(number: run)
            let bytes = mutation.damaged(corpus)
            let begin = ContinuousClock.now
            outcomes[try outcome(of: bytes, name: "input \(run)", samples: samples), default: 0] += 1
            slowest = max(slowest, ContinuousClock.now - begin)
            if run % 1000 == 999 { print("models: \(run + 1), \(outcomes.sorted { $0.key < $1.key })") }
        }
        print("models: \(runs) inputs, \(outcomes.sorted { $0.key < $1.key }), slowest \(slowest)")
        #expect(outcomes.values.reduce(0, +) == runs)
        // Milliseconds; seconds would be a loop that runs away.
        #expect(slowest < .seconds(20))
        #expect((outcomes["tagged"] ?? 0) > runs / 100, "some mutations must get through")
    }

    /// What reading and tagging came to, in a word.
    private func outcome(of bytes: [UInt8], name: String, samples: [Float]) throws -> String {
        do {
            let model = try Model(bytes: bytes, name: name)
            // A front end of 44,100 frames a second is sound, and slow; not what is tested here.
            let frontEnd = model.configuration.frontEnd
            guard frontEnd.sampleRate / frontEnd.hopSize <= 400 else { return "many frames" }
            let tagger = try AudioTagger(model: model, options: .init(precision: .fp32, threads: 1))
            let scores = try tagger.outputs(samples: samples).scores
            #expect(scores.count == model.labels.count, "\(name)")
            return scores.allSatisfy(\.isFinite) ? "tagged" : "not finite"
        } catch let error as EPANNsError {
            #expect(error.message.utf8.count < 8000, "\(name)")
            #expect(!error.description.unicodeScalars.contains { $0.value < 32 }, "\(name): \(error)")
            return error.code.rawValue
        }
    }
}

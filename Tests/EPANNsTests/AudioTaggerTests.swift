import EPANNs
import EPANNsTestSupport
import Foundation
import Synchronization
import Testing

@Suite struct AudioTaggerTests {
    static func tagger(activation: OutputActivation? = nil, threads: Int = 1) throws -> AudioTagger {
        try AudioTagger(
            modelPath: TinyModel.path,
            options: .init(precision: .fp32, threads: threads, outputActivation: activation))
    }

    static func source(_ samples: [Float]) -> AudioSource { .bytes([UInt8](wave(samples)), name: "noise.wav") }

    /// The whole road from samples to scores against PyTorch.
    @Test func outputsEqualPyTorch() throws {
        let expected = try TinyModel.expected()
        let outputs = try Self.tagger().outputs(samples: TinyModel.samples())
        let scores = worst(outputs.scores, expected.scores)
        let embedding = worst(outputs.embedding, expected.embedding)
        print("tiny CNN14, fp32: scores differ by at most \(scores), the embedding by \(embedding)")
        // Our front end and layers compute in Float32, the reference in Float64; 1e-6 and 4e-6 were measured.
        #expect(scores < 1e-5)
        #expect(embedding < 5e-5)
    }

    @Test func aConvertedFileGivesIdenticalScores() throws {
        try withTemporaryFolder { folder in
            let model = try Model.read(path: TinyModel.path)
            try model.write(to: folder + "/tiny.safetensors")
            let converted = try Model.read(path: folder + "/tiny.safetensors")
            let samples = TinyModel.samples()
            let options = AudioTagger.Options(precision: .fp32, threads: 1)
            let before = try AudioTagger(model: model, options: options).outputs(samples: samples)
            let after = try AudioTagger(model: converted, options: options).outputs(samples: samples)
            #expect(before.scores == after.scores)
            #expect(before.embedding == after.embedding)
        }
    }

    @Test func thresholdsAreForTheModelsScoresOnly() throws {
        var model = try Model.read(path: TinyModel.path)
        let thresholds = ClassThresholds(
            scores: (0..<527).map { Float($0) / 1000 }, reference: "labels", clipCount: 80, ownCount: 3)
        model.thresholds = thresholds
        #expect(try AudioTagger(model: model).thresholds == thresholds)
        #expect(try AudioTagger(model: model, options: .init(outputActivation: .sigmoid)).thresholds == thresholds)
        // Logits are other numbers.
        #expect(
            try AudioTagger(model: model, options: .init(outputActivation: OutputActivation.none)).thresholds == nil)
    }

    @Test func aModelOfBytesHasTheNameGiven() throws {
        let bytes = [UInt8](try Data(contentsOf: URL(fileURLWithPath: TinyModel.path)))
        #expect(try AudioTagger(model: Model(bytes: bytes, name: "of bytes")).modelName == "of bytes")
    }

    @Test func activationsAreAppliedToTheSameLogits() throws {
        let samples = TinyModel.samples()
        let sigmoid = try Self.tagger().outputs(samples: samples)
        let softmax = try Self.tagger(activation: .softmax).outputs(samples: samples)
        let none = try Self.tagger(activation: OutputActivation.none).outputs(samples: samples)
        #expect(sigmoid.logits == softmax.logits && sigmoid.logits == none.logits)
        #expect(none.scores == none.logits)
        // Exponentials of Float32 differ by a few units in the last place.
        #expect(worst(sigmoid.scores, sigmoid.logits.map { 1 / (1 + exp(-$0)) }) < 1e-6)
        let largest = try #require(sigmoid.logits.max())
        let sum = sigmoid.logits.reduce(0) { $0 + exp(Double($1 - largest)) }
        #expect(worst(softmax.scores, softmax.logits.map { Float(exp(Double($0 - largest)) / sum) }) < 1e-6)
    }

    @Test func aShortClipIsPaddedAndSaidSo() throws {
        let tagger = try Self.tagger()
        let short = TinyModel.noise(count: 1000)
        let tagged = try tagger.tag(Self.source(short), name: "x")
        #expect(tagged.warnings?.count == 1)
        #expect(tagged.warnings?.first?.contains("0.031 s") == true, "\(tagged.warnings ?? [])")
        #expect(tagged.warnings?.first?.contains("padded with silence") == true)
        #expect(tagged.durationSeconds == 1000.0 / 32000)
        let padded = short + [Float](repeating: 0, count: tagger.minimumSampleCount - 1000)
        #expect(try tagger.tag(samples: padded) == tagged.windows[0].tags)
        // One sample more than needed, and nothing is said.
        let enough = TinyModel.noise(count: tagger.minimumSampleCount)
        #expect(try tagger.tag(Self.source(enough), name: "x").warnings == nil)
    }

    /// A network that hears waveform and spectrogram takes no clip of an odd number of hops (SPEC §2.7).
    @Test(arguments: [(1, 10236), (9600, 10236), (10236, 10236), (10561, 10876), (32000, 32000), (32321, 32636)])
    func clipsOfAwkwardLengthAreFilledUp(samples: Int, filled: Int) throws {
        let configuration = ModelConfiguration.wavegram(
            .init(.wavegramLogMel, scale: 1 / 32, frontEnd: .panns32k(melBands: 32)))
        let model = try Model(
            name: "wavegram", configuration: configuration, weights: TinyModel.weights(configuration))
        let tagger = try AudioTagger(model: model, options: .init(precision: .fp32, threads: 1))
        let clip = TinyModel.noise(count: samples)
        let tagged = try tagger.tag(Self.source(clip), name: "x")
        let padded = clip + [Float](repeating: 0, count: filled - samples)
        #expect(try tagger.tag(samples: padded) == tagged.windows[0].tags)
        #expect((tagged.warnings?.isEmpty ?? true) == (samples == filled), "\(tagged.warnings ?? [])")
        if samples == 10561 {
            #expect(tagged.warnings?.first?.hasPrefix("0.010 s of silence were added at the end") == true)
        }
        // Overlapping windows share their spectrograms' frames, and not their samples.
        let windows = try tagger.tag(
            Self.source(TinyModel.noise(count: 48_000)), name: "x", policy: .every(seconds: 1, hopSeconds: 0.25))
        let second = TinyModel.noise(count: 48_000)[8_000..<40_000]
        #expect(windows.windows.count == 3)
        #expect(try tagger.tag(samples: Array(second)).map(\.index) == windows.windows[1].tags.map(\.index))
    }

    @Test func anEmptyClipIsAnError() throws {
        let tagger = try Self.tagger()
        #expect(failure(of: { _ = try tagger.outputs(samples: []) })?.code == .invalidAudio)
        #expect(failure(of: { _ = try tagger.tag(Self.source([]), name: "x") })?.code == .invalidAudio)
    }

    @Test(arguments: [0, -1, 1025]) func absurdThreadsAreRefused(threads: Int) {
        #expect(failure(of: { _ = try Self.tagger(threads: threads) })?.code == .invalidConfiguration)
    }

    @Test(arguments: [1, 2]) func windowsEqualClipsOfTheirOwn(concurrency: Int) async throws {
        let tagger = try Self.tagger()
        let samples = TinyModel.noise(count: 64000)
        let source = Self.source(samples)
        let selection = TagSelection(topK: 3)
        let tagged = try tagger.tag(
            source, name: "x", policy: .every(seconds: 0.5, hopSeconds: 0.25), selection: selection,
            concurrency: concurrency)
        #expect(tagged.durationSeconds == 2)
        #expect(tagged.windows.map(\.startSeconds) == [0, 0.25, 0.5, 0.75, 1, 1.25, 1.5])
        #expect(tagged.windows.allSatisfy { $0.endSeconds - $0.startSeconds == 0.5 })
        for window in tagged.windows {
            let clip = Array(samples[Int(window.startSeconds * 32000)..<Int(window.endSeconds * 32000)])
            #expect(try tagger.tag(samples: clip, selection: selection) == window.tags)
        }
        var sequence: [TaggedWindow] = []
        for try await window in tagger.windows(
            of: source, .every(seconds: 0.5, hopSeconds: 0.25), concurrency: concurrency)
        {
            sequence.append(try window.tags(selection, labels: tagger.labels))
        }
        #expect(sequence == tagged.windows)
    }

    /// CNN14 wants at least 0.31 s; what is left of 6 s after a window of 5.8 s is shorter, and must not be lost.
    @Test(arguments: [1, 2]) func aShortLastWindowIsPaddedAndSaidSo(concurrency: Int) async throws {
        let tagger = try Self.tagger()
        let samples = TinyModel.noise(count: 6 * 32000)
        let tagged = try tagger.tag(
            Self.source(samples), name: "x", policy: .every(seconds: 5.8), concurrency: concurrency)
        #expect(tagged.windows.map(\.startSeconds) == [0, 5.8])
        #expect(tagged.windows.last?.endSeconds == 6)
        #expect(tagged.windows.last?.tags == (try tagger.tag(samples: Array(samples[185600...]))))
        #expect(tagged.warnings?.count == 1)
        #expect(
            tagged.warnings?.first?.hasPrefix("The last window, from 5.800 s, lasts 0.200 s and was padded") == true,
            "\(tagged.warnings ?? [])")
        // The asynchronous sequence says the same, and says it once.
        let warnings = Mutex<[String]>([])
        var count = 0
        for try await _ in tagger.windows(
            of: Self.source(samples), .every(seconds: 5.8), concurrency: concurrency,
            onWarning: { warning in warnings.withLock { $0.append(warning) } })
        {
            count += 1
        }
        #expect(count == 2)
        #expect(warnings.withLock { $0 } == tagged.warnings)
        // Windows that are all too short do not concern the last one.
        let short = try tagger.tag(Self.source(samples), name: "x", policy: .every(seconds: 0.2))
        #expect(short.windows.count == 30)
        #expect(short.warnings?.count == 1)
        #expect(short.warnings?.first?.hasPrefix("Windows of 0.200 s were padded") == true)
    }

    @Test(arguments: [0, -1]) func absurdConcurrencyIsRefused(concurrency: Int) async throws {
        let tagger = try Self.tagger()
        let source = Self.source(TinyModel.noise(count: 32000))
        let error = failure {
            _ = try tagger.tag(source, name: "x", policy: .every(seconds: 0.5), concurrency: concurrency)
        }
        #expect(error?.code == .invalidConfiguration)
        await #expect(throws: EPANNsError.self) {
            for try await _ in tagger.windows(of: source, .every(seconds: 0.5), concurrency: concurrency) {}
        }
    }

    @Test func theDigestIsLeftOutWhenAsked() throws {
        let tagger = try Self.tagger()
        let source = Self.source(TinyModel.noise(count: 32000))
        #expect(try tagger.tag(source, name: "x", includesDigest: false).model.sha256 == nil)
        #expect(
            try tagger.tag(source, name: "x", policy: .every(seconds: 1), includesDigest: false).model.sha256 == nil)
        #expect(try tagger.tag(source, name: "x").model == tagger.identity)
        #expect(tagger.identity.sha256?.count == 64)
    }

    @Test func readingStopsWhenAsked() throws {
        var count = 0
        let tagged = try Self.tagger().tag(
            Self.source(TinyModel.noise(count: 64000)), name: "x", policy: .every(seconds: 0.5)
        ) { _ in
            count += 1
            return count < 2
        }
        #expect(count == 2 && tagged.windows.count == 2)
    }

    @Test func resultsAreJSONWithSnakeCaseKeysAndExactNumbers() throws {
        let tagged = try Self.tagger().tag(Self.source(TinyModel.samples()), name: "a/b.wav")
        let data = try ResultJSON.encoder.encode(tagged)
        #expect(try ResultJSON.decoder.decode(TaggedAudio.self, from: data) == tagged)
        let object = try #require(JSONSerialization.jsonObject(with: data) as? [String: Any])
        #expect(Set(object.keys) == ["file", "duration_seconds", "model", "windows"])
        let window = try #require((object["windows"] as? [[String: Any]])?.first)
        #expect(Set(window.keys) == ["start_seconds", "end_seconds", "tags"])
        let tag = try #require((window["tags"] as? [[String: Any]])?.first)
        #expect(Set(tag.keys) == ["index", "mid", "name", "score"])
        let model = try #require(object["model"] as? [String: Any])
        #expect(model["name"] as? String == "tiny_cnn14")
        #expect(model["precision"] as? String == "fp32")
        #expect((model["sha256"] as? String)?.count == 64)
    }

    @Test func embeddingsEqualTheOutputs() throws {
        let tagger = try Self.tagger()
        let samples = TinyModel.noise(count: 64000)
        let whole = try tagger.embed(Self.source(samples), name: "x")
        #expect(whole.windows.map(\.embedding) == [try tagger.outputs(samples: samples).embedding])
        #expect(whole.windows[0].endSeconds == 2)
        let windows = try tagger.embed(Self.source(samples), name: "x", policy: .every(seconds: 0.5), concurrency: 2)
        #expect(windows.windows.count == 4)
        #expect(windows.matrix.shape == [4, tagger.embeddingWidth])
        for (index, window) in windows.windows.enumerated() {
            let clip = Array(samples[index * 16000..<(index + 1) * 16000])
            #expect(try tagger.outputs(samples: clip).embedding == window.embedding)
        }
        let data = try ResultJSON.encoder.encode(windows)
        #expect(try ResultJSON.decoder.decode(EmbeddedAudio.self, from: data) == windows)
        // One sample is padded, and off zero; that it is short need not be said twice.
        let warnings = try tagger.embed(Self.source([0.1]), name: "x").warnings ?? []
        #expect(warnings.count == 2 && warnings[0].contains("padded with silence"), "\(warnings)")
    }
}

import EPANNs
import EPANNsTestSupport
import Foundation
import Testing

@Suite(.enabled(if: Model.hasBuiltIn, "this build has no built-in model")) struct BuiltInModelTests {
    @Test func itIsASmallEPANNsOfAudioSet() throws {
        let model = try Model.builtIn()
        #expect(model.name == "epanns-mini" && model.isBuiltIn)
        #expect(model.labels == .audioSet)
        #expect(model.configuration.outputActivation == .sigmoid)
        guard case .cnn(let network) = model.configuration else {
            Issue.record("it is not a CNN14 but \(model.configuration.architecture)")
            return
        }
        #expect(network.widths.reduce(0, +) < CNNConfiguration(.cnn14).widths.reduce(0, +) / 2)
        #expect(Model.builtInStorage.bytes.count <= 17_000_000)
        #expect(model.weights["conv_block6.conv2.weight"]?.dataType == .bfloat16)
        let thresholds = try #require(model.thresholds)
        #expect(thresholds.scores.allSatisfy { $0 > 0 && $0 < 1 } && thresholds.ownCount > 20)
    }

    @Test func itsFileIsAModelLikeAnyOther() throws {
        try withTemporaryFolder { folder in
            let path = folder + "/mini.safetensors"
            try AtomicFile.write(Model.builtInStorage.bytes, to: path)
            let (read, builtIn) = try (Model.read(path: path), Model.builtIn())
            #expect(!read.isBuiltIn && read.sha256() == builtIn.sha256())
            #expect(read.configuration == builtIn.configuration && read.thresholds == builtIn.thresholds)
            let samples = TinyModel.noise(count: 32000)
            let options = AudioTagger.Options(precision: .fp32, threads: 1)
            let scores = try AudioTagger(options: options).outputs(samples: samples).scores
            #expect(try AudioTagger(modelPath: path, options: options).outputs(samples: samples).scores == scores)
            let identity = try AudioTagger(options: options).identity
            #expect(identity.isBuiltIn == true && identity.sha256 == read.sha256())
            #expect(try AudioTagger(modelPath: path, options: options).identity.isBuiltIn == nil)
        }
    }

    /// The README's first command: five seconds of a smoke alarm, then five of a siren.
    @Test func itHears() throws {
        let clip = URL(fileURLWithPath: #filePath).deletingLastPathComponent()
            .appendingPathComponent("../../Examples/alarm-then-siren.flac").standardizedFileURL.path
        let tagger = try AudioTagger(options: .init(precision: .fp32, threads: 1))
        let heard = try tagger.tag(
            .file(path: clip), name: "clip", policy: .every(seconds: 5), selection: TagSelection(topK: 5))
        let names = heard.windows.map { $0.tags.map(\.name) }
        #expect(names.count == 2)
        #expect(names[0].contains("Smoke detector, smoke alarm"), "\(names[0])")
        #expect(names[1].prefix(3).contains("Siren"), "\(names[1])")
    }

    @Test func damageInMemoryIsNamed() throws {
        let bytes = Array(Model.builtInStorage.bytes.prefix(100_000))
        let storage = TensorStorage(byteCount: bytes.count) { destination in
            bytes.withUnsafeBytes { destination.copyMemory(from: $0) }
        }
        let error = failure { _ = try Model.read(storage: storage, name: "half of it") }
        #expect(error?.code == .invalidCheckpoint && error?.message.contains("half of it") == true)
    }
}

import EPANNsCore
import EPANNsGraph
import EPANNsModels
import EPANNsTestSupport
import Foundation
import Testing

@Suite struct ModelFileTests {
    @Test func aPyTorchFileIsRecognised() throws {
        let model = try Model.read(path: TinyModel.path)
        let expected = try TinyModel.expected()
        #expect(
            model.configuration
                == .cnn(
                    .init(.cnn14, widths: expected.widths, embeddingWidth: expected.embedding.count, classCount: 527)))
        #expect(model.name == "tiny_cnn14")
        #expect(model.format == .pyTorchZip)
        #expect(model.labels == .audioSet)
        #expect(model.provenance == nil)
    }

    @Test func aConvertedFileIsTheSameModel() throws {
        try withTemporaryFolder { folder in
            var model = try Model.read(path: TinyModel.path)
            model.name = "tiny"
            model.recordProvenance(convertedBy: "a test")
            let path = folder + "/tiny.safetensors"
            try model.write(to: path)
            let converted = try Model.read(path: path)
            #expect(converted.name == "tiny")
            #expect(converted.configuration == model.configuration)
            #expect(converted.labels == model.labels)
            #expect(converted.format == .safetensors)
            #expect(converted.provenance?.sourceFile == "tiny_cnn14.pt")
            #expect(converted.provenance?.sourceSHA256 == model.sha256())
            #expect(converted.provenance?.sourceFormat == .pyTorchZip)
            #expect(converted.weights.mapValues(\.floats) == model.weights.mapValues(\.floats))
            // Converted once more, it still tells where the weights came from first.
            var again = converted
            again.recordProvenance(convertedBy: "another test")
            #expect(again.provenance == converted.provenance)
        }
    }

    @Test func thresholdsAreKeptAndChecked() throws {
        try withTemporaryFolder { folder in
            var model = try Model.read(path: TinyModel.path)
            let thresholds = ClassThresholds(
                scores: (0..<527).map { Float($0) / 1000 }, reference: "labels", clipCount: 80, ownCount: 3)
            model.thresholds = thresholds
            let path = folder + "/tiny.safetensors"
            try model.write(to: path)
            let read = try Model.read(path: path)
            #expect(read.thresholds == thresholds)
            model.thresholds?.scores[3] = .nan
            #expect(failure { try model.validate() }?.code == .invalidConfiguration)
            #expect(failure { try model.write(to: path) }?.code == .invalidConfiguration)
            #expect(try Model.read(path: path).thresholds == thresholds)
            // A file that somebody else made.
            var metadata = try Checkpoint.read(path: path).metadata
            metadata["epanns.thresholds"] = #"{"scores":[0.5],"reference":"x","clips":1,"own":1}"#
            try SafetensorsWriter.write(Checkpoint.read(path: path).tensors, metadata: metadata, to: path)
            let error = failure { _ = try Model.read(path: path) }
            #expect(error?.code == .invalidCheckpoint && error?.message.contains("epanns.thresholds") == true)
        }
    }

    @Test func configurationLabelsAndActivationSurvive() throws {
        try withTemporaryFolder { folder in
            let configuration = ModelConfiguration.cnn(
                .init(
                    .cnn6, widths: [3, 4, 5, 6], embeddingWidth: 7, classCount: 2, frontEnd: .panns32k(melBands: 32),
                    outputActivation: .softmax))
            let labels = LabelSet([.init(mid: "x,1", name: "Frog \"green\""), .init(name: "Tōad")])
            let model = try Model(
                name: "frogs", configuration: configuration, weights: TinyModel.weights(configuration), labels: labels)
            try model.write(to: folder + "/frogs.safetensors")
            let read = try Model.read(path: folder + "/frogs.safetensors")
            #expect(read.configuration == configuration)
            #expect(read.labels == labels)
            #expect(read.weights.mapValues(\.floats) == model.weights.mapValues(\.floats))
        }
    }

    @Test func weightsAreWrittenInTheWantedType() throws {
        try withTemporaryFolder { folder in
            let model = try Model.read(path: TinyModel.path)
            try model.write(to: folder + "/a.safetensors", dataType: .bfloat16)
            let half = try Model.read(path: folder + "/a.safetensors")
            #expect(half.weights["conv_block1.conv2.weight"]?.dataType == .bfloat16)
            #expect(half.weights["conv_block1.bn1.running_var"]?.dataType == .float32)
            #expect(half.weights["bn0.num_batches_tracked"]?.dataType == .int64)
            // Rounding to 8 significant bits changes a number by at most 2⁻⁹ of it.
            for (name, tensor) in model.weights {
                let rounded = try #require(half.weights[name]?.floats)
                for (a, b) in zip(tensor.floats, rounded) { #expect(abs(a - b) <= abs(a) * 0x1p-8, "\(name)") }
            }
            // And back: the same rounded numbers, as Float32.
            try half.write(to: folder + "/b.safetensors", dataType: .float32)
            let full = try Model.read(path: folder + "/b.safetensors")
            #expect(full.weights["conv_block1.conv2.weight"]?.dataType == .float32)
            #expect(full.weights.mapValues(\.floats) == half.weights.mapValues(\.floats))
        }
    }

    @Test func everyTensorThatDoesNotFitIsNamedAtOnce() throws {
        let configuration = ModelConfiguration.cnn(
            .init(.cnn6, widths: [2, 2, 2, 2], embeddingWidth: 3, classCount: 4))
        var weights = try TinyModel.weights(configuration)
        weights["bn0.weight"] = nil
        weights["conv_block2.bn1.running_mean"] = nil
        weights["conv_block3.conv1.weight"] = Tensor(shape: [2, 2, 3, 3], values: [Float](repeating: 0, count: 36))
        weights["fc1.bias"] = Tensor(shape: [], values: [1])
        weights["head.strange"] = Tensor(shape: [1], values: [1])
        weights["another.strange"] = Tensor(shape: [1], values: [1])
        let error = failure(of: { _ = try Model(name: "x", configuration: configuration, weights: weights) })
        #expect(error?.code == .checkpointMismatch)
        let message = try #require(error?.message)
        for words in [
            "missing: bn0.weight, conv_block2.bn1.running_mean",
            "conv_block3.conv1.weight (is 2×2×3×3, should be 2×2×5×5)",
            "fc1.bias (is a scalar, should be 3)", "not part of the network: another.strange, head.strange",
        ] {
            #expect(message.contains(words), "\(message)")
        }
    }

    @Test func aLayoutOfALaterVersionIsRefused() throws {
        try withTemporaryFolder { folder in
            let path = folder + "/a.safetensors"
            try Model.read(path: TinyModel.path).write(to: path)
            var bytes = try Data(contentsOf: URL(fileURLWithPath: path))
            let entry = try #require(bytes.range(of: Data(#""epanns.version":"1""#.utf8)))
            bytes.replaceSubrange(entry, with: Data(#""epanns.version":"2""#.utf8))
            try bytes.write(to: URL(fileURLWithPath: path))
            let error = failure { _ = try Model.read(path: path) }
            #expect(error?.code == .unsupportedFormat)
            #expect(error?.message.contains("written by a newer epanns") == true)
            #expect(error?.message.contains("update this program") == true)
        }
    }

    @Test func anotherElementTypeIsRefused() throws {
        try withTemporaryFolder { folder in
            let model = try Model.read(path: TinyModel.path)
            let error = failure { try model.write(to: folder + "/a.safetensors", dataType: .int64) }
            #expect(error?.code == .invalidConfiguration)
            #expect(!FileManager.default.fileExists(atPath: folder + "/a.safetensors"))
        }
    }

    @Test func anAssumedFrontEndIsNotedAndCanBeReplaced() throws {
        var model = try Model.read(path: TinyModel.path)
        #expect(model.notes == [.assumedFrontEnd])
        #expect(
            model.notes.first?.description.hasSuffix(
                "If it is a 16 kHz or 8 kHz variant, the tags are wrong. Say which front end it was trained with.")
                == true)
        #expect(failure { try model.replaceFrontEnd(.panns32k(melBands: 32)) }?.code == .invalidConfiguration)
        try model.replaceFrontEnd(.panns16k)
        #expect(model.configuration.frontEnd == .panns16k)
        #expect(model.notes.isEmpty)
        // Settled once.
        #expect(failure { try model.replaceFrontEnd(.panns8k) }?.code == .invalidConfiguration)
        try withTemporaryFolder { folder in
            try model.write(to: folder + "/a.safetensors")
            let read = try Model.read(path: folder + "/a.safetensors")
            #expect(read.notes.isEmpty)
            #expect(read.configuration.frontEnd == .panns16k)
        }
    }

    @Test func labelsMustFit() throws {
        var model = try Model.read(path: TinyModel.path)
        let error = failure(of: { try model.replaceLabels(.numbered(3)) })
        #expect(error?.code == .invalidConfiguration)
        try model.replaceLabels(.numbered(527))
        #expect(model.labels.labels[526].name == "class 526")
    }
}

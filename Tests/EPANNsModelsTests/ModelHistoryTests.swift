import EPANNsCore
import EPANNsGraph
import EPANNsModels
import EPANNsTestSupport
import Foundation
import Testing

/// A model says what it was read from, and how it was made.
@Suite struct ModelHistoryTests {
    private let date = Date(timeIntervalSince1970: 1_764_000_000)

    @Test func anOriginIsGoneWithOtherWeights() throws {
        let model = try Model.read(path: TinyModel.path)
        let digest = try FileDigest.sha256(path: TinyModel.path)
        #expect(model.origin?.path == TinyModel.path)
        #expect(model.origin?.byteCount == FileManager.default.contents(atPath: TinyModel.path)?.count)
        #expect(model.origin?.format == .pyTorchZip)
        #expect(model.origin?.sha256() == digest && model.sha256() == digest)
        // What the file says of the classes or the name may be changed: the weights are the file's.
        var renamed = model
        renamed.name = "another"
        try renamed.replaceLabels(.numbered(527))
        #expect(renamed.sha256() == digest)
        var other = try model.replacing(weights: model.weights)
        #expect(other.origin == nil && other.file == nil && other.format == nil && other.sha256() == nil)
        #expect(other.labels == model.labels && other.name == model.name && other.notes == model.notes)
        other.record(.trained, by: "a test", date: date)
        #expect(other.history.map(\.parent) == [.init(name: "tiny_cnn14", sha256: digest)])
    }

    @Test func otherWeightsHaveNoThresholds() throws {
        var model = try Model.read(path: TinyModel.path)
        model.thresholds = ClassThresholds(
            scores: [Float](repeating: 0.5, count: 527), reference: "labels", clipCount: 1, ownCount: 0)
        #expect(try model.replacing(weights: model.weights).thresholds == nil)
    }

    @Test func otherWeightsMustFit() throws {
        let model = try Model.read(path: TinyModel.path)
        var weights = model.weights
        weights["fc1.bias"] = nil
        #expect(failure { _ = try model.replacing(weights: weights) }?.code == .checkpointMismatch)
        #expect(
            failure { _ = try model.replacing(weights: model.weights, labels: .numbered(3)) }?.code
                == .invalidConfiguration)
    }

    @Test func theHistorySurvivesAndGrows() throws {
        try withTemporaryFolder { folder in
            var model = try Model.read(path: TinyModel.path)
            #expect(model.history.isEmpty)
            model.record(.converted, details: ["type": "float32"], by: "epanns 1", date: date)
            try model.write(to: folder + "/a.safetensors")
            let read = try Model.read(path: folder + "/a.safetensors")
            #expect(
                read.history == [
                    ModelStep(
                        .converted, parent: .init(name: "tiny_cnn14", sha256: model.sha256()),
                        details: ["type": "float32"], program: "epanns 1", date: "2025-11-24T16:00:00Z")
                ])
            // Two steps at once: the second follows the first, and needs no parent of its own.
            var made = try read.replacing(weights: read.weights)
            made.name = "made"
            made.record(.trained, details: ["data": "esc10.csv", "iterations": "400"], by: "epanns 2", date: date)
            made.record(.calibrated, by: "epanns 2", date: date)
            try made.write(to: folder + "/b.safetensors")
            let again = try Model.read(path: folder + "/b.safetensors")
            #expect(again.history.map(\.action) == [.converted, .trained, .calibrated])
            #expect(again.history[1].parent == .init(name: "tiny_cnn14", sha256: read.sha256()))
            #expect(again.history[2].parent == nil)
            // And a third, of the file that was written.
            var third = again
            third.record(.calibrated, by: "epanns 3", date: date)
            #expect(third.history[3].parent == .init(name: "made", sha256: again.sha256()))
        }
    }

    @Test func filesOfOlderVersionsTellTheirSteps() throws {
        try withTemporaryFolder { folder in
            let path = folder + "/old.safetensors"
            try Model.read(path: TinyModel.path).write(to: path)
            let checkpoint = try Checkpoint.read(path: path)
            var metadata = checkpoint.metadata
            metadata["epanns.provenance"] = """
                {"sourceFile":"x.pth","sourceSHA256":"ab","sourceFormat":"pytorch-zip","convertedBy":"epanns 0.1.0"}
                """
            metadata["epanns.pruning"] = """
                [{"criterion":"operator-norm","ratio":0.5,"multiple":1,"layers":[],"sourceSHA256":"cd",
                "prunedBy":"epanns 0.1.0"}]
                """
            try SafetensorsWriter.write(checkpoint.tensors, metadata: metadata, to: path)
            let model = try Model.read(path: path)
            #expect(model.history.map(\.action) == [.converted, .pruned])
            #expect(model.history[0].parent == .init(name: "x.pth", sha256: "ab"))
            #expect(model.history[1].details == ["criterion": "operator-norm", "ratio": "0.5"])
            #expect(model.history.map(\.date) == [nil, nil])
        }
    }

    /// A later version may know more.
    @Test func unknownActionsAreKept() throws {
        let json = #"[{"action":"quantised","details":{},"program":"epanns 9"}]"#
        let steps = try JSONDecoder().decode([ModelStep].self, from: Data(json.utf8))
        #expect(steps.map(\.action) == [.init(rawValue: "quantised")])
        #expect(String(decoding: try JSONEncoder().encode(steps[0].action), as: UTF8.self) == #""quantised""#)
    }

    @Test func aModelIsReadFromBytes() throws {
        let bytes = [UInt8](try Data(contentsOf: URL(fileURLWithPath: TinyModel.path)))
        let model = try Model(bytes: bytes, name: "of bytes")
        #expect(model.name == "of bytes")
        #expect(model.origin?.path == nil && model.file == nil)
        #expect(model.sha256() == (try FileDigest.sha256(path: TinyModel.path)))
        #expect(failure { _ = try Model(bytes: [1, 2, 3]) }?.code == .unsupportedFormat)
    }

    /// Processor time of this thread: a busy machine does not count.
    private var processorSeconds: Double {
        var time = timespec()
        clock_gettime(CLOCK_THREAD_CPUTIME_ID, &time)
        return Double(time.tv_sec) + Double(time.tv_nsec) / 1e9
    }

    /// Texts of strangers: bounded before they are parsed, and never repeated raw.
    @Test func metadataIsBounded() throws {
        try withTemporaryFolder { folder in
            let path = folder + "/a.safetensors"
            try Model.read(path: TinyModel.path).write(to: path)
            let checkpoint = try Checkpoint.read(path: path)
            func message(_ key: String, _ text: String) throws -> (text: String, seconds: Double) {
                var metadata = checkpoint.metadata
                metadata[key] = text
                try SafetensorsWriter.write(checkpoint.tensors, metadata: metadata, to: path)
                let begin = processorSeconds
                let error = failure { _ = try Model.read(path: path) }
                #expect(error?.code == .invalidCheckpoint)
                return (error?.description ?? "", processorSeconds - begin)
            }
            let label = #"{"mid":"","name":"a name"}"#
            let labels = "{\"labels\":[" + [String](repeating: label, count: 1_000_000).joined(separator: ",") + "]}"
            let million = try message("epanns.labels", labels)
            #expect(million.text.contains("at most"), "\(million.text)")
            // A few hundredths of a second; a million labels took 8 s and 340 MB.
            #expect(million.seconds < 2)
            var text = try message("epanns.thresholds", "{\"a\u{1B}[31m\":[").text
            #expect(text.contains("epanns.thresholds is damaged") && !text.contains("\u{1B}"), "\(text)")
            text = try message(
                "epanns.history", "[{\"action\":\"x\",\"details\":{\"\\u001b[31mred\":5},\"program\":\"p\"}]"
            ).text
            #expect(text.contains(#"“0.details.\u{1b}[31mred”"#), "\(text)")
        }
    }
}

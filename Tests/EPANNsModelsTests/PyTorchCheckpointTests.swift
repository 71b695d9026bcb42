import EPANNsCore
import EPANNsGraph
import EPANNsModels
import Foundation
import Testing

@Suite struct PyTorchCheckpointTests {
    static let names = [
        "zip.pt", "zip64.pt", "zip_nested.pt", "zip_nested_protocol3.pt", "zip_nested_protocol4.pt",
        "zip_nested_protocol5.pt", "zip_module.pt", "zip_types.pt", "zip_shared.pt", "legacy.pth",
        "legacy_nested.pth", "legacy_nested_protocol4.pth", "legacy_module.pth", "legacy_types.pth",
        "legacy_shared.pth", "legacy_views.pth", "library.safetensors", "canonical.safetensors",
    ]

    @Test func everyFixtureIsTested() throws {
        #expect(try CheckpointFixtures.load().files.keys.sorted() == Self.names.sorted())
    }

    @Test(arguments: names) func wholeTensorsAreThoseOfPyTorch(_ name: String) throws {
        let expected = try #require(try CheckpointFixtures.load().files[name])
        let checkpoint = try Checkpoint.read(path: CheckpointFixtures.path(name))
        if let order = expected.order { #expect(checkpoint.order == order) }
        #expect(checkpoint.order.sorted() == expected.tensors.keys.sorted())
        #expect(checkpoint.tensors.count == expected.tensors.count)
        #expect(checkpoint.metadata == expected.metadata)
        #expect(checkpoint.ignoredEntries == expected.ignored)
        let container: CheckpointFormat =
            name.hasPrefix("zip") ? .pyTorchZip : name.hasPrefix("legacy") ? .pyTorchLegacy : .safetensors
        #expect(checkpoint.format == container)
        for (key, tensor) in expected.tensors {
            let read = try #require(checkpoint.tensors[key], "\(key)")
            #expect(read.dataType.rawValue == tensor.dtype, "\(key)")
            #expect(read.shape == tensor.shape, "\(key)")
            // Bit by bit: reading converts nothing.
            #expect(read.hex == tensor.hex, "\(key)")
            if container != .safetensors, read.count > 0 { #expect(read.strides == tensor.strides, "\(key)") }
        }
    }

    @Test func bytesInMemoryGiveTheSameAsTheFile() throws {
        let bytes = try CheckpointFixtures.bytes("legacy_nested.pth")
        // An odd address: streams align nothing, and neither may we.
        let storage = TensorStorage(byteCount: bytes.count + 1) { destination in
            UnsafeMutableRawBufferPointer(rebasing: destination[1...]).copyBytes(from: bytes)
        }
        let shifted = TensorStorage(bytes: UnsafeRawBufferPointer(rebasing: storage.bytes[1...]), owner: storage)
        let checkpoint = try Checkpoint.read(storage: shifted, name: "memory")
        let file = try Checkpoint.read(path: CheckpointFixtures.path("legacy_nested.pth"))
        #expect(checkpoint.order == file.order)
        #expect(checkpoint.mappedFile == nil)
        #expect(file.mappedFile != nil)
        for name in file.order { #expect(checkpoint.tensors[name]?.floats == file.tensors[name]?.floats) }
    }

    @Test func tiedWeightsStayTied() throws {
        let tensors = try Checkpoint.read(path: CheckpointFixtures.path("zip_shared.pt")).tensors
        let whole = try #require(tensors["whole"])
        for name in ["middle", "columns", "transposed", "tied", "expanded"] {
            #expect(tensors[name]?.storage === whole.storage)
        }
    }

    @Test func tensorsKeepTheMappingAliveAndSurviveAdvice() throws {
        var checkpoint: Checkpoint? = try Checkpoint.read(path: CheckpointFixtures.path("zip_types.pt"))
        let tensor = try #require(checkpoint?.tensors["f32"])
        let before = tensor.floats
        checkpoint?.mappedFile?.adviseDontNeed()
        checkpoint = nil
        #expect(tensor.floats == before)
        #expect(before.contains { $0 != 0 })
    }

    @Test func refusalsSayWhatTheFileIs() throws {
        for (name, expected) in try CheckpointFixtures.load().refused {
            let error = refusal { _ = try Checkpoint.read(path: CheckpointFixtures.path(name)) }
            #expect(error?.code.rawValue == expected.code, "\(name): \(String(describing: error))")
            #expect(error?.message.contains(expected.word) == true, "\(name): \(String(describing: error))")
        }
    }

    @Test(arguments: [
        ("<!DOCTYPE html><html>", "web page"), ("version https://git-lfs.github.com/spec/v1\n", "git lfs pull"),
        ("some text that is nothing at all", "safetensors"), ("PK", "safetensors"), ("x", "safetensors"),
    ])
    func otherFilesAreRecognised(_ text: String, _ word: String) throws {
        let error = refusal { _ = try Checkpoint.read(bytes: Array(text.utf8), name: "file") }
        #expect(error?.code == .unsupportedFormat)
        #expect(error?.message.contains(word) == true)
    }

    @Test func anEmptyFileAndAMissingOneAreErrors() throws {
        #expect(refusal { _ = try Checkpoint.read(bytes: [], name: "file") }?.code == .invalidCheckpoint)
        #expect(refusal { _ = try Checkpoint.read(path: "/nonexistent/a.pt") }?.code == .fileFailure)
    }

    /// A download that broke off must never pass for a model: no proper prefix of any container is accepted.
    @Test(arguments: names) func everyTruncationIsAnError(_ name: String) throws {
        let bytes = try CheckpointFixtures.bytes(name)
        let whole = TensorStorage(byteCount: bytes.count) { $0.copyBytes(from: bytes) }
        for count in 0..<bytes.count {
            let part = TensorStorage(bytes: UnsafeRawBufferPointer(rebasing: whole.bytes[..<count]), owner: whole)
            let error = refusal { _ = try Checkpoint.read(storage: part, name: name) }
            #expect(error?.code == .invalidCheckpoint || count < 16, "\(count) bytes")
        }
    }
}

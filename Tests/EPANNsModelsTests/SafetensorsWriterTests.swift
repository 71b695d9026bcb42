import EPANNsCore
import EPANNsGraph
import EPANNsModels
import Foundation
import Testing

@Suite struct SafetensorsWriterTests {
    /// Byte for byte what Tools/reference/checkpoints.py built from the same tensors, after Python's `safetensors`
    /// had read it.
    @Test(arguments: ["zip_types.pt", "legacy_types.pth", "library.safetensors"])
    func writesExactlyTheCanonicalFile(_ name: String) throws {
        let metadata = try #require(try CheckpointFixtures.load().files["canonical.safetensors"]).metadata
        try withTemporaryFolderURL { folder in
            let path = folder.appendingPathComponent("a.safetensors").path
            let checkpoint = try Checkpoint.read(path: CheckpointFixtures.path(name))
            try SafetensorsWriter.write(checkpoint.tensors, metadata: metadata, to: path)
            let written = [UInt8](try Data(contentsOf: URL(fileURLWithPath: path)))
            #expect(written == (try CheckpointFixtures.bytes("canonical.safetensors")))
        }
    }

    @Test(arguments: ["zip.pt", "zip_shared.pt", "legacy_views.pth", "zip_types.pt"])
    func whatIsWrittenIsReadBackBitByBit(_ name: String) throws {
        let original = try Checkpoint.read(path: CheckpointFixtures.path(name))
        try withTemporaryFolderURL { folder in
            let path = folder.appendingPathComponent("a.safetensors").path
            try SafetensorsWriter.write(original.tensors, metadata: ["a\u{1}": "\u{7F}\\\"é"], to: path)
            let copy = try Checkpoint.read(path: path)
            #expect(copy.metadata == ["a\u{1}": "\u{7F}\\\"é"])
            #expect(copy.tensors.count == original.tensors.count)
            for (key, tensor) in original.tensors {
                let other = try #require(copy.tensors[key])
                #expect(other.shape == tensor.shape)
                #expect(other.dataType == tensor.dataType)
                #expect(other.hex == tensor.hex)
                #expect(other.isContiguous)
                let address = other.storage.bytes.baseAddress.map { UInt(bitPattern: $0) } ?? 0
                #expect(address % UInt(other.dataType.byteCount) == 0, "\(key) is aligned to its elements")
            }
            let header = try Data(contentsOf: URL(fileURLWithPath: path)).prefix(8).enumerated()
                .reduce(0) { $0 | Int($1.element) << (8 * $1.offset) }
            #expect((8 + header) % 64 == 0)
        }
    }

    @Test func aCheckpointCanReplaceTheFileItWasReadFrom() throws {
        try withTemporaryFolderURL { folder in
            let path = folder.appendingPathComponent("a.safetensors").path
            try FileManager.default.copyItem(atPath: CheckpointFixtures.path("library.safetensors"), toPath: path)
            let original = try Checkpoint.read(path: path)
            let before = original.tensors.mapValues(\.hex)
            try SafetensorsWriter.write(original.tensors, to: path)
            #expect(original.tensors.mapValues(\.hex) == before)
            #expect(try Checkpoint.read(path: path).tensors.mapValues(\.hex) == before)
        }
    }

    @Test func namesThatTheFormatCannotHoldAreErrors() throws {
        try withTemporaryFolderURL { folder in
            let path = folder.appendingPathComponent("a.safetensors").path
            let tensor = Tensor(shape: [1], values: [1])
            for name in ["", "__metadata__", String(repeating: "a", count: 2000)] {
                let error = refusal { try SafetensorsWriter.write([name: tensor], to: path) }
                #expect(error?.code == .invalidConfiguration)
            }
            let left = try FileManager.default.contentsOfDirectory(atPath: folder.path)
            #expect(left.isEmpty)
        }
    }
}

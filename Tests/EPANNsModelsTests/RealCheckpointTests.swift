import EPANNsCore
import EPANNsGraph
import EPANNsModels
import Foundation
import Testing

/// A published checkpoint against what PyTorch reads from it; Fixtures/RealCheckpoint.json holds checksums only.
@Suite struct RealCheckpointTests {
    struct Digest: Decodable {
        struct Entry: Decodable {
            var name: String
            var dtype: String
            var shape: [Int]
            /// The first half of the SHA-256 of the elements, row-major.
            var checksum: String

            init(from decoder: any Decoder) throws {
                var container = try decoder.unkeyedContainer()
                name = try container.decode(String.self)
                dtype = try container.decode(String.self)
                shape = try container.decode([Int].self)
                checksum = try container.decode(String.self)
            }
        }
        var file: String
        var sha256: String
        var md5: String
        var tensors: [Entry]
    }

    static let data = ProcessInfo.processInfo.environment["EPANNS_TEST_DATA"]

    @Test(.enabled(if: data != nil, "EPANNS_TEST_DATA is not set; weights/mn04_as_mAP_432.pt is needed"))
    func everyTensorOfMN04IsThatOfPyTorch() throws {
        let url = Bundle.module.bundleURL.appendingPathComponent("Fixtures/RealCheckpoint.json")
        let digest = try JSONDecoder().decode(Digest.self, from: Data(contentsOf: url))
        let path = "\(try #require(Self.data))/weights/\(digest.file)"
        #expect(try FileDigest.sha256(path: path) == digest.sha256)
        #expect(try FileDigest(ofFile: path).md5 == digest.md5)
        let checkpoint = try Checkpoint.read(path: path)
        #expect(digest.tensors.count == 312)
        #expect(checkpoint.order == digest.tensors.map(\.name))
        for entry in digest.tensors {
            let tensor = try #require(checkpoint.tensors[entry.name])
            #expect(tensor.shape == entry.shape, "\(entry.name)")
            #expect(tensor.dataType.rawValue == entry.dtype, "\(entry.name)")
            #expect(checksum(tensor) == entry.checksum, "\(entry.name)")
        }
        // And through our own format: nothing changes.
        try withTemporaryFolderURL { folder in
            let copy = folder.appendingPathComponent("copy.safetensors").path
            try SafetensorsWriter.write(checkpoint.tensors, metadata: ["source": digest.file], to: copy)
            let reread = try Checkpoint.read(path: copy)
            for entry in digest.tensors {
                #expect(reread.tensors[entry.name].map(checksum) == entry.checksum, "\(entry.name)")
            }
        }
    }

    private func checksum(_ tensor: Tensor) -> String {
        var bytes = [UInt8](repeating: 0, count: tensor.count * tensor.dataType.byteCount)
        bytes.withUnsafeMutableBytes { tensor.copyContiguousBytes(to: $0) }
        return String(MessageDigest.hexadecimal(.sha256, of: bytes).prefix(32))
    }
}

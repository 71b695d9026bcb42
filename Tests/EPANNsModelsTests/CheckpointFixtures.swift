import EPANNsCore
import EPANNsGraph
import EPANNsModels
import Foundation
import Testing

/// The files in Fixtures/Checkpoints and what PyTorch reads from them; written by Tools/reference/checkpoints.py.
struct CheckpointFixtures: Decodable {
    struct ExpectedTensor: Decodable {
        var dtype: String
        var shape: [Int]
        var strides: [Int]
        /// All elements, row-major, little-endian.
        var hex: String
    }
    struct ExpectedFile: Decodable {
        var tensors: [String: ExpectedTensor]
        var order: [String]?
        var metadata: [String: String]
        var ignored: [String]
    }
    struct Refusal: Decodable {
        var code: String
        var word: String
    }
    var files: [String: ExpectedFile]
    var refused: [String: Refusal]

    static let folder = Bundle.module.bundleURL.appendingPathComponent("Fixtures/Checkpoints")

    static func load() throws -> CheckpointFixtures {
        try JSONDecoder().decode(Self.self, from: Data(contentsOf: folder.appendingPathComponent("expected.json")))
    }

    static func path(_ name: String) -> String { folder.appendingPathComponent(name).path }

    static func bytes(_ name: String) throws -> [UInt8] {
        [UInt8](try Data(contentsOf: folder.appendingPathComponent(name)))
    }
}

extension Tensor {
    /// All elements as hexadecimal digits, row-major, little-endian.
    var hex: String {
        var bytes = [UInt8](repeating: 0, count: count * dataType.byteCount)
        bytes.withUnsafeMutableBytes { copyContiguousBytes(to: $0) }
        return bytes.map { String(format: "%02x", $0) }.joined()
    }
}

/// A folder of its own for one test, removed afterwards.
func withTemporaryFolderURL<Result>(_ body: (URL) throws -> Result) throws -> Result {
    let folder = FileManager.default.temporaryDirectory.appendingPathComponent("epanns-\(UUID().uuidString)")
    try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
    defer { try? FileManager.default.removeItem(at: folder) }
    return try body(folder)
}

/// The error that `body` throws.
func refusal(_ location: SourceLocation = #_sourceLocation, of body: () throws -> Void) -> EPANNsError? {
    do {
        try body()
        Issue.record("nothing was thrown", sourceLocation: location)
    } catch let error as EPANNsError {
        return error
    } catch {
        Issue.record("another kind of error: \(error)", sourceLocation: location)
    }
    return nil
}

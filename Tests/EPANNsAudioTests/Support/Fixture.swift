import EPANNsTestSupport
import Foundation
import Testing

/// Files of the test bundle.
enum Fixture {
    static func path(_ name: String) throws -> String {
        try #require(Bundle.module.url(forResource: "Fixtures", withExtension: nil)).appendingPathComponent(name).path
    }

    static func bytes(_ name: String) throws -> [UInt8] {
        [UInt8](try Data(contentsOf: URL(fileURLWithPath: path(name))))
    }

    static func array(_ name: String) throws -> NumPyArray { try NumPyArray(path: path(name)) }

    static func json(_ name: String) throws -> [String: Any] {
        try #require(
            JSONSerialization.jsonObject(with: Data(contentsOf: URL(fileURLWithPath: path(name)))) as? [String: Any])
    }
}

/// Folders that are not in the repository.
enum Outside {
    /// Real recordings, laid out as the parity scripts expect.
    static let testData = ProcessInfo.processInfo.environment["EPANNS_TEST_DATA"]
    /// What Tools/reference/logmel.py and audio_fixtures.py wrote for them with `--reference`.
    static let reference = ProcessInfo.processInfo.environment["EPANNS_REFERENCE"]

    static var hasBoth: Bool { testData != nil && reference != nil }

    /// The recording of this name, wherever in the test data it is.
    static func recording(_ name: String) throws -> String {
        let root = try #require(testData)
        return try #require(
            ["clips", "esc10", "us8k"].map { "\(root)/\($0)/\(name)" }
                .first { FileManager.default.fileExists(atPath: $0) },
            "\(name) is not in \(root)")
    }

    static func references(suffix: String) throws -> [String] {
        try FileManager.default.contentsOfDirectory(atPath: #require(reference)).filter { $0.hasSuffix(suffix) }
            .sorted()
    }
}

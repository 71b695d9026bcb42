import EPANNs
import EPANNsCore
import Foundation

/// What results in an output folder depend on, kept in the folder so that `--resume` never mixes two kinds.
///
/// Test: `ResumeTests`.
struct TagSettings: Codable, Hashable {
    /// The file's name; hidden, so that folders of results stay folders of results.
    static let fileName = ".epanns-tag.json"
    // Far more than any list of classes takes; a larger file is none of ours.
    private static let maximumByteCount = 1 << 20

    var modelSHA256: String?
    var precision: String
    /// Nil for the model's own.
    var activation: String?
    var windowSeconds: Double?
    var hopSeconds: Double?
    var topK: Int
    var threshold: Float?
    /// True for the model's own, absent otherwise.
    var automaticThreshold: Bool?
    var allow: [Int]?
    var deny: [Int]
    var format: String

    enum CodingKeys: String, CodingKey {
        case modelSHA256 = "model_sha256"
        case precision, activation
        case windowSeconds = "window_seconds"
        case hopSeconds = "hop_seconds"
        case topK = "top_k"
        case threshold
        case automaticThreshold = "threshold_auto"
        case allow, deny, format
    }

    /// Reads a folder's settings; nil when it holds none.
    ///
    /// - Throws: `EPANNsError` with code `invalidConfiguration` when the file is damaged.
    static func read(folder: String) throws -> TagSettings? {
        let path = "\(folder)/\(fileName)"
        guard FileManager.default.fileExists(atPath: path) else { return nil }
        let file = try MappedFile(path: path)
        do {
            // The bytes live as long as the file.
            let data = try withExtendedLifetime(file) {
                guard file.bytes.count <= maximumByteCount else { throw CocoaError(.fileReadTooLarge) }
                return Data(file.bytes)
            }
            return try JSONDecoder().decode(TagSettings.self, from: data)
        } catch {
            throw EPANNsError(
                .invalidConfiguration,
                "\(path), which says how the results there were made, is damaged; delete it to accept them as they "
                    + "are, or leave --resume out to tag everything anew.", cause: error)
        }
    }

    /// Writes the settings into a folder, which is made where it is missing.
    ///
    /// - Throws: `EPANNsError` with code `fileFailure`.
    func write(folder: String) throws {
        do {
            try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: true)
        } catch {
            throw EPANNsError(.fileFailure, "The folder \(folder) cannot be made.", cause: error)
        }
        let encoder = JSONEncoder()
        encoder.outputFormatting = [.sortedKeys, .prettyPrinted]
        let file = try AtomicFile(path: "\(folder)/\(Self.fileName)")
        try file.write(String(decoding: try encoder.encode(self), as: UTF8.self) + "\n")
        try file.commit()
    }

    /// Refuses to go on in a folder whose results were made otherwise.
    ///
    /// - Throws: `EPANNsError` with code `invalidConfiguration` naming every difference.
    func check(against stored: TagSettings, folder: String) throws {
        let differences = [
            difference("the model (SHA-256)", \.modelSHA256, stored), difference("--precision", \.precision, stored),
            difference("--activation", \.activation, stored), difference("--window", \.windowSeconds, stored),
            difference("--hop", \.hopSeconds, stored), difference("--top-k", \.topK, stored),
            difference("--threshold", \.threshold, stored),
            difference("--threshold auto", \.automaticThreshold, stored), difference("--allow", \.allow, stored),
            difference("--deny", \.deny, stored), difference("--format", \.format, stored),
        ].compactMap(\.self)
        guard differences.isEmpty else {
            throw EPANNsError(
                .invalidConfiguration,
                "The results in \(folder) were made with other settings: \(differences.joined(separator: "; ")). Use "
                    + "the same, take another folder, or leave --resume out to tag everything anew.")
        }
    }

    private func difference<Value: Equatable>(
        _ name: String, _ key: KeyPath<TagSettings, Value>, _ stored: TagSettings
    ) -> String? {
        guard self[keyPath: key] != stored[keyPath: key] else { return nil }
        return "\(name) was \(Self.text(stored[keyPath: key])) and is \(Self.text(self[keyPath: key]))"
    }

    private static func text(_ value: Any) -> String {
        switch value {
        case let list as [Int]: list.isEmpty ? "not given" : "[" + list.map(String.init).joined(separator: " ") + "]"
        case let text as String: text
        case let number as Double: "\(number)"
        case let number as Float: "\(number)"
        case let number as Int: "\(number)"
        case let flag as Bool: flag ? "given" : "not given"
        default: "not given"
        }
    }
}

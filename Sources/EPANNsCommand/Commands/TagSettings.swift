import EPANNs
import EPANNsCore
import Foundation

/// What results in an output folder depend on, kept in the folder so that `--resume` never mixes two kinds.
///
/// Test: `ResumeTests`.
struct TagSettings: Codable, Hashable {
    var modelSHA256: String?
    /// As what the model's file was read, which its name may tell, or the user.
    var architecture: String?
    var precision: String
    /// Nil for the model's own.
    var activation: String?
    /// Nil for the mean, or the loudest channel where they cancel each other.
    var channel: String?
    var windowSeconds: Double?
    var hopSeconds: Double?
    /// True for clips as a whole however long, absent otherwise.
    var whole: Bool?
    var topK: Int
    var threshold: Float?
    /// True for the model's own, absent otherwise.
    var automaticThreshold: Bool?
    var allow: [Int]?
    var deny: [Int]
    /// True for the scores of frames, absent otherwise.
    var framewise: Bool?
    var format: String
    /// Whether the results made with them are listed beside; absent in folders of earlier versions.
    var resultsListed: Bool? = true

    enum CodingKeys: String, CodingKey {
        case modelSHA256 = "model_sha256"
        case architecture, precision, activation, channel
        case windowSeconds = "window_seconds"
        case hopSeconds = "hop_seconds"
        case topK = "top_k"
        case whole, threshold
        case automaticThreshold = "threshold_auto"
        case allow, deny, framewise, format
        case resultsListed = "results_listed"
    }

    /// Reads a folder's settings; nil when it holds none.
    ///
    /// - Throws: `EPANNsError` with code `invalidConfiguration` when the file is damaged.
    static func read(_ folder: ResultFolder) throws -> TagSettings? {
        guard let data = try folder.settings() else { return nil }
        do {
            return try JSONDecoder().decode(TagSettings.self, from: data)
        } catch {
            throw EPANNsError(
                .invalidConfiguration,
                "\(folder.path)/\(ResultFolder.settingsName), which says how the results there were made, is damaged; "
                    + "delete it to accept them as they are, or leave --resume out to tag everything anew.")
        }
    }

    /// The settings as a file.
    func encoded() throws -> Data {
        let encoder = JSONEncoder()
        encoder.outputFormatting = [.sortedKeys, .prettyPrinted]
        return try encoder.encode(self) + Data("\n".utf8)
    }

    /// Refuses to go on in a folder whose results were made otherwise, or by a version that had other defaults.
    ///
    /// - Throws: `EPANNsError` with code `invalidConfiguration` naming every difference.
    func check(against stored: TagSettings, folder: String) throws {
        guard stored.resultsListed == true else {
            throw EPANNsError(
                .invalidConfiguration,
                "The results in \(folder) were made by an earlier version, which took long clips as a whole, the mean of "
                    + "the channels, and wrote less beside the tags. Take another folder, or leave --resume out to tag "
                    + "everything anew; to mix both kinds, delete \(folder)/\(ResultFolder.settingsName).")
        }
        let differences = [
            difference("the model (SHA-256)", \.modelSHA256, stored),
            difference("the architecture", \.architecture, stored), difference("--precision", \.precision, stored),
            difference("--activation", \.activation, stored), difference("--channel", \.channel, stored),
            difference("--window", \.windowSeconds, stored),
            difference("--hop", \.hopSeconds, stored), difference("--whole", \.whole, stored),
            difference("--top-k", \.topK, stored),
            difference("--threshold", \.threshold, stored),
            difference("--threshold auto", \.automaticThreshold, stored), difference("--allow", \.allow, stored),
            difference("--deny", \.deny, stored), difference("--framewise", \.framewise, stored),
            difference("--format", \.format, stored),
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

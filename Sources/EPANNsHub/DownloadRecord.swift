import EPANNsCore
import Foundation

/// What was downloaded, from where and when: the side-car `FILE.json` beside a cached file.
///
/// Where the authors published no checksum, this record is what later checks compare with: trust on first use.
public struct DownloadRecord: Codable, Hashable, Sendable {
    /// What the file was compared with when it came.
    public enum Trust: String, Codable, Sendable {
        /// The checksum in the registry.
        case publishedChecksum
        /// Nothing: no checksum is known, the first copy is trusted.
        case firstUse
    }

    /// The model's name in the registry.
    public var model: String
    /// The file name.
    public var fileName: String
    /// Size and digests of the file as it came.
    public var digest: FileDigest
    /// What the file was compared with.
    public var trust: Trust
    /// The address it came from; `nil` for a file that was put into the cache by other means.
    public var source: String?
    /// When it came, ISO 8601, UTC.
    public var date: String
    /// The file as it was when it last had these digests: while it stays so, nothing is computed again.
    package var stamp: FileStamp?
}

/// What is known of a download that is not complete: the side-car `FILE.part.json`.
struct PartState: Codable, Hashable {
    /// The address in the registry or at the mirror, before redirects.
    var source: String
    /// The server's strong entity tag: it proves that the rest belongs to the same file.
    var entityTag: String?
    /// The whole file's size in bytes, as the server said.
    var byteCount: Int?
}

/// Reading and writing of the small JSON files beside the weights.
enum SideCar {
    /// Far more than any side-car needs.
    static let maximumByteCount = 64 * 1024

    /// Reads a side-car; `nil` where there is none.
    ///
    /// - Throws: `EPANNsError` with code `fileFailure` when it is damaged.
    static func read<Value: Decodable>(_: Value.Type, at path: String) throws -> Value? {
        var status = stat()
        guard stat(path, &status) == 0 else { return nil }
        // A pipe would keep its reader waiting for ever.
        guard status.st_mode & S_IFMT == S_IFREG else {
            throw EPANNsError(.fileFailure, "\(path) is not a regular file. Delete it and download the model again.")
        }
        var bytes: [UInt8] = []
        try SystemCall.forEachChunk(ofFile: path) { chunk in
            guard bytes.count + chunk.count <= maximumByteCount else {
                throw EPANNsError(.fileFailure, "\(path) is too long to be a record of a download. Delete it.")
            }
            bytes.append(contentsOf: chunk)
        }
        do {
            return try JSONDecoder().decode(Value.self, from: Data(bytes))
        } catch {
            throw EPANNsError(
                .fileFailure,
                "\(path) is damaged. Delete it and download the model again.", cause: error)
        }
    }

    /// Writes a side-car: under another name, to the disk, then renamed, so that it is never half there.
    ///
    /// - Throws: `EPANNsError` with code `fileFailure`.
    static func write(_ value: some Encodable, at path: String) throws {
        let encoder = JSONEncoder()
        encoder.outputFormatting = [.prettyPrinted, .sortedKeys, .withoutEscapingSlashes]
        let draft = path + ".new"
        do {
            let file = try PartFile(path: draft)
            try file.clear()
            try encoder.encode(value).withUnsafeBytes { try file.append($0) }
            try file.synchronize()
        }
        try check("write", path) { rename(draft, path) }
    }
}

import EPANNsCore

/// The outcome of comparing a cached file with what it should be.
public struct VerificationReport: Codable, Hashable, Sendable {
    /// How a file fared.
    public enum Outcome: String, Codable, Sendable {
        /// It has the published checksum.
        case matchesPublished
        /// No checksum was published; it is what came when it was first downloaded.
        case matchesFirstUse
        /// No checksum was published and no record of a download is there: nothing to compare with.
        case unverifiable
        /// It is not the file it should be.
        case mismatch
    }

    /// The model's name.
    public let model: String
    /// The file's path.
    public let path: String
    /// How it fared.
    public let outcome: Outcome
    /// The size and digests found.
    public let digest: FileDigest
    /// What does not fit, with the expected and the found value; `nil` when all fits.
    public let problem: String?
    /// Whether the file is, byte for byte, the public copy whose git blob id the registry names.
    ///
    /// `nil` where it names none. Corroboration of a first use, not proof.
    public let matchesPublicCopy: Bool?

    /// Whether the file may be used: not known to be wrong.
    public var isGood: Bool { outcome != .mismatch }
}

extension ModelCache {
    /// Computes the digests of a cached file and compares them with the published ones, or else with the record
    /// of the first download.
    ///
    /// Test: `ModelCacheTests`.
    ///
    /// - Throws: `EPANNsError` with code `modelUnavailable` when the file is not here, `fileFailure` when it or its
    ///   record cannot be read. A file that is wrong is a report with the outcome `mismatch`, not an error.
    public func verify(_ model: RegisteredModel) throws -> VerificationReport {
        guard isCached(model) else {
            throw EPANNsError(
                .modelUnavailable,
                "The model “\(model.name)” is not on this machine: there is no \(path(for: model)).",
                remedy: .downloadModel(name: model.name, again: false))
        }
        let digest = try FileDigest(ofFile: path(for: model))
        let record = try model.hasChecksum ? nil : record(of: model)
        let problem = model.problem(with: digest) ?? record.flatMap { Self.problem(with: digest, since: $0) }
        let outcome: VerificationReport.Outcome =
            if problem != nil { .mismatch } else if model.hasChecksum { .matchesPublished } else if record != nil {
                .matchesFirstUse
            } else { .unverifiable }
        return VerificationReport(
            model: model.name, path: path(for: model), outcome: outcome, digest: digest, problem: problem,
            matchesPublicCopy: try model.gitBlobID.map {
                try FileDigest.gitBlobID(ofFile: path(for: model), byteCount: digest.byteCount) == $0
            })
    }

    /// What does not fit between a file and the record of its first download.
    static func problem(with digest: FileDigest, since record: DownloadRecord) -> String? {
        guard digest.sha256 != record.digest.sha256 else { return nil }
        return "on \(record.date) it was downloaded with SHA-256 \(record.digest.sha256), now it is \(digest.sha256)"
    }
}

extension RegisteredModel {
    /// What does not fit between a file and the published facts, or `nil`.
    func problem(with digest: FileDigest) -> String? {
        if let byteCount, byteCount != digest.byteCount {
            return "\(byteCount) bytes are expected, it has \(digest.byteCount)"
        }
        if let sha256, sha256 != digest.sha256 {
            return "the expected SHA-256 is \(sha256), it has \(digest.sha256)"
        }
        if let md5, md5 != digest.md5 { return "the published MD5 is \(md5), it has \(digest.md5)" }
        if digest.byteCount < minimumByteCount {
            return "\(parameterCount) parameters need at least \(minimumByteCount) bytes, it has \(digest.byteCount)"
        }
        return nil
    }
}

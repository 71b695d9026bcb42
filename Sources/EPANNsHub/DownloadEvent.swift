/// How far a download is.
public struct DownloadProgress: Hashable, Sendable {
    /// The bytes of the file that are here, those of former attempts included.
    public let byteCount: Int
    /// The bytes of the whole file, or `nil` when the server does not say.
    public let totalByteCount: Int?
    /// Bytes that arrive a second, averaged over the last few seconds; 0 at the start.
    public let bytesPerSecond: Double

    /// The part that is here, 0...1, or `nil` when the total is not known.
    public var fraction: Double? {
        totalByteCount.map { $0 > 0 ? min(1, Double(byteCount) / Double($0)) : 1 }
    }

    /// The time the rest will take at this rate, or `nil` when that cannot be told.
    public var secondsLeft: Double? {
        guard let totalByteCount, bytesPerSecond > 0 else { return nil }
        return Double(max(0, totalByteCount - byteCount)) / bytesPerSecond
    }
}

/// What happens during a download, in order; for showing to a user.
public enum DownloadEvent: Hashable, Sendable {
    /// A part of a former run is here and is being read, to go on with its checksum.
    case checkingPart(byteCount: Int)
    /// A request goes out; bytes before `offset` are here.
    case requesting(url: String, offset: Int)
    /// Bytes have arrived: at the start, about ten times a second, and at the end.
    case progress(DownloadProgress)
    /// What was here is of no use, the file comes from the start.
    case restarting(reason: String)
    /// The transfer broke; it goes on after a pause.
    case retrying(reason: String, attempt: Int, limit: Int, after: Duration)
    /// The file is here and is being compared with its checksum.
    case verifying
}

/// The outcome of a download.
public struct DownloadResult: Hashable, Sendable {
    /// Where the file lies.
    public let path: String
    /// What is known of it; also in the side-car `FILE.json`.
    public let record: DownloadRecord
    /// Whether the file was here before, so that nothing came over the network.
    public let wasCached: Bool
    /// See ``VerificationReport/matchesPublicCopy``.
    public let matchesPublicCopy: Bool?
}

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

/// Measures a rate over the last few seconds and decides when to tell of it.
struct ProgressMeter {
    private let clock = ContinuousClock()
    private let interval: Duration
    private var samples: [(time: ContinuousClock.Instant, byteCount: Int)] = []
    private var lastReport: ContinuousClock.Instant?

    /// The span over which the rate is averaged.
    private static let window = Duration.seconds(5)

    init(interval: Duration) {
        self.interval = interval
    }

    /// Starts the measurement anew at an attempt's first byte, since the pause before it is no rate.
    mutating func begin(at byteCount: Int) {
        samples = [(clock.now, byteCount)]
        lastReport = nil
    }

    /// Takes note of the count; returns progress when it is time to tell.
    mutating func progress(byteCount: Int, total: Int?, isLast: Bool = false) -> DownloadProgress? {
        let now = clock.now
        if let lastReport, now - lastReport < interval, !isLast { return nil }
        lastReport = now
        samples.append((now, byteCount))
        // Keep one sample older than the window, so that the average spans it.
        while samples.count > 2, now - samples[1].time > Self.window { samples.removeFirst() }
        let span = (now - samples[0].time) / .seconds(1)
        let rate = span > 0 ? Double(byteCount - samples[0].byteCount) / span : 0
        return DownloadProgress(byteCount: byteCount, totalByteCount: total, bytesPerSecond: max(0, rate))
    }
}

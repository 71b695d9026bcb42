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

    /// Starts the measurement anew at an attempt's first byte, since the pause before it says nothing about the rate.
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

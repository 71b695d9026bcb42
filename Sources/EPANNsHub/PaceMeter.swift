/// Tells how fast bytes come, over the last stretch of time.
struct PaceMeter {
    private let clock = ContinuousClock()
    private let window: Duration
    private var samples: [(time: ContinuousClock.Instant, byteCount: Int)] = []
    private var byteCount = 0
    private var lastSign: ContinuousClock.Instant

    init(window: Duration) {
        self.window = window
        lastSign = clock.now
        restart()
    }

    /// Forgets what was.
    mutating func restart() {
        lastSign = clock.now
        samples = [(lastSign, byteCount)]
    }

    /// Takes note of bytes, or with none of another sign of life.
    mutating func note(_ count: Int) {
        let now = clock.now
        lastSign = now
        byteCount += count
        // Eight samples span the window well enough.
        if let last = samples.last, now - last.time < window / 8 { return }
        samples.append((now, byteCount))
        // One that is older than the window stays, so that the average spans it.
        while samples.count > 2, now - samples[1].time > window { samples.removeFirst() }
    }

    /// The time since the last sign of life.
    var silence: Duration { clock.now - lastSign }

    /// The pace over the window; `nil` before one has passed.
    var bytesPerSecond: Double? {
        let now = clock.now
        guard let start = samples.last(where: { now - $0.time >= window }) else { return nil }
        return Double(byteCount - start.byteCount) / ((now - start.time) / .seconds(1))
    }
}

/// How long the runs of one thing took.
///
/// The minimum says what the machine can do; the median what it did while others used it, too.
public struct RunTimes: Codable, Hashable, Sendable {
    /// Milliseconds of each run, in the order of the runs.
    public private(set) var milliseconds: [Double]

    /// Keeps times, in milliseconds.
    public init(milliseconds: [Double] = []) { self.milliseconds = milliseconds }

    /// Milliseconds of the fastest run; NaN where there was none.
    public var minimum: Double { milliseconds.min() ?? .nan }

    /// Half of the runs took no longer, in milliseconds; NaN where there was none.
    public var median: Double {
        let sorted = milliseconds.sorted()
        guard let last = sorted.indices.last else { return .nan }
        return (sorted[last / 2] + sorted[(last + 1) / 2]) / 2
    }

    /// Runs `body` once and keeps its time.
    ///
    /// - Throws: What `body` throws; then no time is kept.
    public mutating func measure(_ body: () throws -> Void) rethrows {
        let time = try ContinuousClock().measure(body)
        milliseconds.append(time / .milliseconds(1))
    }
}

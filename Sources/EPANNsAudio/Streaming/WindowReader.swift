import EPANNsCore

/// Pulls windows out of an ``AudioReader``.
public final class WindowReader {
    /// Where the blocks come from.
    public let reader: AudioReader
    /// How it is cut.
    public var plan: WindowPlan { cutter.plan }
    private var cutter: WindowCutter
    private var isAtEnd = false

    /// Cuts the rest of what a reader gives.
    ///
    /// - Throws: `EPANNsError` with code `invalidConfiguration` when the plan is for another rate.
    public init(_ reader: AudioReader, plan: WindowPlan) throws {
        guard reader.sampleRate == plan.sampleRate else {
            throw EPANNsError(
                .invalidConfiguration,
                "The windows are planned at \(plan.sampleRate) Hz, but the audio is read at \(reader.sampleRate) Hz.")
        }
        self.reader = reader
        cutter = WindowCutter(plan)
    }

    /// The next window; nil at the end.
    ///
    /// - Throws: As ``AudioReader/next()``.
    public func next() throws -> AudioWindow? {
        while true {
            if let window = cutter.next() { return window }
            if isAtEnd { return nil }
            if let block = try reader.next() {
                cutter.append(block)
            } else {
                isAtEnd = true
                cutter.finish()
            }
        }
    }
}

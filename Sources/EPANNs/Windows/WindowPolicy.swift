import EPANNsAudio
import EPANNsCore

/// How a source is cut into the windows that a network hears.
public enum WindowPolicy: Codable, Hashable, Sendable {
    /// The whole clip is one window; at most an hour.
    case whole
    /// Windows of a length, each for itself.
    ///
    /// `hopSeconds` is the distance between the starts of two windows; nil for windows side by side.
    case every(seconds: Double, hopSeconds: Double? = nil)
    /// One result for the clip: as a whole up to ``longestWholeSeconds``, else the mean over windows of ``meanSeconds``.
    ///
    /// Networks were trained on clips of ten seconds, and a window of ten seconds needs little memory.
    case automatic

    /// Longest clip that ``automatic`` takes as a whole.
    public static let longestWholeSeconds = 30.0
    /// Length of the windows whose mean ``automatic`` takes of longer clips.
    public static let meanSeconds = 10.0
    /// Shortest distance between the starts of two windows: that of two frames of a spectrogram.
    public static let shortestHopSeconds = 0.01
    /// Shortest last stretch of a recording that becomes a window.
    ///
    /// What resampling or a codec leaves over, less than anyone could hear something in, makes no window of its own.
    static let shortestTailSeconds = 0.05

    /// Windows as this package has always cut them: what is left at the end is a shorter window, and not lost.
    ///
    /// - Throws: `EPANNsError` with code `invalidConfiguration` when a length is out of range.
    static func plan(sampleRate: Int, seconds: Double, hopSeconds: Double? = nil) throws -> WindowPlan {
        if let hopSeconds, !(hopSeconds >= shortestHopSeconds) {
            throw EPANNsError(
                .invalidConfiguration,
                "A hop of \(hopSeconds) s is invalid; it must be at least \(shortestHopSeconds) s, below which windows "
                    + "hardly differ.")
        }
        return try WindowPlan(
            sampleRate: sampleRate, windowSeconds: seconds, hopSeconds: hopSeconds,
            minimumSeconds: min(seconds, shortestTailSeconds))
    }

    /// Whether a result has a row a window, and not one for the clip.
    public var isWindowed: Bool {
        switch self {
        case .every: true
        case .whole, .automatic: false
        }
    }
}

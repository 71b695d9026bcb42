import EPANNsCore

/// A network's scores of the clips of a data set, and which clips have none.
public struct ClipScores: Sendable {
    /// A clip that could not be scored.
    public struct Failure: Sendable, Hashable {
        /// The clip's index in the data set.
        public var clip: Int
        /// What went wrong; it names the clip.
        public var message: String
        /// What the user can do, where it is more than ``message`` says.
        public var remedy: Remedy?
    }

    /// One row a clip, shape `(classes)`; nil for those that failed.
    public var rows: [[Float]?]
    /// The clips that failed, in the data set's order.
    public var failures: [Failure]

    /// Indices of the clips that have scores.
    public var done: [Int] { rows.indices.filter { rows[$0] != nil } }

    /// Scores of all clips, row-major, shape `(clips, classes)`; NaN for those that failed.
    ///
    /// - Parameter classCount: Length of a row.
    public func matrix(classCount: Int) -> [Float] {
        let missing = [Float](repeating: .nan, count: classCount)
        return rows.flatMap { $0 ?? missing }
    }

    /// Scores of some clips that have them, row-major, shape `(clips, classes)`.
    func values(of clips: [Int]) -> [Float] { clips.flatMap { rows[$0] ?? [] } }
}

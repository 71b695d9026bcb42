/// Scores of a clip's stretches, and of its frames: where in a clip a class is heard.
///
/// A network that decides for stretches has a result for each of them; as the reference does, a frame takes its stretch's,
/// and the frames behind the last stretch take the last one's (SPEC §6.2). Parity: `NetworkParityTests`.
public struct FramewiseScores: Codable, Hashable, Sendable {
    /// Probabilities, shape `(stretches, classes)`, row-major.
    public var segments: [Float]
    /// Number of classes.
    public var classCount: Int
    /// Frames that a stretch stands for.
    public var framesPerSegment: Int
    /// Frames of the clip.
    public var frameCount: Int
    /// Distance between two frames.
    public var secondsPerFrame: Double

    /// Makes scores.
    ///
    /// - Parameters:
    ///   - segments: Probabilities, shape `(stretches, classes)`.
    ///   - classCount: Number of classes.
    ///   - framesPerSegment: Frames that a stretch stands for.
    ///   - frameCount: Frames of the clip.
    ///   - secondsPerFrame: Distance between two frames.
    public init(
        segments: [Float], classCount: Int, framesPerSegment: Int, frameCount: Int, secondsPerFrame: Double
    ) {
        precondition(classCount > 0 && framesPerSegment > 0 && segments.count >= classCount)
        self.segments = segments
        self.classCount = classCount
        self.framesPerSegment = framesPerSegment
        self.frameCount = frameCount
        self.secondsPerFrame = secondsPerFrame
    }

    /// Number of stretches.
    public var segmentCount: Int { segments.count / classCount }

    /// The classes' scores at a frame, shape `(classes)`.
    ///
    /// - Parameter frame: Its number, from 0.
    public func scores(frame: Int) -> ArraySlice<Float> {
        let segment = min(frame / framesPerSegment, segmentCount - 1)
        return segments[segment * classCount..<(segment + 1) * classCount]
    }

    /// Where a frame starts, in seconds from the clip's beginning.
    ///
    /// - Parameter frame: Its number, from 0.
    public func seconds(frame: Int) -> Double { Double(frame) * secondsPerFrame }

    /// The scores of all frames, shape `(frames, classes)`, row-major.
    public var frames: [Float] { (0..<frameCount).flatMap { scores(frame: $0) } }
}

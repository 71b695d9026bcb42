/// Something that is wrong with a recording although it can be decoded: its scores may mean little.
///
/// The code is for programs and stays what it is; the message is for people. ``AudioDoctor`` makes them.
public struct AudioFinding: Sendable, Hashable, Codable {
    /// What was found.
    public enum Code: String, Sendable, Hashable, Codable, CaseIterable {
        /// Nothing, or hardly anything, but digital silence.
        case digitalSilence = "digital-silence"
        /// The channels cancel each other when they are mixed.
        case antiPhase = "anti-phase"
        /// A channel holds no sound beside one that does.
        case deadChannel = "dead-channel"
        /// Samples far above full scale.
        case overFullScale = "over-full-scale"
        /// Peaks cut off at full scale.
        case clipping
        /// The samples do not lie around zero.
        case dcOffset = "dc-offset"
        /// Sound so quiet that little of it is left.
        case lowLevel = "low-level"
        /// Nothing above half of the frequencies that the network listens to.
        case narrowBand = "narrow-band"
        /// Too short for the scores to mean much.
        case shortClip = "short-clip"
    }

    /// What was found.
    public var code: Code
    /// The same for a person: a sentence with the numbers that were measured.
    public var message: String

    /// Makes a finding.
    public init(_ code: Code, _ message: String) {
        self.code = code
        self.message = message
    }
}

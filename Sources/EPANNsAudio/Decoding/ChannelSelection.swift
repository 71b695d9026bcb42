import EPANNsCore

/// Which channels of a recording are listened to.
///
/// As text: `auto`, `mix`, or a channel's number, counted from 1.
public enum ChannelSelection: Sendable, Hashable, CustomStringConvertible {
    /// The mean of the channels, or the loudest one where they cancel each other.
    case automatic
    /// The mean of the channels, whatever comes of it.
    case mix
    /// One channel, counted from 1.
    case channel(Int)

    /// Reads the text form.
    ///
    /// - Throws: `EPANNsError` with code `invalidConfiguration`.
    public init(parsing text: String) throws {
        switch text {
        case "auto": self = .automatic
        case "mix": self = .mix
        default:
            guard let number = Int(text), AudioLimits.channels.contains(number) else {
                throw EPANNsError(
                    .invalidConfiguration,
                    "\(text.quoted) is not a channel; write its number, counted from 1, or mix for the mean of all.")
            }
            self = .channel(number)
        }
    }

    /// The text form.
    public var description: String {
        switch self {
        case .automatic: "auto"
        case .mix: "mix"
        case .channel(let number): String(number)
        }
    }

    /// Checks that a recording has the channel.
    ///
    /// - Throws: `EPANNsError` with code `invalidConfiguration`.
    func check(channelCount: Int, name: String) throws {
        guard case .channel(let number) = self, !(1...channelCount).contains(number) else { return }
        throw EPANNsError(
            .invalidConfiguration,
            "\(name) has \(channelCount.counted("channel")), so there is no channel \(number).")
    }
}

extension ChannelSelection: Codable {
    /// Reads the text form.
    public init(from decoder: any Decoder) throws {
        try self.init(parsing: decoder.singleValueContainer().decode(String.self))
    }

    /// Writes the text form.
    public func encode(to encoder: any Encoder) throws {
        var container = encoder.singleValueContainer()
        try container.encode(description)
    }
}

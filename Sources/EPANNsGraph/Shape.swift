/// An axis of a feature map.
///
/// Axes always come in the order batch, channel, time, mel.
///
/// `height` and `width` are positions; PANNs put time on the height and mel on the width. A graph that works on
/// the transpose (EfficientAT) starts with ``Operation/transpose``, after which the height is mel.
public enum Axis: String, Codable, Hashable, Sendable {
    case channel, height, width

    /// Time, in the order that PANNs use.
    public static let time = Axis.height
    /// Mel bands, in the order that PANNs use.
    public static let mel = Axis.width
}

/// Shape of one clip's features at some point of a graph: channels and up to two spatial extents.
public struct Shape: Hashable, Sendable, CustomStringConvertible {
    /// Number of channels.
    public var channels: Int
    /// Spatial extents: none (a vector), one (length), or two (height, width).
    public var spatial: [Int]

    /// Makes a shape.
    public init(_ channels: Int, _ spatial: [Int] = []) {
        self.channels = channels
        self.spatial = spatial
    }

    /// Number of elements of one clip.
    public var count: Int { channels * positions }
    /// Number of spatial positions; 1 for a vector.
    public var positions: Int { spatial.reduce(1, *) }
    /// All extents, channels first.
    public var dimensions: [Int] { [channels] + spatial }
    /// For example `64×500×32`.
    public var description: String { dimensions.map(String.init).joined(separator: "×") }
}

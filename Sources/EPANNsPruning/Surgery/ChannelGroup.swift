/// Channels that can only be removed together, and the layers that make them.
///
/// A *unit* is one such set: filter 3 of a convolution, with what the batch norm behind it, a depthwise convolution and a
/// squeeze-excitation keep for channel 3. A group has as many units as can be removed one by one.
public struct ChannelGroup: Sendable, Hashable {
    /// Why channels cannot be removed, or only on request.
    public enum Tie: String, Sendable, Hashable, Codable {
        /// Nothing stands in the way.
        case none
        /// A residual sum ties several layers' channels to one another.
        case residual
        /// They are the spectrogram or the classes.
        case fixed
    }

    /// A layer whose filters make the channels.
    public struct Layer: Sendable, Hashable {
        /// The node's name, a state-dict prefix.
        public var name: String
        /// Its index in the graph.
        package var node: Int
        /// Whether it is a convolution, otherwise a linear layer.
        package var isConvolution: Bool
        /// Whether its filters tell the units' importance; a squeeze-excitation's output only follows what it scales.
        package var isScored: Bool
    }

    /// One layer's channel.
    package struct Element: Sendable, Hashable {
        package var node: Int
        package var channel: Int
    }

    /// The layers, in graph order.
    public var layers: [Layer]
    /// What stands in the way of removing channels.
    public var tie: Tie
    /// Whether the channels, or what follows from them, are the embedding.
    package var isEmbedding: Bool
    /// For each unit the channels of the layers in ``layers``.
    package var units: [[Element]]

    /// Number of units.
    public var width: Int { units.count }
    /// The scored layers' names.
    package var scoredNames: [String] { layers.filter(\.isScored).map(\.name) }
}

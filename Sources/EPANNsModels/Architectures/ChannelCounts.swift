/// Numbers of channels by the layers' names, each to be taken by the configuration that knows the layer.
public struct ChannelCounts: Sendable {
    private var left: [String: Int]

    /// Wraps new numbers by state-dict prefixes.
    public init(_ counts: [String: Int]) { left = counts }

    /// Names that no layer has taken.
    public var untaken: [String] { left.keys.sorted() }

    /// Replaces a width by the layer's new number, where it has one.
    public mutating func take(_ name: String, _ width: inout Int) {
        width = left.removeValue(forKey: name) ?? width
    }
}

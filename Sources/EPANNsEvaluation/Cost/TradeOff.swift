/// What is gained and what it takes: systems of which each is worth its price.
///
/// Test: `TradeOffTests`.
public enum TradeOff {
    /// A system with its gain (more is better) and price (less is better).
    public struct Point: Codable, Hashable, Sendable {
        /// The system.
        public var name: String
        /// What is gained, for example mean average precision.
        public var gain: Double
        /// What it takes, for example milliseconds.
        public var price: Double

        /// Makes a point.
        public init(name: String, gain: Double, price: Double) {
            self.name = name
            self.gain = gain
            self.price = price
        }
    }

    /// The points that no other beats in gain at the same price or less, the cheapest first; the first of equals stays.
    ///
    /// Points whose gain or price is not a number are left out.
    public static func front(_ points: [Point]) -> [Point] {
        let known = points.enumerated().filter { !$0.element.gain.isNaN && !$0.element.price.isNaN }
        let ordered = known.sorted {
            ($0.element.price, -$0.element.gain, $0.offset) < ($1.element.price, -$1.element.gain, $1.offset)
        }
        var front: [Point] = []
        for (_, point) in ordered where point.gain > front.last?.gain ?? -.infinity { front.append(point) }
        return front
    }
}

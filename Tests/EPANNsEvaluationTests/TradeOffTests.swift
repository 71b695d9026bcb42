import EPANNsEvaluation
import Testing

@Suite struct TradeOffTests {
    private func names(_ points: [(String, Double, Double)]) -> [String] {
        TradeOff.front(points.map { .init(name: $0.0, gain: $0.1, price: $0.2) }).map(\.name)
    }

    @Test func `only what nobody beats stays, the cheapest first`() {
        #expect(
            names([("big", 0.9, 100), ("small", 0.3, 1), ("worse", 0.8, 120), ("middle", 0.5, 10)])
                == ["small", "middle", "big"])
        // Dearer and no better goes, however little; cheaper and worse stays.
        #expect(names([("a", 0.5, 10), ("b", 0.5, 11), ("c", 0.4999, 9)]) == ["c", "a"])
    }

    @Test func `equal prices keep the better one, equals the first`() {
        #expect(names([("worse", 0.1, 5), ("better", 0.2, 5)]) == ["better"])
        #expect(names([("first", 0.2, 5), ("second", 0.2, 5)]) == ["first"])
    }

    @Test func `what is not a number is left out`() {
        #expect(names([("a", .nan, 1), ("b", 0.5, .nan), ("c", 0.5, 2)]) == ["c"])
        #expect(names([]).isEmpty)
    }
}

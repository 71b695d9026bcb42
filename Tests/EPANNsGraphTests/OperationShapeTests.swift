import EPANNsCore
import EPANNsGraph
import Testing

/// Shapes of every operation, and what each refuses to read.
@Suite struct OperationShapeTests {
    typealias Value = GraphBuilder.Value

    /// Shape behind the operations that `body` adds to a 1×20×8 spectrogram.
    private static func shape(
        frames: Int = 20, _ body: (inout GraphBuilder, Value) -> Value
    ) throws -> [Int] {
        var builder = GraphBuilder(input: .panns32k(melBands: 8))
        _ = body(&builder, builder.input)
        return try #require(builder.build().shapes(frameCount: frames).last).dimensions
    }

    private static func refusal(
        frames: Int = 20, _ body: (inout GraphBuilder, Value) -> Value
    ) -> EPANNsError? {
        do {
            _ = try shape(frames: frames, body)
            return nil
        } catch {
            return error as? EPANNsError
        }
    }

    /// A map of six channels, from a convolution.
    private static func map(_ g: inout GraphBuilder, _ x: Value) -> Value {
        g.convolution("map", x, Convolution(filters: 6, kernel: [3, 3], padding: [1, 1]))
    }

    /// A vector of six channels.
    private static func vector(_ g: inout GraphBuilder, _ x: Value) -> Value {
        g.reduce("vector", map(&g, x), .mean, over: [.height, .width])
    }

    @Test func windowsRoundDownAndPaddingCountsOnBothSides() throws {
        #expect(
            try Self.shape {
                $0.convolution(
                    "c", $1,
                    Convolution(filters: 4, kernel: [5, 3], stride: [2, 1], padding: [2, 0], dilation: [1, 2]))
            } == [4, 10, 4])
        #expect(try Self.shape { $0.pool("p", $1, Pool(.mean, kernel: [3, 2])) } == [1, 6, 4])
        #expect(
            try Self.shape { $0.pool("p", $1, Pool(.max, kernel: [3, 3], stride: [1, 1], padding: [1, 1])) } == [
                1, 20, 8,
            ])
    }

    @Test func axesAreSwappedReducedAndSplit() throws {
        #expect(try Self.shape { $0.transpose("t", $1) } == [1, 8, 20])
        #expect(try Self.shape { $0.reduce("r", Self.map(&$0, $1), .mean, over: [.mel]) } == [6, 20])
        #expect(try Self.shape { $0.reduce("r", Self.map(&$0, $1), .max, over: [.time]) } == [6, 8])
        #expect(try Self.shape(Self.vector) == [6])
        #expect(
            try Self.shape {
                $0.unflattenChannels("u", $0.reduce("r", Self.map(&$0, $1), .mean, over: [.mel]), height: 3)
            } == [2, 3, 20])
    }

    @Test func vectorsAreMultipliedAndNormalised() throws {
        #expect(try Self.shape { $0.linear("l", Self.vector(&$0, $1), outputs: 9) } == [9])
        #expect(try Self.shape { $0.softmax("s", Self.vector(&$0, $1)) } == [6])
        #expect(try Self.shape { $0.batchNorm("b", Self.vector(&$0, $1)) } == [6])
    }

    @Test func joinsKeepOrAddChannels() throws {
        #expect(
            try Self.shape { g, x in g.add("a", [Self.map(&g, x), Self.second(&g, x, filters: 6)]) } == [6, 20, 8])
        #expect(
            try Self.shape { g, x in g.concatenate("c", [Self.map(&g, x), Self.second(&g, x, filters: 5)]) }
                == [11, 20, 8])
        #expect(
            try Self.shape { g, x in
                let y = Self.map(&g, x)
                return g.multiply("m", y, by: g.reduce("v", y, .mean, over: [.height, .width]))
            } == [6, 20, 8])
    }

    private static func second(_ g: inout GraphBuilder, _ x: Value, filters: Int, stride: Int = 1) -> Value {
        g.convolution(
            "second", x, Convolution(filters: filters, kernel: [1, 1], stride: [stride, stride]))
    }

    @Test func parametersHaveTheirOwnShape() throws {
        #expect(try Self.shape { g, _ in g.parameter("v.pos_embed", Parameter(channels: 6, positions: 4)) } == [6, 4])
    }

    @Test func tokensAreMadeAttendedToAndTaken() throws {
        #expect(try Self.shape { $0.flatten("f", Self.map(&$0, $1)) } == [6, 160])
        #expect(
            try Self.shape { g, x in
                let tokens = g.flatten("f", Self.map(&g, x))
                return g.join("j", [g.parameter("p", Parameter(channels: 6)), tokens, tokens])
            } == [6, 321])
        #expect(
            try Self.shape { g, x in
                let y = g.linear("l", g.layerNorm("n", g.flatten("f", Self.map(&g, x))), outputs: 24)
                return g.first("t", g.attention("a", y, Attention(heads: 4, headWidth: 2)), count: 3)
            } == [8, 3])
        let few = Self.refusal { g, x in g.first("t", g.flatten("f", Self.map(&g, x)), count: 161) }
        #expect(few?.code == .invalidAudio)
    }

    @Test func aClipThatIsTooShortIsToldFromAGraphThatIsWrong() {
        let short = Self.refusal(frames: 2) { $0.pool("p", $1, Pool(.mean, kernel: [3, 2])) }
        #expect(short?.code == .invalidAudio)
        #expect(short?.message.contains("2 frames are too few for this network: nothing is left at p") == true)
        #expect(Self.refusal(frames: 0) { _, x in x }?.code == .invalidAudio)
    }

    struct Wrong: CustomTestStringConvertible, Sendable {
        var testDescription: String
        var body: @Sendable (inout GraphBuilder, Value) -> Value
        init(_ message: String, _ body: @escaping @Sendable (inout GraphBuilder, Value) -> Value) {
            testDescription = message
            self.body = body
        }
    }

    static let wrong = [
        // Not silently a vector.
        Wrong("x (linear) reads vectors and one-dimensional maps, but is given 6×20×8") {
            $0.linear("x", map(&$0, $1), outputs: 3)
        },
        Wrong("x (layer norm) reads vectors and one-dimensional maps, but is given 6×20×8") {
            $0.layerNorm("x", map(&$0, $1))
        },
        Wrong("x (attention, 2 heads) needs 3 × 2 × 2 channels, but is given 6×4") { g, _ in
            g.attention(
                "x", g.parameter("p", Parameter(channels: 6, positions: 4)), Attention(heads: 2, headWidth: 2))
        },
        Wrong("x (attention, 1 head) reads one-dimensional maps, but is given 6×20×8") {
            $0.attention("x", map(&$0, $1), Attention(heads: 1, headWidth: 2))
        },
        Wrong("x (flatten) reads two-dimensional maps, but is given 6") { $0.flatten("x", vector(&$0, $1)) },
        Wrong("x (join) cannot join 6×4 and 5×4") { g, _ in
            g.join("x", [6, 5].map { g.parameter("p\($0)", Parameter(channels: $0, positions: 4)) })
        },
        Wrong("x (first 0) takes 0 positions") { g, _ in
            g.first("x", g.parameter("p", Parameter(channels: 6, positions: 4)), count: 0)
        },
        Wrong("x (softmax) reads vectors") { $0.softmax("x", map(&$0, $1)) },
        Wrong("x (transpose) reads two-dimensional maps, but is given 6") { $0.transpose("x", vector(&$0, $1)) },
        Wrong("x (conv 3) reads one-dimensional maps, but is given 1×20×8") {
            $0.convolution("x", $1, Convolution(filters: 2, kernel: [3]))
        },
        Wrong("x (mean pool 2×2) reads two-dimensional maps, but is given 6") {
            $0.pool("x", vector(&$0, $1), Pool(.mean, kernel: [2, 2]))
        },
        Wrong("x (unflatten) reads one-dimensional maps") { $0.unflattenChannels("x", map(&$0, $1), height: 2) },
        Wrong("x (mean over width) reduces the width, which 6×20 does not have") {
            $0.reduce("x", $0.reduce("r", map(&$0, $1), .mean, over: [.width]), .mean, over: [.width])
        },
        Wrong("x (add) cannot join 6×20×8 and 6×10×4") { g, x in
            g.add("x", [map(&g, x), second(&g, x, filters: 6, stride: 2)])
        },
        Wrong("x (concatenate) cannot join 6×20×8 and 2×10×4") { g, x in
            g.concatenate("x", [map(&g, x), second(&g, x, filters: 2, stride: 2)])
        },
        Wrong("x (multiply) cannot join 6×20×8 and 6×10×4") { g, x in
            g.multiply("x", map(&g, x), by: second(&g, x, filters: 6, stride: 2))
        },
        Wrong("x (batch norm over width) has statistics for 8 mel bands, but is given 1×8×20") {
            $0.batchNorm("x", $0.transpose("t", $1), BatchNorm(axis: .width))
        },
    ]

    @Test(arguments: wrong) func whatCannotBeReadIsRefusedByName(item: Wrong) {
        let error = Self.refusal(item.body)
        #expect(error?.code == .invalidConfiguration)
        #expect(error?.message.hasPrefix(item.testDescription) == true, "\(error?.message ?? "accepted")")
    }
}

import EPANNsCore
import EPANNsGraph

/// Graphs that have every operation where channels meet: pieces of ResNet, MobileNet, Wavegram and ERANN.
enum ToyGraph: String, CaseIterable, Sendable {
    case residual, bottleneck, concatenation, concatenatedInput, grouped, depthwiseMultiplier, squeezeExcitation, gate
    case product, unflattened, vectors, transposed, oneDimensional

    private static func convolution(_ filters: Int, groups: Int = 1, bias: Bool = false) -> Convolution {
        Convolution(filters: filters, kernel: [3, 3], padding: [1, 1], groups: groups, hasBias: bias)
    }

    /// A stem of six channels, the piece, a global maximum, a hidden layer and five classes.
    var graph: ModelGraph {
        var g = GraphBuilder(input: .panns32k(melBands: 8))
        var x = g.batchNorm("bn0", g.input, BatchNorm(axis: .mel))
        x = g.convolution("stem", x, Self.convolution(6, bias: true))
        let (y, left) = piece(&g, x)
        x = y
        if !left.isEmpty { x = g.reduce("head.max", x, .max, over: left) }
        x = g.activation("head.relu", g.linear("hidden", x, outputs: 9), .relu)
        x = g.dropout("head.dropout", x, rate: 0.5)
        g.output(.embedding, x)
        g.classify(g.linear("classes", x, outputs: 5), .softmax)
        return g.build()
    }

    /// The piece's result and the axes it has.
    private func piece(_ g: inout GraphBuilder, _ x: GraphBuilder.Value) -> (GraphBuilder.Value, [Axis]) {
        let both: [Axis] = [.height, .width]
        switch self {
        case .residual:
            let y = g.batchNorm("bn", g.convolution("c", x, Self.convolution(6)))
            return (g.activation("relu", g.add("sum", [y, x]), .relu), both)
        case .bottleneck:
            var y = g.convolution("narrow", x, Convolution(filters: 4, kernel: [1, 1]))
            y = g.activation("r", g.batchNorm("bn", y), .leakyReLU(slope: 0.01))
            y = g.convolution("wide", y, Self.convolution(6))
            let z = g.pool("pool", g.add("sum", [y, x]), Pool(.max, kernel: [2, 2]))
            return (g.convolution("after", z, Self.convolution(5)), both)
        case .concatenation:
            let a = g.convolution("a", x, Self.convolution(5))
            let b = g.convolution("b", x, Self.convolution(7, bias: true))
            return (g.convolution("c", g.concatenate("cat", [a, x, b]), Self.convolution(4)), both)
        case .concatenatedInput:
            // Among the channels is one that no layer makes.
            return (g.convolution("c", g.concatenate("cat", [g.input, x]), Self.convolution(4)), both)
        case .grouped:
            let y = g.convolution("g", x, Self.convolution(9, groups: 3, bias: true))
            return (g.convolution("c", g.activation("r", y, .relu6), Self.convolution(4)), both)
        case .depthwiseMultiplier:
            let y = g.convolution("d", x, Self.convolution(12, groups: 6))
            return (g.convolution("c", g.batchNorm("bn", y), Self.convolution(4)), both)
        case .squeezeExcitation:
            var y = g.convolution("expand", x, Convolution(filters: 10, kernel: [1, 1]))
            y = g.activation("hs", g.convolution("d", y, Self.convolution(10, groups: 10)), .hardSwish)
            var scale = g.reduce("mean", y, .mean, over: both)
            scale = g.activation("r", g.linear("f1", scale, outputs: 3), .relu)
            scale = g.activation("s", g.linear("f2", scale, outputs: 10), .sigmoid)
            y = g.convolution("project", g.multiply("m", y, by: scale), Convolution(filters: 6, kernel: [1, 1]))
            return (g.add("sum", [y, x]), both)
        case .gate:
            let gate = g.activation("s", g.convolution("gate", x, Self.convolution(4)), .sigmoid)
            return (g.multiply("m", g.convolution("c", x, Self.convolution(4)), by: gate), both)
        case .product: return (g.multiply("m", g.activation("s", x, .sigmoid), by: x), both)
        case .unflattened:
            var y = g.reduce("mean", x, .mean, over: [.width])
            y = g.convolution("c1", y, Convolution(filters: 8, kernel: [3], padding: [1]))
            y = g.unflattenChannels("u", g.pool("p", y, Pool(.max, kernel: [2])), height: 4)
            return (g.convolution("c2", y, Self.convolution(4)), both)
        case .vectors:
            let a = g.reduce("max", x, .max, over: both)
            let b = g.reduce("mean", x, .mean, over: both)
            let sum = g.add("sum", [a, b])
            let c = g.linear("l", sum, outputs: 7)
            return (g.concatenate("cat", [c, sum, b]), [])
        case .transposed:
            return (g.convolution("c", g.transpose("t", x), Self.convolution(4)), both)
        case .oneDimensional:
            var y = g.reduce("mean", x, .mean, over: [.height])
            y = g.batchNorm("bn", g.convolution("c", y, Convolution(filters: 8, kernel: [3])))
            return (g.activation("r", y, .relu), [.height])
        }
    }
}

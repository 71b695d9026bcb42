import EPANNsCore
import EPANNsGraph

/// Every operation, and every way of fusing and sharing memory, on toy graphs.
///
/// These are the pieces of networks that come next: ResNets, MobileNets, Wavegram, ERANN. Plans for inference and for
/// training are both tested on them; `Tools/reference/operations.py` builds the same in PyTorch.
package enum GraphCases {
    package typealias Value = GraphBuilder.Value

    /// A few operations between a first convolution and a head.
    package struct Case: CustomStringConvertible, Sendable {
        package var description: String
        package var body: @Sendable (inout GraphBuilder, Value) -> Value
        package init(_ name: String, _ body: @escaping @Sendable (inout GraphBuilder, Value) -> Value) {
            description = name
            self.body = body
        }
    }

    package static let square = Convolution(filters: 6, kernel: [3, 3], padding: [1, 1])
    static let length = Convolution(filters: 8, kernel: [3], padding: [2], dilation: [2])

    package static let cases: [Case] = [
        Case("residual sum with norm and ReLU, as in ResNet") { g, x in
            let y = g.batchNorm("bn", g.convolution("c", x, square))
            return g.activation("relu", g.add("sum", [y, x]), .relu)
        },
        Case("the convolution reads what it is added to") { g, x in g.add("sum", [g.convolution("c", x, square), x]) },
        Case("a pooling reads the residual after the convolution") { g, x in
            let y = g.convolution("c", g.activation("r", x, .relu), square)
            let pooled = g.pool("p", x, Pool(.max, kernel: [3, 3], stride: [1, 1], padding: [1, 1]))
            return g.add("sum2", [g.add("sum", [y, x]), pooled])
        },
        Case("sum of three, then ReLU6") { g, x in
            let parts = ["a", "b", "c"].map { g.convolution($0, x, square) }
            return g.activation("r", g.add("sum", parts), .relu6)
        },
        Case("sum of two poolings") { g, x in
            let a = g.pool("a", x, Pool(.mean, kernel: [2, 2]))
            return g.add("sum", [a, g.pool("b", x, Pool(.max, kernel: [2, 2]))])
        },
        Case("concatenation of odd widths") { g, x in
            let a = g.convolution("a", x, Convolution(filters: 5, kernel: [3, 3], padding: [1, 1]))
            let b = g.convolution("b", x, Convolution(filters: 7, kernel: [1, 1], hasBias: true))
            return g.convolution("c", g.concatenate("cat", [a, x, b]), square)
        },
        Case("poolings with padding") { g, x in
            let a = g.pool("a", x, Pool(.mean, kernel: [3, 3], stride: [2, 2], padding: [1, 1]))
            return g.pool("b", a, Pool(.max, kernel: [3, 3], stride: [2, 2], padding: [1, 1]))
        },
        Case("norm before the convolution, as in ERANN") { g, x in
            let y = g.activation("r", g.batchNorm("bn", x), .leakyReLU(slope: 0.01))
            return g.add("sum", [g.convolution("c", y, square), x])
        },
        // Statistics belong to mel bands, wherever they lie.
        Case("norm over mel bands in the middle") { g, x in
            let melFirst = g.transpose("to", x)
            let y = g.batchNorm("bn", melFirst, BatchNorm(axis: .height))
            return g.add("sum", [g.transpose("back", y), x])
        },
        Case("depthwise, grouped, strided, dilated") { g, x in
            var y = g.convolution(
                "a", x, Convolution(filters: 6, kernel: [5, 5], stride: [2, 1], padding: [2, 2], groups: 6))
            y = g.convolution(
                "b", y, Convolution(filters: 9, kernel: [3, 1], padding: [2, 0], dilation: [2, 1], groups: 3))
            return g.convolution("c", y, Convolution(filters: 4, kernel: [6, 5], stride: [4, 2], padding: [1, 2]))
        },
        Case("squeeze-excitation") { g, x in
            var scale = g.reduce("mean", x, .mean, over: [.height, .width])
            scale = g.activation("r", g.linear("f1", scale, outputs: 3), .relu)
            scale = g.activation("s", g.linear("f2", scale, outputs: 6), .sigmoid)
            return g.add("sum", [g.multiply("m", x, by: scale), x])
        },
        Case("product of two maps") { g, x in
            g.multiply("m", g.activation("s", g.convolution("c", x, square), .sigmoid), by: x)
        },
        Case("activation behind a transpose whose input is needed again") { g, x in
            let t = g.activation("r", g.transpose("t", x), .hardSwish)
            return g.add("sum", [g.transpose("back", t), x])
        },
        Case("one-dimensional: convolution, norm, pooling, unflattening") { g, x in
            var y = g.reduce("mean", x, .mean, over: [.width])
            y = g.activation("r", g.batchNorm("bn", g.convolution("c", y, length)), .relu)
            y = g.pool("p", y, Pool(.max, kernel: [4]))
            y = g.unflattenChannels("u", y, height: 4)
            return g.convolution("c2", y, square)
        },
        Case("mean over the height leaves a one-dimensional map") { g, x in
            let y = g.reduce("mean", x, .mean, over: [.height])
            return g.activation("r", g.convolution("c", y, length), .relu)
        },
        Case("narrow and long, where height and width change places") { g, x in
            var y = g.pool("p", x, Pool(.mean, kernel: [1, 8]))
            y = g.activation("r", g.convolution("a", y, square), .relu)
            y = g.add("sum", [g.batchNorm("bn", g.convolution("b", y, square)), y])
            return g.pool("q", y, Pool(.mean, kernel: [2, 1]))
        },
        Case("vectors: sum, product, concatenation of both kinds") { g, x in
            let narrow = g.convolution("n", g.pool("p", x, Pool(.mean, kernel: [1, 8])), square)
            let a = g.add(
                "sum",
                [
                    g.reduce("max", narrow, .max, over: [.height, .width]),
                    g.reduce("mean", x, .mean, over: [.height, .width]),
                ])
            let b = g.linear("l", a, outputs: 6)
            let product = g.multiply("m", a, by: b)
            return g.concatenate("cat", [product, g.linear("l2", b, outputs: 5), g.add("sum2", [b, a])])
        },
        Case("convolutions with bias, hard swish and leaky ReLU") { g, x in
            let biased = Convolution(filters: 6, kernel: [3, 3], padding: [1, 1], hasBias: true)
            let y = g.activation("h", g.convolution("a", x, biased), .hardSwish)
            return g.activation("r", g.convolution("b", y, biased), .leakyReLU(slope: 0.2))
        },
        Case("one result with four readers") { g, x in
            let y = g.activation("r", g.batchNorm("bn", g.convolution("a", x, square)), .relu)
            let pooled = g.pool("p", y, Pool(.mean, kernel: [3, 3], stride: [1, 1], padding: [1, 1]))
            return g.add("sum", [g.multiply("m", y, by: pooled), g.convolution("b", y, square), y])
        },
        Case("wide enough for Winograd") { g, x in
            let wide = Convolution(filters: 18, kernel: [3, 3], padding: [1, 1])
            let y = g.activation("ra", g.batchNorm("bn", g.convolution("a", x, wide)), .relu)
            return g.activation("rb", g.convolution("b", y, wide), .relu)
        },
        Case("softmax in the middle") { g, x in
            let y = g.softmax(
                "soft", g.linear("l", g.reduce("mean", x, .mean, over: [.height, .width]), outputs: 6))
            return g.multiply("m", x, by: y)
        },
        Case("norm of a vector") { g, x in
            let y = g.linear("l", g.reduce("mean", x, .mean, over: [.height, .width]), outputs: 7)
            return g.activation("r", g.batchNorm("bn", y), .relu)
        },
        Case("tokens through layer norm, linear layers and GELU") { g, x in
            let tokens = g.flatten("flat", g.pool("p", x, Pool(.mean, kernel: [4, 4])))
            var y = g.layerNorm("ln", tokens, LayerNorm(epsilon: 1e-6))
            y = g.activation("gelu", g.linear("l1", y, outputs: 10), .gelu)
            return g.add("sum", [tokens, g.linear("l2", y, outputs: 6)])
        },
        // 144 tokens: two blocks of queries.
        Case("attention in two heads over two blocks") { g, x in
            let tokens = g.flatten("flat", g.pool("p", x, Pool(.mean, kernel: [2, 2])))
            var y = g.linear("qkv", tokens, outputs: 30)
            y = g.attention("att", y, Attention(heads: 2, headWidth: 5))
            return g.add("sum", [tokens, g.linear("proj", y, outputs: 6)])
        },
        // 171 tokens: the second block is shorter than the first. Heads of unequal parts of the channels, a scale of its own.
        Case("attention in one head of a map that is needed again") { g, x in
            let tokens = g.flatten("flat", g.pool("p", x, Pool(.mean, kernel: [2, 2], stride: [4, 1])))
            let y = g.linear("qkv", g.activation("r", tokens, .hardSwish), outputs: 9)
            let z = g.attention("att", y, Attention(heads: 1, headWidth: 3, scale: 0.7))
            return g.concatenate("cat", [z, y, tokens])
        },
        Case("class tokens before, positions added, the first taken") { g, x in
            let tokens = g.flatten("flat", g.pool("p", x, Pool(.max, kernel: [4, 4])))
            let joined = g.join(
                "join",
                [
                    g.parameter("cls", Parameter(channels: 6)), g.parameter("dist", Parameter(channels: 6)),
                    tokens,
                ])
            let y = g.add("placed", [joined, g.parameter("pos", Parameter(channels: 6, positions: 38))])
            return g.add("sum", [g.first("two", g.layerNorm("ln", y), count: 2), g.first("own", y, count: 2)])
        },
        Case("layer norm and GELU of a vector") { g, x in
            let y = g.linear("l", g.reduce("mean", x, .mean, over: [.height, .width]), outputs: 7)
            return g.activation("gelu", g.layerNorm("ln", y), .gelu)
        },
    ]

    /// The case between a convolution from the spectrogram and a linear layer; `transposed` runs it with the axes swapped.
    ///
    /// - Parameter head: What is taken of the axes that are left. A mean lets every element count, a maximum few.
    package static func graph(_ item: Case, transposed: Bool, head: Reduction = .mean) -> ModelGraph {
        var builder = GraphBuilder(input: .panns32k(melBands: 16))
        var x = builder.input
        if transposed && !item.description.contains("mel bands") { x = builder.transpose("leading", x) }
        x = builder.convolution("stem", x, Convolution(filters: 6, kernel: [3, 3], padding: [1, 1], hasBias: true))
        x = item.body(&builder, x)
        var graph = builder.build()
        let left: [Axis] =
            (try? graph.shapes(frameCount: 37).last?.spatial.count).map {
                $0 == 0 ? [] : $0 == 1 ? [.height] : [.height, .width]
            } ?? []
        builder = GraphBuilder(continuing: graph)
        if !left.isEmpty { x = builder.reduce("head.\(head)", x, head, over: left) }
        builder.output(.embedding, x)
        builder.classify(builder.linear("head", x, outputs: 5), .none)
        graph = builder.build()
        return graph
    }
}

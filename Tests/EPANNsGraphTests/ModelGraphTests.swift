import EPANNsCore
import EPANNsGraph
import Testing

/// The builder, parameters, and what a graph says of itself.
@Suite struct ModelGraphTests {
    /// A norm, two convolutions, a head; 8 mel bands.
    private static func small() -> ModelGraph {
        var g = GraphBuilder(input: .panns32k(melBands: 8))
        var x = g.batchNorm("bn0", g.input, BatchNorm(axis: .mel))
        x = g.convolution("c1", x, Convolution(filters: 4, kernel: [3, 3], padding: [1, 1], hasBias: true))
        x = g.convolution("c2", x, Convolution(filters: 6, kernel: [3, 1], groups: 2))
        x = g.batchNorm("bn2", x, BatchNorm(startsAtZero: true))
        x = g.pool("p", x, Pool(.mean, kernel: [4, 4]))
        x = g.reduce("mean", x, .mean, over: [.time, .mel])
        g.output(.embedding, x)
        g.classify(g.linear("fc", x, outputs: 5), .sigmoid)
        return g.build()
    }

    @Test func theBuilderNamesOrdersAndConnects() throws {
        let graph = Self.small()
        #expect(
            graph.nodes.map(\.name) == ["log-mel", "bn0", "c1", "c2", "bn2", "p", "mean", "fc", "sigmoid"])
        #expect(graph.nodes.map(\.inputs) == [[], [0], [1], [2], [3], [4], [5], [6], [7]])
        #expect(graph.nodes.map(\.channels) == [1, 1, 4, 6, 6, 6, 6, 5, 5])
        #expect(graph.outputs == [.embedding: 6, .logits: 7, .scores: 8])
        // Two frames less by the kernel, then a window of four.
        #expect(graph.minimumFrameCount == 6)
        #expect(graph.minimumSampleCount == 5 * 320)
    }

    @Test(arguments: OutputActivation.allCases) func scoresFollowTheActivation(activation: OutputActivation) throws {
        var g = GraphBuilder(input: .panns32k(melBands: 8))
        g.classify(g.linear("fc", g.reduce("m", g.input, .mean, over: [.time, .mel]), outputs: 3), activation)
        let graph = g.build()
        let scores = try #require(graph.outputs[.scores])
        #expect((graph.outputs[.logits] == scores) == (activation == .none))
    }

    @Test func parameterSpecsAreThoseOfPyTorch() throws {
        let graph = Self.small()
        let frontEnd = graph.input.parameterSpecs
        #expect(frontEnd.map(\.shape) == [[513, 1, 1024], [513, 1, 1024], [513, 8]])
        #expect(frontEnd.allSatisfy { $0.role == .frozen && $0.isOptional })
        #expect(graph.parameterSpecs.count == 3 + 5 + 2 + 1 + 5 + 2)
        #expect(graph.parameterSpecs == frontEnd + graph.nodes.indices.flatMap { graph.parameterSpecs(of: $0) })

        let byName = Dictionary(uniqueKeysWithValues: graph.parameterSpecs.map { ($0.name, $0) })
        #expect(byName["c1.weight"]?.shape == [4, 1, 3, 3])
        #expect(byName["c1.weight"]?.initialization == .xavierUniform(fanIn: 9, fanOut: 36))
        #expect(byName["c1.bias"]?.shape == [4])
        // Each of two groups reads two of the four channels.
        #expect(byName["c2.weight"]?.shape == [6, 2, 3, 1])
        #expect(byName["c2.bias"] == nil)
        #expect(byName["fc.weight"]?.shape == [5, 6])
        // Statistics of the mel bands for bn0, of the channels for bn2.
        #expect(byName["bn0.running_var"]?.shape == [8] && byName["bn0.running_var"]?.role == .buffer)
        #expect(byName["bn2.weight"]?.shape == [6])
        #expect(byName["bn0.weight"]?.initialization == .ones && byName["bn2.weight"]?.initialization == .zeros)
        let counter = try #require(byName["bn2.num_batches_tracked"])
        #expect(counter.shape.isEmpty && counter.byteCount == 8 && counter.isOptional)
        #expect(graph.parameterCount == 16 + (36 + 4) + 36 + 12 + (30 + 5))
    }

    @Test func aParameterIsANodeWithoutInputs() throws {
        var g = GraphBuilder(input: .panns32k(melBands: 8))
        let token = g.parameter("v.cls_token", Parameter(channels: 6))
        let vector = g.reduce("token", token, .mean, over: [.height])
        g.classify(g.linear("fc", vector, outputs: 2), .none)
        let graph = g.build()
        #expect(graph.nodes[1].inputs.isEmpty && graph.nodes[1].channels == 6)
        // The tensor has the node's own name and PyTorch's shape, channels last.
        let spec = try #require(graph.parameterSpecs(of: 1).first)
        #expect(spec.name == "v.cls_token" && spec.shape == [1, 1, 6] && spec.role == .trainable)
        let cost = try CostReport(graph, sampleCount: 32000)
        #expect(cost.parameters == 6 + 12 + 2)
        #expect(cost.layers.first { $0.name == "v.cls_token" }?.macs == 0)
    }

    @Test func layoutsAreThoseOfTheOperationsWithTensors() {
        let graph = Self.small()
        let layouts = graph.nodes.map(\.operation.parameterLayout)
        for (index, layout) in layouts.enumerated() {
            #expect(graph.parameterSpecs(of: index).isEmpty == (layout == .none), "\(graph.nodes[index].name)")
        }
        #expect(layouts[7] == .matrix(Linear(outputs: 5)))
    }
}

import EPANNsGraph
import EPANNsRuntime
import EPANNsTestSupport
import Testing

/// Batch norms that no convolution takes along, over every axis and in every place: the plan against the plain loops.
@Suite struct NormTests {
    /// Where the norm stands.
    enum Place: CaseIterable { case input, middle, narrow, line, vector }

    @Test(arguments: Place.allCases, [Axis.channel, .height, .width])
    func `a norm over any axis is the reference's`(place: Place, axis: Axis) throws {
        for follower in [nil, .relu, .hardSwish] as [Activation?] {
            var g = GraphBuilder(input: .panns32k(melBands: 16))
            var x = g.input
            if place != .input {
                x = g.convolution("stem", x, Convolution(filters: 6, kernel: [3, 3], padding: [1, 1]))
            }
            if place != .input, axis == .height { x = g.transpose("to", x) }
            switch place {
            case .input, .middle: break
            // Height and width change places for the convolution in front.
            case .narrow:
                x = g.pool("p", x, Pool(.mean, kernel: [8, 1]))
                x = g.convolution("n", x, GraphCases.square)
            case .line: x = g.reduce("line", x, .mean, over: [axis == .height ? .width : .height])
            case .vector: x = g.reduce("vector", x, .mean, over: [.height, .width])
            }
            // Statistics of a spatial axis belong to the sixteen mel bands.
            let bands = try g.build().shapes(frameCount: 128).last?.extent(of: axis)
            guard axis == .channel || bands == 16 else { return }
            // What a transpose or a pool gives is read twice, so that the norm cannot work in place.
            let y = g.batchNorm("bn", x, BatchNorm(axis: axis))
            var z = y
            if let follower { z = g.activation("f", y, follower) }
            x = g.add("sum", [z, x])
            let shape = try g.build().shapes(frameCount: 128).last
            let left: [Axis] = [[], [.height], [.height, .width]][shape?.spatial.count ?? 0]
            if !left.isEmpty { x = g.reduce("max", x, .max, over: left) }
            g.output(.embedding, x)
            g.classify(g.linear("head", x, outputs: 5), .none)
            let graph = g.build()
            let weights = seededWeights(graph)
            let spectrogram: [Float] = (0..<128 * 16).map { (index: Int) -> Float in Float(index * 37 % 101) / 50 - 1 }
            let expected = try ReferenceExecutor(graph: graph, weights: weights).run(spectrogram)
            let outputs = try InferenceNetwork(graph: graph, weights: weights).plan(for: .init(frames: 128))
                .run(spectrogram)
            let scale = expected.embedding.map(abs).max() ?? 0
            #expect(scale > 0.01)
            // Float32 against double precision, a few layers deep.
            #expect(worst(outputs.embedding, expected.embedding) <= 1e-5 * scale, "\(String(describing: follower))")
        }
    }
}

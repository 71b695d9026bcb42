import EPANNsTestSupport
import EPANNsTraining
import Foundation
import Testing

/// Where dropout stands in a graph: every way in which its input is or is not needed again.
enum DropoutGraph: CaseIterable, Sendable {
    case behindPool, behindPoolThatIsReadAgain, behindConvolution, behindReLU, behindVector, behindVectorThatIsReadAgain
    case twice

    var graph: ModelGraph {
        var g = GraphBuilder(input: .panns32k(melBands: OperationFixture.mels))
        let square = Convolution(filters: 6, kernel: [3, 3], padding: [1, 1])
        var x = g.convolution("stem", g.input, square)
        switch self {
        case .behindPool: x = g.dropout("d", g.pool("p", x, Pool(.mean, kernel: [2, 2])), rate: 0.3)
        case .behindPoolThatIsReadAgain:
            let pooled = g.pool("p", x, Pool(.max, kernel: [2, 2]))
            let dropped = g.convolution("c", g.dropout("d", pooled, rate: 0.3), square)
            x = g.add("sum", [dropped, g.convolution("c2", pooled, square)])
        case .behindConvolution: x = g.convolution("c", g.dropout("d", x, rate: 0.3), square)
        case .behindReLU:
            let y = g.activation("r", x, .relu)
            x = g.multiply("m", g.dropout("d", y, rate: 0.3), by: y)
        case .behindVector, .behindVectorThatIsReadAgain, .twice: break
        }
        x = g.reduce("mean", x, .mean, over: [.height, .width])
        switch self {
        case .behindVector: x = g.dropout("d", x, rate: 0.5)
        case .behindVectorThatIsReadAgain:
            let y = g.linear("l", x, outputs: 6)
            x = g.add("sum", [g.dropout("d", y, rate: 0.5), g.linear("l2", y, outputs: 6), y])
        case .twice:
            x = g.linear("l2", g.dropout("d", g.linear("l", x, outputs: 9), rate: 0.4), outputs: 9)
            x = g.dropout("d2", x, rate: 0.2)
        default: break
        }
        g.output(.embedding, x)
        g.classify(g.linear("head", x, outputs: 5), .none)
        return g.build()
    }
}

/// Masks that are drawn from streams named by seed, iteration, layer and position.
@Suite struct DropoutTests {
    /// Ones through dropout and nothing else: what comes out is the mask.
    private static func graph(width: Int, rate: Float) -> ModelGraph {
        var g = GraphBuilder(input: .panns32k(melBands: width))
        let row = g.reduce(
            "mean", g.convolution("c", g.input, Convolution(filters: width, kernel: [1, width])), .mean,
            over: [.height, .width])
        g.output(.embedding, row)
        g.classify(g.linear("head", g.dropout("d", row, rate: rate), outputs: width), .none)
        return g.build()
    }

    /// The mask of a batch, shape (batch, width).
    private func mask(
        batch: Int = 4, width: Int = 500, rate: Float = 0.25, seed: UInt64 = 3, iteration: Int = 0, position: Int = 0,
        threads: Int = 1, drops: Bool = true
    ) throws -> [Float] {
        let graph = Self.graph(width: width, rate: rate)
        var identity = [Float](repeating: 0, count: width * width)
        for index in 0..<width { identity[index * width + index] = 1 }
        let zeros = [Float](repeating: 0, count: width)
        let weights = [
            "c.weight": Tensor(shape: [width, 1, 1, width], values: [Float](repeating: 1, count: width * width)),
            "head.weight": Tensor(shape: [width, width], values: identity),
            "head.bias": Tensor(shape: [width], values: zeros),
        ]
        let plan = try TrainingPlan(
            graph: graph, weights: weights,
            options: .init(
                batch: batch, frames: 1, threads: threads, usesDropout: drops,
                freeze: FreezeSelection(patterns: ["head"])))
        let ones = [Float](repeating: 1 / Float(width), count: batch * width)
        return try plan.evaluate(
            inputs: ones, targets: [Float](repeating: 0, count: batch * width), seed: seed, iteration: iteration,
            firstPosition: position
        ).logits
    }

    @Test func `share and size are right`() throws {
        for rate: Float in [0.2, 0.5] {
            let mask = try mask(width: 500, rate: rate)
            let kept = 1 / (1 - rate)
            // Sums of 500 times 1/500 in Float32.
            #expect(mask.allSatisfy { $0 == 0 || abs($0 - kept) < 1e-4 })
            let share = Double(mask.count { $0 == 0 }) / Double(mask.count)
            // Four standard deviations of 2000 draws.
            #expect(abs(share - Double(rate)) < 4 * (Double(rate * (1 - rate)) / 2000).squareRoot())
            #expect(abs(mask.reduce(0, +) / Float(mask.count) - 1) < 0.1)
        }
    }

    @Test func `a mask depends on seed, iteration and position only`() throws {
        let mask = try mask()
        #expect(try self.mask() == mask)
        #expect(try self.mask(threads: 2) == mask)
        #expect(try self.mask(seed: 4) != mask)
        #expect(try self.mask(iteration: 1) != mask)
        #expect(try self.mask(position: 1) != mask)
        // Clips have masks of their own.
        #expect(mask[0..<500] != mask[500..<1000])
        // Two machines with half a batch each draw what one with the whole draws.
        #expect(try self.mask(batch: 2) + self.mask(batch: 2, position: 2) == mask)
        #expect(try self.mask(drops: false).allSatisfy { abs($0 - 1) < 1e-4 })
    }

    @Test func `layers have masks of their own`() throws {
        var g = GraphBuilder(input: .panns32k(melBands: 16))
        let row = g.reduce(
            "mean", g.convolution("c", g.input, Convolution(filters: 16, kernel: [1, 16])), .mean,
            over: [.height, .width])
        let both = [g.dropout("a", row, rate: 0.5), g.dropout("b", row, rate: 0.5)]
        g.classify(g.linear("head", g.concatenate("cat", both), outputs: 32), .none)
        var identity = [Float](repeating: 0, count: 32 * 32)
        for index in 0..<32 { identity[index * 33] = 1 }
        let plan = try TrainingPlan(
            graph: g.build(),
            weights: [
                "c.weight": Tensor(shape: [16, 1, 1, 16], values: [Float](repeating: 1, count: 256)),
                "head.weight": Tensor(shape: [32, 32], values: identity),
                "head.bias": Tensor(shape: [32], values: [Float](repeating: 0, count: 32)),
            ], options: .init(batch: 4, frames: 1))
        let mask = try plan.evaluate(
            inputs: [Float](repeating: 1, count: 64), targets: [Float](repeating: 0, count: 128)
        ).logits
        let halves = (0..<4).map { (mask[$0 * 32..<$0 * 32 + 16], mask[$0 * 32 + 16..<$0 * 32 + 32]) }
        #expect(halves.contains { !$0.0.elementsEqual($0.1) })
    }

    /// A pooling's result that is read again must not be dropped for the other reader.
    @Test func `other readers see the undropped values`() throws {
        var g = GraphBuilder(input: .panns32k(melBands: 16))
        let x = g.convolution("stem", g.input, Convolution(filters: 6, kernel: [1, 1]))
        let pooled = g.pool("p", x, Pool(.mean, kernel: [2, 2]))
        let sum = g.add("sum", [g.dropout("d2", pooled, rate: 0.9), pooled])
        let row = g.reduce("mean", sum, .mean, over: [.height, .width])
        g.classify(g.linear("head", row, outputs: 5), .none)
        let graph = g.build()
        let fixture = try OperationFixture()
        let weights = seededWeights(graph)
        func plan(_ drops: Bool) throws -> TrainingPlan {
            try TrainingPlan(
                graph: graph, weights: weights,
                options: .init(batch: 3, frames: OperationFixture.frames, usesDropout: drops))
        }
        // The expectation of the dropped values is the undropped ones; of values dropped twice it would be less.
        var mean = [Double](repeating: 0, count: 15)
        let draws = 200
        let dropping = try plan(true)
        for iteration in 0..<draws {
            let found = try dropping.evaluate(inputs: fixture.inputs, targets: fixture.targets, iteration: iteration)
            for (index, value) in found.logits.enumerated() { mean[index] += Double(value) / Double(draws) }
        }
        let undropped = try plan(false).evaluate(inputs: fixture.inputs, targets: fixture.targets).logits
        let error = worst(mean.map { Float($0) }, undropped)
        // 200 draws of sums over hundreds of elements; dropping the other reader's would halve what is summed.
        #expect(error < 0.1 * (undropped.map(abs).max() ?? 0), "\(error)")
    }
}

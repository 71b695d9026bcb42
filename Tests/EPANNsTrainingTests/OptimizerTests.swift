import EPANNsTestSupport
import EPANNsTraining
import Testing

@Suite struct OptimizerTests {
    /// Memory of whole, aligned vectors, as a plan's.
    private final class Vector {
        let values: UnsafeMutableBufferPointer<Float>
        init(count: Int) {
            let padded = (count + 15) / 16 * 16
            let raw = UnsafeMutableRawPointer.allocate(byteCount: padded * 4, alignment: 64)
            let start = raw.initializeMemory(as: Float.self, repeating: 0, count: padded)
            values = UnsafeMutableBufferPointer(start: start, count: padded)
        }
        deinit { values.deallocate() }
        func set(_ source: [Float]) { _ = values.update(fromContentsOf: source) }
    }

    @Test(arguments: [1, 2]) func `weights go PyTorch's way`(threads: Int) throws {
        let fixture = try OptimizationFixture.load().optimizers
        for item in fixture.cases {
            let configuration = item.configuration.configuration
            let (weights, gradients) = (Vector(count: fixture.start.count), Vector(count: fixture.start.count))
            let optimizer = Optimizer(configuration, count: weights.values.count, threads: threads)
            weights.set(fixture.start)
            var expected = item.weights.makeIterator()
            for step in fixture.gradients.indices {
                gradients.set(fixture.gradients[step])
                var scale: Float = 1
                if let limit = configuration.clippingNorm {
                    scale = Float(min(limit / (optimizer.norm(gradients.values) + 1e-6), 1))
                }
                optimizer.step(
                    weights.values, gradients.values, learningRate: fixture.rates[step], scale: scale)
                guard fixture.kept.contains(step + 1), let wanted = expected.next() else { continue }
                // Forty Float32 roundings of weights up to 3 without luck; SGD's, with gradients up to 300, go up to 500.
                let error = zip(weights.values, wanted).reduce(0) {
                    max($0, abs(Double($1.0) - $1.1) / max(abs($1.1), 1))
                }
                #expect(error < 4e-6, "\(item.name), step \(step + 1)")
                #expect(weights.values[fixture.start.count...].allSatisfy { $0 == 0 })
            }
            #expect(expected.next() == nil && optimizer.stepCount == fixture.gradients.count)
        }
    }

    @Test func `norms are exact and independent of threads`() {
        // Two stretches and a rest.
        let count = 2 * 65536 + 48
        let vector = Vector(count: count)
        for index in 0..<count { vector.values[index] = Float(index % 7) - 3 }
        let exact = vector.values.reduce(0) { $0 + Double($1) * Double($1) }.squareRoot()
        let norms = [1, 2, 3].map {
            Optimizer(OptimizerConfiguration(), count: count, threads: $0).norm(vector.values)
        }
        #expect(norms.allSatisfy { $0 == norms[0] })
        #expect(abs(norms[0] - exact) < 1e-9 * exact)
    }

    /// The stepper clips as PyTorch does, and only what is too long.
    @Test func `a step is as long as clipping allows`() throws {
        let fixture = try OperationFixture()
        let index = try fixture.index("squeeze-excitation")
        let item = try #require(GraphCases.cases.first { $0.description == "squeeze-excitation" })
        let weights = fixture.group(index, "weights")
        func length(_ limit: Double?) throws -> Double {
            let stepper = try TrainingStepper(
                graph: GraphCases.graph(item, transposed: false), weights: weights,
                options: .init(batch: 3, frames: OperationFixture.frames),
                optimizer: OptimizerConfiguration(.sgd, momentum: 0, clippingNorm: limit))
            _ = try stepper.step(inputs: fixture.inputs, targets: fixture.targets, learningRate: 1)
            let after = try stepper.plan.weights()
            return weights.reduce(0.0) { sum, entry in
                zip(entry.value.floats, after[entry.key]?.floats ?? []).reduce(sum) {
                    $0 + Double($1.0 - $1.1) * Double($1.0 - $1.1)
                }
            }.squareRoot()
        }
        let free = try length(nil)
        // A weight of about 1 keeps seven digits of a step.
        #expect(abs(try length(free / 10) - free / 10) < 1e-4 * free)
        #expect(abs(try length(free * 2) - free) < 1e-4 * free)
        #expect(free > 0.01)
    }

    @Test func `invalid numbers are refused`() {
        var wrong = [OptimizerConfiguration](repeating: OptimizerConfiguration(), count: 7)
        wrong[0].beta1 = 1
        wrong[1].beta2 = -0.1
        wrong[2].epsilon = 0
        wrong[3].momentum = 1
        wrong[4].weightDecay = -1
        wrong[5].clippingNorm = 0
        wrong[6].weightDecay = .infinity
        for configuration in wrong {
            #expect(failure { try configuration.validate() }?.code == .invalidConfiguration)
        }
    }
}

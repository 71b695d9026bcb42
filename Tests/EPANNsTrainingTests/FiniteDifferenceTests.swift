import EPANNsTestSupport
import EPANNsTraining
import Testing

/// Gradients against differences of the plan's own loss, in training mode: they need no other program to be right.
@Suite struct FiniteDifferenceTests {
    /// Derivatives along random directions over all weights at once.
    ///
    /// - Returns: The largest error, relative to the gradient's length times the direction's over √weights, which is
    ///   what a derivative along a random direction is like.
    private func error(
        _ graph: ModelGraph, options: TrainingPlan.Options, inputs: [Float], targets: [Float],
        augmentation: InputAugmentation = InputAugmentation(), seed: UInt64 = 1
    ) throws -> Double {
        let weights = seededWeights(graph)
        let plan = try TrainingPlan(graph: graph, weights: weights, options: options)
        func current() throws -> Double {
            try plan.evaluate(inputs: inputs, targets: targets, augmentation: augmentation, seed: seed).loss
        }
        _ = try current()
        let gradients = try plan.gradients()
        let start = gradients.keys.reduce(into: [:]) { $0[$1] = weights[$1]?.floats }
        let norm = gradients.values.flatMap(\.floats).reduce(0) { $0 + Double($1) * Double($1) }.squareRoot()
        var worst = 0.0
        for direction in 0..<3 {
            var random = CounterRandom(seed: 5, iteration: direction, purpose: .init(rawValue: 300))
            let signs = gradients.keys.sorted().reduce(into: [String: [Float]]()) { signs, name in
                signs[name] = (gradients[name]?.floats ?? []).map { _ in random.uniform() < 0.5 ? -1 : 1 }
            }
            let count = signs.values.reduce(0) { $0 + $1.count }
            let slope = signs.reduce(0.0) { sum, entry in
                zip(entry.value, gradients[entry.key]?.floats ?? []).reduce(sum) { $0 + Double($1.0) * Double($1.1) }
            }
            func loss(at distance: Float) throws -> Double {
                try plan.setWeights(
                    signs.reduce(into: [:]) { moved, entry in
                        moved[entry.key] = zip(start[entry.key] ?? [], entry.value).map { $0 + distance * $1 }
                    })
                return try current()
            }
            // The loss is known to about 1e-7, being computed in double precision from Float32 logits, and slopes are
            // 0.1 to 10, so a difference over 2 h has noise of up to 1e-7 / (2 h · 0.1): a hundredth for the smallest
            // step. Curvature costs h², and an edge of a ReLU or a maximum that a step crosses costs h, more where a
            // stripe of zeros has its clip's positions cross it together. A wrong gradient agrees with no step.
            let errors = try [1e-3, 2e-4, 5e-5].map { (h: Float) in
                let measured = (try loss(at: h) - loss(at: -h)) / (2 * Double(h))
                // |direction| is √count, so a usual slope is the gradient's norm.
                return abs(measured - slope) / norm
            }
            _ = try loss(at: 0)
            worst = max(worst, errors.min() ?? .infinity)
            #expect(count > 0)
        }
        return worst
    }

    static let tolerance = 0.02

    @Test(arguments: GraphCases.cases, [false, true])
    func `gradients are the loss's slopes`(item: GraphCases.Case, transposed: Bool) throws {
        let fixture = try OperationFixture()
        let graph = GraphCases.graph(item, transposed: transposed)
        let plain = try error(
            graph, options: .init(batch: 3, frames: OperationFixture.frames), inputs: fixture.inputs,
            targets: fixture.targets)
        // Here the augmentation works on the input itself.
        let augmented = try error(
            graph, options: .init(batch: 3, clips: 6, frames: OperationFixture.frames, usesSpecAugment: true),
            inputs: fixture.mixedInputs, targets: fixture.targets, augmentation: fixture.augmentation)
        print("\(item.description): slopes \(plain), augmented \(augmented)")
        #expect(plain < Self.tolerance)
        #expect(augmented < Self.tolerance)
    }

    @Test func `gradients of augmentation behind a norm`() throws {
        let fixture = try OperationFixture()
        for mixup in [false, true] {
            var augmentation = fixture.augmentation
            if !mixup {
                augmentation.mixupWeights = []
                augmentation.stripes.removeLast(3)
            }
            let error = try error(
                OperationTests.augmentedGraph(),
                options: .init(
                    batch: 3, clips: mixup ? 6 : 3, frames: OperationFixture.frames, usesSpecAugment: true),
                inputs: mixup ? fixture.mixedInputs : fixture.inputs, targets: fixture.targets,
                augmentation: augmentation)
            #expect(error < Self.tolerance)
        }
    }

    /// The backward pass has the mask of the forward pass: otherwise slopes and gradients have nothing in common.
    @Test(arguments: DropoutGraph.allCases) func `gradients through dropout`(kind: DropoutGraph) throws {
        let fixture = try OperationFixture()
        let error = try error(
            kind.graph, options: .init(batch: 3, frames: OperationFixture.frames), inputs: fixture.inputs,
            targets: fixture.targets, seed: 77)
        #expect(error < Self.tolerance)
    }
}

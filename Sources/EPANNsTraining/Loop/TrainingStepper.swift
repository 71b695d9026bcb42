import EPANNsCore
import EPANNsGraph
import EPANNsRuntime

/// A plan with its optimiser: the smallest thing that trains, for those who bring their own data and loop.
///
/// Used by one thread at a time. Parity: `TrainingPlanTests`.
public final class TrainingStepper {
    /// The compiled network with its weights and gradients.
    public let plan: TrainingPlan
    let optimizer: Optimizer

    /// Compiles a graph; see `TrainingPlan`.
    public init(
        graph: ModelGraph, weights: [String: Tensor], options: TrainingPlan.Options,
        loss: LossConfiguration = LossConfiguration(), optimizer: OptimizerConfiguration = OptimizerConfiguration(),
        firstNode: String? = nil
    ) throws {
        try optimizer.validate()
        plan = try TrainingPlan(graph: graph, weights: weights, options: options, loss: loss, firstNode: firstNode)
        self.optimizer = Optimizer(
            optimizer, count: plan.store.trainableCount, team: Team(threads: options.threads))
    }

    /// Steps taken.
    public var stepCount: Int { optimizer.stepCount }

    /// Computes loss and gradients of a batch and changes the weights.
    ///
    /// - Parameters:
    ///   - inputs: Log-mel spectrograms, shape (batch, frames, mels).
    ///   - targets: In 0…1, shape (batch, classes).
    ///   - learningRate: The step's learning rate.
    ///   - seed: Seed of the dropout masks, which also depend on the number of the step.
    /// - Returns: The loss before the step.
    /// - Throws: `EPANNsError` with code `backendFailure`.
    public func step(inputs: [Float], targets: [Float], learningRate: Double, seed: UInt64 = 0) throws -> Double {
        precondition(plan.options.clips == plan.options.batch && !plan.options.usesSpecAugment)
        let loss = try inputs.withUnsafeBufferPointer { inputs in
            try compute(
                BatchContents(
                    inputs: inputs, iteration: optimizer.stepCount, clipCount: plan.options.clips, targets: targets),
                seed: seed
            ).loss
        }
        apply(learningRate: learningRate)
        return loss
    }

    /// Takes a step and tells the time of every part: forward, loss, backward, and the optimiser as last.
    ///
    /// - Throws: `EPANNsError` with code `backendFailure`.
    public func profile(
        inputs: [Float], targets: [Float], learningRate: Double
    ) throws -> [(name: String, implementation: String, time: Duration)] {
        var parts = try inputs.withUnsafeBufferPointer { inputs in
            try BatchContents(
                inputs: inputs, iteration: optimizer.stepCount, clipCount: plan.options.clips, targets: targets
            ).withStepInput(seed: 0) { try plan.profile($0) }.result
        }
        let time = ContinuousClock().measure { apply(learningRate: learningRate) }
        parts.append(("optimizer", "\(optimizer.configuration.kind)", time))
        return parts
    }

    /// Bytes of weights, gradients, moments, feature maps and scratchpad.
    public var memoryByteCount: Int { plan.memory.total + optimizer.byteCount }

    /// Computes loss and gradients of a batch, which replace those of the batch before.
    func compute(_ batch: BatchContents, seed: UInt64, lossScale: Float = 1) throws -> TrainingStepResult {
        try batch.withStepInput(seed: seed, lossScale: lossScale) { try plan.run($0) }.step
    }

    /// Changes the weights by the gradients at hand, clipped where that is asked for.
    func apply(learningRate: Double, scale: Float = 1) {
        var scale = scale
        if let limit = optimizer.configuration.clippingNorm {
            let norm = optimizer.norm(plan.store.gradients) * Double(scale)
            // As PyTorch's clip_grad_norm_.
            scale *= Float(min(limit / (norm + 1e-6), 1))
        }
        optimizer.step(plan.store.weights, plan.store.gradients, learningRate: learningRate, scale: scale)
    }
}

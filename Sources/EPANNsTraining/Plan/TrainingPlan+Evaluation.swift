import EPANNsCore

// What tests and experiments need of a plan besides training: gradients at chosen weights.
extension TrainingPlan {
    /// Computes loss and gradients of one batch and changes no weight; running statistics do follow it.
    ///
    /// - Parameters:
    ///   - inputs: Log-mel spectrograms, shape (clips, frames, mels), or results of the plan's first node.
    ///   - targets: After mixup, shape (batch, classes).
    ///   - teacher: A teacher's scores after mixup, shape (batch, classes).
    ///   - firstPosition: Position of the first clip in the batch of all machines, which names the dropout streams.
    /// - Returns: The loss, and the logits, shape (batch, classes).
    /// - Throws: `EPANNsError` with code `backendFailure`.
    package func evaluate(
        inputs: [Float], targets: [Float], teacher: [Float]? = nil,
        augmentation: InputAugmentation = InputAugmentation(), seed: UInt64 = 0, iteration: Int = 0,
        firstPosition: Int = 0, lossScale: Float = 1
    ) throws -> (loss: Double, logits: [Float]) {
        let (_, step) = try inputs.withUnsafeBufferPointer { inputs in
            try BatchContents(
                inputs: inputs, iteration: iteration, firstPosition: firstPosition, clipCount: options.clips,
                targets: targets, teacher: teacher, augmentation: augmentation
            ).withStepInput(seed: seed, lossScale: lossScale) { try run($0) }
        }
        return (step.loss, step.logits)
    }

    /// Puts other values into the weights that are named; statistics stay.
    ///
    /// - Throws: `EPANNsError` with code `backendFailure`.
    package func setWeights(_ weights: [String: [Float]]) throws {
        for (name, values) in weights {
            guard let slot = store.index[name] else { preconditionFailure("\(name) is not a weight of the network") }
            try store.fill(slot, from: values, in: store.weights)
        }
    }
}

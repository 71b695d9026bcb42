/// One batch as a plan takes it.
struct BatchContents {
    /// The clips' rows, such as spectrograms, shape (clips, frames, mels), or the given results of the plan's first node.
    var inputs = UnsafeBufferPointer<Float>(start: nil, count: 0)
    var iteration: Int
    /// Position of the first (mixed) clip in the batch of all machines.
    var firstPosition = 0
    /// Clips that were read for it.
    var clipCount: Int
    /// Targets in 0…1 after mixup, shape (batch, classes).
    var targets: [Float]
    /// A teacher's scores after mixup, shape (batch, classes).
    var teacher: [Float]?
    var augmentation = InputAugmentation()

    /// Hands the batch to `body` in the form that a step takes, in memory that is lent for that time.
    ///
    /// - Parameters:
    ///   - seed: Names the dropout streams, with iteration and position.
    ///   - lossScale: What the loss's gradient is multiplied with.
    /// - Returns: What `body` returned, and what the step gave.
    func withStepInput<Result>(
        seed: UInt64, lossScale: Float = 1, _ body: (TrainingStepInput) throws -> Result
    ) throws -> (result: Result, step: TrainingStepResult) {
        let step = TrainingStepResult()
        let result = try targets.withUnsafeBufferPointer { targets in
            try (teacher ?? []).withUnsafeBufferPointer { scores in
                try body(
                    TrainingStepInput(
                        inputs: inputs, targets: targets, teacher: teacher == nil ? nil : scores,
                        augmentation: augmentation, seed: seed, iteration: iteration, firstPosition: firstPosition,
                        lossScale: lossScale, result: step))
            }
        }
        return (result, step)
    }
}

/// What a plan is given for one step.
struct TrainingStepInput {
    /// The clips' rows, such as spectrograms, shape (clips, frames, mels), or the given results of the plan's first node.
    var inputs: UnsafeBufferPointer<Float>
    /// Targets in 0…1 after mixup, shape (batch, classes).
    var targets: UnsafeBufferPointer<Float>
    /// A teacher's scores after mixup, shape (batch, classes).
    var teacher: UnsafeBufferPointer<Float>?
    var augmentation: InputAugmentation
    var seed: UInt64
    var iteration: Int
    /// Position of the first (mixed) clip in the batch of all machines.
    var firstPosition: Int
    /// What the loss's gradient is multiplied with: 1 / number of accumulated batches.
    var lossScale: Float
    let result: TrainingStepResult
}

/// Where the kernels of a plan find the data of the step that runs.
final class TrainingStepData {
    var input: TrainingStepInput?

    var current: TrainingStepInput {
        guard let input else { preconditionFailure("a step's kernels run in a step") }
        return input
    }
}

/// What a step gives besides gradients.
final class TrainingStepResult {
    var loss = 0.0
    var logits: [Float] = []
}

/// SpecAugment's stripes and mixup's weights for one batch; SPEC §1.7.
package struct InputAugmentation: Sendable {
    /// Stripes per clip before mixup; empty for none.
    package var stripes: [SpecAugmentStripes] = []
    /// Weight of each clip in its example: λ₀, 1−λ₀, λ₁, …; empty for none.
    ///
    /// The targets are mixed with the same.
    package var mixupWeights: [Float] = []

    /// Makes one; of nothing where nothing is given.
    package init(stripes: [SpecAugmentStripes] = [], mixupWeights: [Float] = []) {
        self.stripes = stripes
        self.mixupWeights = mixupWeights
    }

    func mixWeights(pair: Int) -> (Float, Float) {
        mixupWeights.isEmpty ? (1, 0) : (mixupWeights[2 * pair], mixupWeights[2 * pair + 1])
    }

    /// Sets a clip's stripes to zero, in its values or in its gradient.
    func maskClip(_ clip: Int, _ values: UnsafeMutablePointer<Float>, frames: Int, mels: Int) {
        guard !stripes.isEmpty else { return }
        stripes[clip].apply(to: UnsafeMutableBufferPointer(start: values, count: frames * mels), mels: mels)
    }
}

/// What one training step takes in.
///
/// The numbers lie in memory that the loader uses again once the batch is let go, so nothing that the closures are given
/// may be kept. Test: `BatchLoaderTests`.
package final class TrainingBatch: @unchecked Sendable {
    /// Number of the training iteration.
    package let iteration: Int
    /// Indices in the data set, shape `(clips)`; with mixup the clips 2j and 2j+1 are pair j.
    package let clips: [Int]
    /// Position of the first clip in the global batch, of which this is a shard's contiguous part.
    package let firstPosition: Int
    /// Frames of each clip.
    package let frameCount: Int
    /// Mel bands.
    package let melBands: Int
    /// Number of classes.
    package let classCount: Int
    /// Mixup's weight of the first clip of each pair, shape `(clips / 2)`; empty without mixup.
    package let lambdas: [Double]
    /// SpecAugment's stripes, shape `(clips)`; empty without SpecAugment.
    package let stripes: [SpecAugmentStripes]
    /// Numbers of a clip's row.
    let rowCount: Int
    private let loan: BatchLoan
    private let hasTeacher: Bool

    init(_ slot: BatchPipeline.Slot, frameCount: Int, melBands: Int, rowCount: Int, classCount: Int, hasTeacher: Bool) {
        iteration = slot.plan.iteration
        clips = slot.plan.units.map(\.clip)
        firstPosition = slot.plan.units.first?.position ?? 0
        lambdas = slot.plan.lambdas
        stripes = slot.stripes.compactMap { $0 }
        loan = slot.loan
        self.frameCount = frameCount
        self.melBands = melBands
        self.rowCount = rowCount
        self.classCount = classCount
        self.hasTeacher = hasTeacher
    }

    /// Number of clips: twice the examples with mixup.
    package var count: Int { clips.count }

    /// Whether two clips are mixed into one example.
    package var isMixed: Bool { !lambdas.isEmpty }

    /// The weight of each clip in its example, shape `(clips)`: λ₀, 1−λ₀, λ₁, …; ones without mixup.
    package var mixupWeights: [Float] {
        isMixed ? lambdas.flatMap { [Float($0), 1 - Float($0)] } : [Float](repeating: 1, count: count)
    }

    /// Gives access to the clips' rows as the front end makes them: log-mel spectrograms, shape `(clips, frames, mels)`,
    /// where the network hears nothing else; may be changed.
    package func withInputs<Result>(
        _ body: (UnsafeMutableBufferPointer<Float>) throws -> Result
    ) rethrows -> Result {
        try access(loan.storage.inputs, count * rowCount, body)
    }

    /// Gives access to the targets, 0 or 1, shape `(clips, classes)`, not mixed.
    package func withTargets<Result>(
        _ body: (UnsafeMutableBufferPointer<Float>) throws -> Result
    ) rethrows -> Result {
        try access(loan.storage.targets, count * classCount, body)
    }

    /// Gives access to the teacher's scores, shape `(clips, classes)`, not mixed; nil without a teacher.
    package func withTeacherTargets<Result>(
        _ body: (UnsafeMutableBufferPointer<Float>) throws -> Result
    ) rethrows -> Result? {
        guard hasTeacher else { return nil }
        return try access(loan.storage.teacherTargets, count * classCount, body)
    }

    /// The targets of the examples, mixed with the same weights as the features (SPEC §1.7).
    ///
    /// - Returns: Shape `(examples, classes)`; with mixup there are half as many examples as clips.
    package func mixedTargets() -> [Float] { withTargets { mixed(UnsafeBufferPointer($0)) } }

    /// The teacher's scores of the examples, mixed likewise; nil without a teacher.
    package func mixedTeacherTargets() -> [Float]? { withTeacherTargets { mixed(UnsafeBufferPointer($0)) } }

    private func mixed(_ values: UnsafeBufferPointer<Float>) -> [Float] {
        guard isMixed else { return Array(values) }
        let weights = mixupWeights
        return (0..<count / 2 * classCount).map { position in
            let (pair, index) = position.quotientAndRemainder(dividingBy: classCount)
            let first = 2 * pair * classCount + index
            return values[first] * weights[2 * pair] + values[first + classCount] * weights[2 * pair + 1]
        }
    }

    private func access<Result>(
        _ memory: UnsafeMutableBufferPointer<Float>, _ count: Int,
        _ body: (UnsafeMutableBufferPointer<Float>) throws -> Result
    ) rethrows -> Result {
        try withExtendedLifetime(self) { try body(UnsafeMutableBufferPointer(rebasing: memory[..<count])) }
    }
}

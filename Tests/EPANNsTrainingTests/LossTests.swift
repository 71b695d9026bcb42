import EPANNsTraining
import Testing

@Suite struct LossTests {
    private func evaluate(
        _ loss: LossConfiguration, logits: [Float], targets: [Float], teacher: [Float]? = nil, classCount: Int,
        scale: Float = 1
    ) -> (loss: Double, gradient: [Float]) {
        var gradient = [Float](repeating: .nan, count: logits.count)
        let value = logits.withUnsafeBufferPointer { logits in
            targets.withUnsafeBufferPointer { targets in
                (teacher ?? []).withUnsafeBufferPointer { scores in
                    gradient.withUnsafeMutableBufferPointer { gradient in
                        loss.evaluate(
                            logits: logits, targets: targets, teacher: teacher == nil ? nil : scores,
                            classCount: classCount, gradient: gradient, scale: scale)
                    }
                }
            }
        }
        return (value, gradient)
    }

    @Test(arguments: LossConfiguration.Kind.allCases)
    func `values and gradients are PyTorch's`(kind: LossConfiguration.Kind) throws {
        let fixture = try OptimizationFixture.load().losses
        let expected = try #require(fixture.kinds[kind.rawValue])
        for item in expected.cases {
            let loss = LossConfiguration(kind, teacherWeight: item.weight, temperature: item.temperature)
            for scale: Float in [1, 0.25] {
                let found = evaluate(
                    loss, logits: fixture.logits, targets: expected.targets, teacher: expected.teacher,
                    classCount: fixture.classes, scale: scale)
                // Computed in double precision; the teacher's softened scores and the gradient are rounded to Float32.
                #expect(abs(found.loss - item.loss) < 1e-6 * item.loss, "weight \(item.weight)")
                let error = zip(found.gradient, item.gradient).reduce(0) { max($0, abs(Double($1.0 / scale) - $1.1)) }
                #expect(error < 2e-7, "weight \(item.weight), temperature \(item.temperature)")
            }
        }
    }

    /// The reference's clamp: a score of exactly 0 or 1 that is wrong costs 100, not infinity (SPEC §5.3).
    @Test func `extreme logits cost a hundred`() {
        for (logit, target, value) in [
            (Float(1e30), Float(0), 100.0), (-1e30, 1, 100), (1e30, 1, 0), (-1e30, 0, 0), (.infinity, 0, 100),
            (50, 0, 50), (-50, 1, 50),
        ] {
            let found = evaluate(
                LossConfiguration(.binaryCrossEntropy), logits: [logit], targets: [target], classCount: 1)
            #expect(abs(found.loss - value) < 1e-9, "\(logit)")
            // The slope stays, so that such a score is mended.
            #expect(abs(Double(found.gradient[0]) - (logit > 0 ? 1 : 0) + Double(target)) < 1e-9)
        }
        let softmax = evaluate(
            LossConfiguration(.crossEntropy), logits: [1e30, 0, -1e30], targets: [1, 0, 0], classCount: 3)
        #expect(softmax.loss == 0 && softmax.gradient == [0, 0, 0])
    }

    @Test(arguments: LossConfiguration.Kind.allCases)
    func `no number stays no number`(kind: LossConfiguration.Kind) {
        let found = evaluate(LossConfiguration(kind), logits: [.nan, 1], targets: [0, 1], classCount: 2)
        #expect(!found.loss.isFinite)
    }

    /// A teacher's scores of exactly 0 and 1 have no logits.
    @Test(arguments: LossConfiguration.Kind.allCases)
    func `a certain teacher is finite`(kind: LossConfiguration.Kind) {
        let found = evaluate(
            LossConfiguration(kind, teacherWeight: 0.5, temperature: 4), logits: [2, -1], targets: [1, 0],
            teacher: [1, 0], classCount: 2)
        #expect(found.loss.isFinite && found.gradient.allSatisfy(\.isFinite) && found.loss > 0)
    }
}

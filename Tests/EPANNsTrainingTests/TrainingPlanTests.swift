import EPANNsTraining
import Testing

@Suite struct TrainingPlanTests {
    /// Largest difference of two groups of tensors, relative to the largest value of each tensor but at least `floor`.
    static func worst(
        _ actual: [String: Tensor], _ expected: [String: Tensor], floor: Float
    ) throws -> (error: Float, name: String) {
        var worst: (Float, String) = (0, "")
        for (name, reference) in expected {
            let values = try #require(actual[name], "\(name) is missing").floats
            let wanted = reference.floats
            try #require(values.count == wanted.count)
            let scale = max(wanted.map(abs).max() ?? 0, floor)
            for (a, b) in zip(values, wanted) where abs(a - b) / scale > worst.0 { worst = (abs(a - b) / scale, name) }
        }
        return worst
    }

    @Test(arguments: ["cnn14", "mn"])
    func `gradients and ten steps are PyTorch's`(name: String) throws {
        let fixture = try TrainingFixture(name)
        let inputs = try #require(fixture.tensors["inputs"])
        let targets = try #require(fixture.tensors["targets"])
        let (batches, clips, frames) = (inputs.shape[0], inputs.shape[1], inputs.shape[3])
        let stepper = try TrainingStepper(
            graph: fixture.graph, weights: fixture.group("start"),
            options: .init(batch: clips, frames: frames, threads: 2, usesDropout: false))
        let losses = try #require(fixture.tensors["losses"]).doubles
        let inputSize = inputs.count / batches
        let targetSize = targets.count / batches
        for step in 1...10 {
            let batch = (step - 1) % batches
            let loss = try stepper.step(
                inputs: Array(inputs.floats[batch * inputSize..<(batch + 1) * inputSize]),
                targets: Array(targets.floats[batch * targetSize..<(batch + 1) * targetSize]), learningRate: 1e-3)
            if step == 1 {
                let worst = try Self.worst(stepper.plan.gradients(), fixture.group("gradients"), floor: 1e-4)
                print("\(name): worst gradient \(worst)")
                // Sums of Float32 products through up to 40 layers against float64.
                #expect(worst.error < 2e-4)
            }
            print(name, step, loss, losses[step - 1])
            #expect(abs(loss - losses[step - 1]) < 1e-4)
            if fixture.steps.contains(step) {
                let worst = try Self.worst(stepper.plan.weights(), fixture.group("step\(step)"), floor: 0.1)
                print("\(name) step \(step): worst \(worst)")
                #expect(worst.error < 1e-3)
            }
        }
    }
}

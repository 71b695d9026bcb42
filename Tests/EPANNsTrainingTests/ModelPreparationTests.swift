import EPANNsTestSupport
import EPANNsTraining
import Testing

/// Fresh networks, and new heads for old ones.
@Suite struct ModelPreparationTests {
    private let configuration = ModelConfiguration.cnn(
        CNNConfiguration(.cnn6, widths: [8, 16, 16, 24], embeddingWidth: 32, classCount: 10))

    private func model(seed: UInt64 = 1) throws -> Model {
        try Model.random(name: "fresh", configuration: configuration, seed: seed)
    }

    @Test func `a seed names a network`() throws {
        let (first, second) = (try model(), try model())
        #expect(first.weights.mapValues(\.floats) == second.weights.mapValues(\.floats))
        let other = try model(seed: 2)
        for (name, tensor) in first.weights where name.hasSuffix("conv1.weight") || name.hasPrefix("fc") {
            guard !name.hasSuffix("bias") else { continue }
            #expect(tensor.floats != other.weights[name]?.floats, "\(name)")
        }
        // Tensors draw from streams of their own.
        #expect(
            first.weights["fc1.weight"]?.floats.prefix(9) != first.weights["fc_audioset.weight"]?.floats.prefix(9))
    }

    @Test func `weights are Xavier-uniform, norms do nothing, biases are zero`() throws {
        let model = try model()
        for spec in try model.graph().parameterSpecs where spec.role != .frozen {
            let tensor = try #require(model.weights[spec.name])
            #expect(tensor.shape == spec.shape)
            switch spec.initialization {
            case .xavierUniform(let fanIn, let fanOut):
                let bound = (6 / Float(fanIn + fanOut)).squareRoot()
                #expect(tensor.floats.allSatisfy { abs($0) <= bound })
                let variance = tensor.floats.reduce(0) { $0 + $1 * $1 } / Float(tensor.count)
                // A uniform's variance is bound² / 3; that of n draws is within 5 · √(4/45 / n) · bound² of it.
                let spread = 5 * (4 / 45 / Float(tensor.count)).squareRoot()
                #expect(abs(variance / (bound * bound) - 1 / 3) < spread, "\(spec.name)")
                let mean = tensor.floats.reduce(0, +) / Float(tensor.count)
                #expect(abs(mean) < 5 * bound * (1 / 3 / Float(tensor.count)).squareRoot(), "\(spec.name)")
            case .zeros: #expect(tensor.doubles.allSatisfy { $0 == 0 }, "\(spec.name)")
            case .ones: #expect(tensor.floats.allSatisfy { $0 == 1 }, "\(spec.name)")
            case .frontEnd: break
            }
        }
    }

    @Test func `other classes get a new head`() throws {
        let model = try model()
        let labels = LabelSet(["a", "b", "c"].map { LabelSet.Label(name: $0) })
        let (changed, replaced) = try model.withClasses(labels, seed: 9)
        #expect(Set(replaced) == ["fc_audioset.weight", "fc_audioset.bias"])
        #expect(changed.labels == labels && changed.configuration.classCount == 3)
        #expect(changed.weights["fc_audioset.weight"]?.shape == [3, 32])
        for (name, tensor) in model.weights where !replaced.contains(name) {
            #expect(changed.weights[name]?.floats == tensor.floats, "\(name)")
        }
        // As many classes of other names are other classes.
        let renamed = LabelSet((0..<10).map { LabelSet.Label(name: "sound \($0)") })
        #expect(try model.withClasses(renamed, seed: 9).replaced.count == 2)
        let (same, none) = try model.withClasses(model.labels, seed: 9)
        #expect(
            none.isEmpty && same.weights["fc_audioset.weight"]?.floats == model.weights["fc_audioset.weight"]?.floats)
    }

    @Test func `invalid numbers are refused`() {
        let wrong = ModelConfiguration.cnn(CNNConfiguration(.cnn6, widths: [8, 0, 16, 24]))
        #expect(
            failure { _ = try Model.random(name: "x", configuration: wrong, seed: 1) }?.code == .invalidConfiguration)
    }
}

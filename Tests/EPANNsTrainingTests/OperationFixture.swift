import EPANNsTestSupport
import EPANNsTraining
import Foundation
import Testing

/// Toy graphs in PyTorch, float64; written by `Tools/reference/operations.py`.
struct OperationFixture {
    static let frames = 37
    static let mels = 16

    var names: [String]
    /// Shape (clips, frames, mels).
    var inputs: [Float]
    /// Twice as many, for mixup.
    var mixedInputs: [Float]
    /// Shape (clips, classes).
    var targets: [Float]
    var losses: [Double]
    var augmentation: InputAugmentation
    private var tensors: [String: Tensor]

    init() throws {
        let checkpoint = try Checkpoint.read(path: StoredFixture.path("operations.safetensors"))
        tensors = checkpoint.tensors
        func decode<Value: Decodable>(_ key: String) throws -> Value {
            try JSONDecoder().decode(Value.self, from: Data(try #require(checkpoint.metadata[key]).utf8))
        }
        names = try decode("names")
        inputs = try #require(tensors["inputs"]).floats
        mixedInputs = try #require(tensors["mixed_inputs"]).floats
        targets = try #require(tensors["targets"]).floats
        losses = try #require(tensors["losses"]).doubles
        let stripes: [[[[Int]]]] = try decode("stripes")
        let lambdas: [Float] = try decode("lambdas")
        augmentation = InputAugmentation(
            stripes: stripes.map { clip in
                SpecAugmentStripes(time: clip[0].map { $0[0]..<$0[1] }, mel: clip[1].map { $0[0]..<$0[1] })
            }, mixupWeights: lambdas.flatMap { [$0, 1 - $0] })
    }

    /// Number of a case.
    func index(_ name: String) throws -> Int { try #require(names.firstIndex(of: name), "\(name) is not stored") }

    /// All tensors of a case and a kind: weights, gradients, statistics.
    func group(_ index: Int, _ kind: String) -> [String: Tensor] {
        let prefix = "\(index)/\(kind)/"
        return tensors.reduce(into: [:]) { result, entry in
            guard entry.key.hasPrefix(prefix) else { return }
            result[String(entry.key.dropFirst(prefix.count))] = Tensor(
                shape: entry.value.shape, values: entry.value.floats)
        }
    }
}

/// Differences of two groups of tensors.
struct GradientError {
    /// Largest difference, relative to the tensor's largest value but at least to a thousandth of the largest of all.
    ///
    /// Of a tensor without a gradient (a bias in front of a norm) it is relative to the largest of all: what is there is
    /// rounding noise of sums that cancel.
    var worst: Float = 0
    /// Tensor with the largest difference.
    var name = ""
    /// Euclidean norm of all differences, relative to that of all values.
    var relativeNorm: Float = 0

    init(_ actual: [String: Tensor], _ expected: [String: Tensor]) throws {
        #expect(Set(actual.keys) == Set(expected.keys))
        let loudest = expected.values.reduce(Float(0)) { max($0, $1.floats.map(abs).max() ?? 0) }
        var (difference, total) = (0.0, 0.0)
        for (key, reference) in expected {
            let tensor = try #require(actual[key])
            try #require(tensor.shape == reference.shape)
            let (values, wanted) = (tensor.floats, reference.floats)
            let own = wanted.map(abs).max() ?? 0
            let scale = own < 1e-6 * loudest ? loudest : max(own, loudest / 1000)
            for (a, b) in zip(values, wanted) {
                difference += Double(a - b) * Double(a - b)
                total += Double(b) * Double(b)
                // Written so that NaN counts as worst.
                if !(abs(a - b) / scale <= worst) { (worst, name) = (abs(a - b) / scale, key) }
            }
        }
        relativeNorm = Float((difference / total).squareRoot())
    }
}

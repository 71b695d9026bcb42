import EPANNsCore
import EPANNsGraph
import EPANNsModels
import Foundation

extension Model {
    /// A network with random weights: Xavier-uniform weights, zero biases, norms that do nothing yet (SPEC §2).
    ///
    /// Weight tensors draw from streams of their own, named by their place, so the same seed gives the same network on
    /// every machine. STFT kernels are left out, as in our files.
    ///
    /// - Throws: `EPANNsError` with code `invalidConfiguration` when the configuration's numbers are invalid.
    public static func random(
        name: String, configuration: ModelConfiguration, labels: LabelSet? = nil, seed: UInt64
    ) throws -> Model {
        var weights: [String: Tensor] = [:]
        let frozen = try configuration.graph().parameterSpecs
        for (position, spec) in frozen.enumerated() {
            weights[spec.name] = spec.initialTensor(seed: seed, position: position)
        }
        return try Model(name: name, configuration: configuration, weights: weights, labels: labels)
    }

    /// The model with another list of classes: the classifier is new, everything else is kept.
    ///
    /// - Returns: The model and the names of the weights that were replaced; none where the classes are the same.
    /// - Throws: `EPANNsError` with code `invalidConfiguration`.
    public func withClasses(_ labels: LabelSet, seed: UInt64) throws -> (model: Model, replaced: [String]) {
        if labels == self.labels { return (self, []) }
        var configuration = configuration
        configuration.classCount = labels.count
        var weights = weights
        var replaced: [String] = []
        let old = Dictionary(uniqueKeysWithValues: try graph().parameterSpecs.map { ($0.name, $0.shape) })
        let logits = try configuration.classifierName()
        for (position, spec) in try configuration.graph().parameterSpecs.enumerated()
        where old[spec.name] != spec.shape || spec.name.hasPrefix(logits + ".") {
            weights[spec.name] = spec.initialTensor(seed: seed, position: position)
            replaced.append(spec.name)
        }
        return (try replacing(weights: weights, configuration: configuration, labels: labels), replaced)
    }
}

extension Model {
    /// The model with the classes of another before its own; both heads read the same features.
    ///
    /// A class of both, in capitals or not, is this model's: names are looked up without regard to case. Test: `OwnClassesTests`.
    ///
    /// - Throws: `EPANNsError` with code `checkpointMismatch` when the heads are not of one kind.
    package func adding(classesOf other: Model) throws -> Model {
        let own = Set(labels.labels.map { $0.name.lowercased() })
        let kept = other.labels.labels.indices.filter { !own.contains(other.labels.labels[$0].name.lowercased()) }
        var configuration = configuration
        configuration.classCount = kept.count + labels.count
        var weights = weights
        let head = try configuration.classifierName() + "."
        for spec in try configuration.graph().parameterSpecs where spec.name.hasPrefix(head) {
            let width = spec.shape.dropFirst().reduce(1, *)
            guard let old = other.weights[spec.name], let new = self.weights[spec.name],
                old.shape == [other.labels.count] + spec.shape.dropFirst(),
                new.shape == [labels.count] + spec.shape.dropFirst()
            else {
                throw EPANNsError(
                    .checkpointMismatch, "The heads of \(other.name) and of the new classes do not fit together.")
            }
            let rows = old.floats
            let values = kept.flatMap { rows[$0 * width..<($0 + 1) * width] } + new.floats
            weights[spec.name] = Tensor(shape: spec.shape, values: values)
        }
        return try replacing(
            weights: weights, configuration: configuration,
            labels: LabelSet(kept.map { other.labels.labels[$0] } + labels.labels))
    }
}

extension ModelConfiguration {
    /// State-dict prefix of the layer that gives the logits.
    public func classifierName() throws -> String {
        let graph = try graph()
        guard let logits = graph.outputs[.logits] else { preconditionFailure("a graph has logits") }
        return graph.classifier(of: logits)
    }
}

extension ModelGraph {
    /// Name of the layer whose channels are the classes; poolings of decisions may lie behind it.
    func classifier(of logits: Int) -> String {
        var node = logits
        while nodes[node].operation.parameterLayout == .none, let input = nodes[node].inputs.first { node = input }
        return nodes[node].name
    }
}

extension ParameterSpec {
    /// What a fresh network holds; nil for the front end's tensors, which follow from the configuration.
    fileprivate func initialTensor(seed: UInt64, position: Int) -> Tensor? {
        switch initialization {
        case .frontEnd: return nil
        case .zeros:
            return role == .counter ? Tensor(int64: 0) : Tensor(shape: shape, values: .init(repeating: 0, count: count))
        case .ones: return Tensor(shape: shape, values: .init(repeating: 1, count: count))
        case .xavierUniform(let fanIn, let fanOut):
            let bound = (6 / Double(fanIn + fanOut)).squareRoot()
            let words = [UInt32](unsafeUninitializedCapacity: count) { buffer, initialized in
                CounterRandom(seed: seed, iteration: 0, position: position, purpose: .initialization)
                    .fill(UnsafeMutableBufferPointer(rebasing: buffer[..<count]))
                initialized = count
            }
            return Tensor(shape: shape, values: words.map { Float((Double($0) / 0x1p31 - 1) * bound) })
        }
    }
}

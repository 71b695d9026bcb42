import EPANNsCore
import EPANNsModels

/// The network that a run begins with.
struct StartingModel {
    /// With a head for the new classes.
    let model: Model
    /// The model as it was read, where its classes are to stay beside the new ones.
    let kept: Model?
    /// SHA-256 of the file; nil for random weights.
    let digest: String?

    /// Reads the model to start from, or makes one with random weights.
    ///
    /// - Throws: `EPANNsError` with code `invalidConfiguration`, and as `Model.read`.
    init(
        _ configuration: TrainingConfiguration, classes: LabelSet, report: (TrainingEvent) throws -> Void
    ) throws {
        guard let path = configuration.initial else {
            model = try Self.fresh(configuration, classes: classes)
            kept = nil
            digest = nil
            return
        }
        let found = try Model.read(path: path)
        digest = found.sha256()
        for note in found.notes { try report(.note(note.message, remedy: note.remedy)) }
        let (model, replaced) = try found.withClasses(classes, seed: configuration.seed)
        let isWanted = configuration.keepsOldClasses == true && !replaced.isEmpty
        let keepsOld = isWanted && found.configuration.outputActivation == .sigmoid
        if isWanted, !keepsOld {
            try report(
                .note(
                    "The classes of \(found.name) compete with one another (softmax), so they cannot stay beside new ones."
                ))
        }
        if keepsOld {
            try Self.checkKeeping(found, configuration.freeze)
            try report(
                .note(
                    "\(found.name) keeps its \(found.labels.count.counted("class")); a head for \(classes.count) more is learnt "
                        + "beside them."))
        } else if !replaced.isEmpty {
            try report(
                .note(
                    "\(found.name) knows \(found.labels.count.counted("other class")): \(replaced.joined(separator: ", ")) were "
                        + "dropped and start anew for \(classes.count); everything else was kept."))
        }
        kept = keepsOld ? found : nil
        self.model = model
    }

    /// Old classes stay what they are only if everything that they are computed from does.
    private static func checkKeeping(_ model: Model, _ freeze: FreezeSelection) throws {
        let head = try model.configuration.classifierName() + "."
        let trained = try model.graph().parameterSpecs.filter { $0.role == .trainable && !freeze.contains($0.name) }
        guard trained.allSatisfy({ $0.name.hasPrefix(head) }), freeze.includesStatistics else {
            throw EPANNsError(
                .invalidConfiguration,
                "The old classes can be kept only if nothing but the head is trained.", remedy: .dropOldClasses)
        }
    }

    private static func fresh(_ configuration: TrainingConfiguration, classes: LabelSet) throws -> Model {
        guard
            var network = configuration.network
                ?? configuration.architecture.flatMap({ ModelConfiguration.named($0) })
        else {
            let name = configuration.architecture ?? ""
            let near = ModelConfiguration.namesNear(name)
            let hint =
                near.isEmpty
                ? "there are " + ModelConfiguration.architectureNames.joined(separator: ", ")
                : "did you mean " + near.joined(separator: " or ") + "?"
            throw EPANNsError(.invalidConfiguration, "\(name.quoted) is not an architecture; \(hint)")
        }
        network.classCount = classes.count
        return try Model.random(
            name: configuration.architecture ?? network.architecture, configuration: network, labels: classes,
            seed: configuration.seed)
    }
}

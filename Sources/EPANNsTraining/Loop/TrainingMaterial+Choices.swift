import EPANNsAudio
import EPANNsCore
import EPANNsData
import EPANNsModels
import EPANNsProcesses

// What follows from the configuration and the data together.
extension TrainingMaterial {
    /// What is minimised: cross-entropy where every clip has one class of a closed set, otherwise binary cross-entropy.
    static func loss(
        _ configuration: TrainingConfiguration, _ train: DataSet, keepsOldClasses: Bool
    ) throws -> LossConfiguration {
        let isClosed = train.isSingleLabel && !keepsOldClasses
        let kind = configuration.loss ?? (isClosed ? .crossEntropy : .binaryCrossEntropy)
        let learnsFromTeacherAlone = configuration.teacher != nil && configuration.teacherWeight == 1
        guard kind == .binaryCrossEntropy || train.isSingleLabel || learnsFromTeacherAlone else {
            throw EPANNsError(
                .invalidConfiguration,
                "Cross-entropy needs clips of exactly one class; take the loss bce for clips with several or none.")
        }
        guard kind == .binaryCrossEntropy || !keepsOldClasses else {
            throw EPANNsError(
                .invalidConfiguration,
                "Cross-entropy makes scores that compete with one another, so the old classes cannot be kept beside the new "
                    + "ones; take the loss bce.", remedy: .dropOldClasses)
        }
        return LossConfiguration(
            kind, teacherWeight: configuration.teacherWeight, temperature: configuration.temperature)
    }

    /// What the best model is best in.
    static func metric(_ configuration: TrainingConfiguration, _ train: DataSet) throws -> TrainingConfiguration.Metric
    {
        let metric = configuration.metric ?? (train.isSingleLabel ? .accuracy : .map)
        guard metric != .accuracy || train.isSingleLabel else {
            throw EPANNsError(.invalidConfiguration, "Accuracy is for clips of exactly one class; take the metric map.")
        }
        return metric
    }

    /// Refuses data from which nothing can be told apart, and says of which classes there is little.
    static func checkClasses(
        _ train: DataSet, _ test: DataSet?, _ loss: LossConfiguration.Kind, _ report: (TrainingEvent) throws -> Void
    ) throws {
        let counts = train.classCounts
        let present = counts.count { $0 > 0 }
        let hasOthers = train.clips.contains { $0.classes.isEmpty }
        guard present > 1 || (hasOthers && present == 1 && loss == .binaryCrossEntropy) else {
            let name = zip(train.labels.labels, counts).first { $0.1 > 0 }?.0.name
            throw EPANNsError(
                .invalidConfiguration,
                name.map { "Every clip is of the class \($0.quoted): a network would learn to say it of everything." }
                    ?? "No clip has a class.", remedy: .learnFromNone)
        }
        func names(_ isMeant: (Int) -> Bool) -> [String] {
            train.labels.labels.indices.filter(isMeant).map { train.labels.labels[$0].name }
        }
        // AudioSet's list has many classes that a set of one's own does not.
        let single = names { counts[$0] == 1 }
        if !single.isEmpty {
            try report(
                .note(
                    "Of \(single.count.counted("class")) there is one clip to train on: "
                        + "\(single.firstFewQuoted)."))
        }
        guard let test else { return }
        let tested = test.classCounts
        guard tested.contains(where: { $0 > 0 }) else {
            throw EPANNsError(
                .invalidConfiguration,
                "None of the \(test.clips.count.counted("clip")) to test on has one of the classes, so a test could not "
                    + "say how good the model is. Test on other clips or folds, or on none.")
        }
        let unseen = names { counts[$0] == 0 && tested[$0] > 0 }
        if !unseen.isEmpty {
            try report(.note("There are test clips but none to train on of \(unseen.firstFewQuoted)."))
        }
    }

    /// Packs the recordings; nil where there is no folder for them.
    static func pack(
        _ everything: DataSet, sampleRate: Int, _ folder: String?, _ communicator: any Communicator,
        _ report: (TrainingEvent) throws -> Void
    ) throws -> WaveformCache? {
        guard let folder else { return nil }
        var found: WaveformCache?
        // One process packs; the others find it done.
        for turn in 0..<min(communicator.count, 2) {
            if turn == 0 ? communicator.rank == 0 : communicator.rank > 0 {
                found = try WaveformCache.build(everything, sampleRate: sampleRate, folder: folder) {
                    try report(.packing($0))
                }
            }
            try communicator.meet()
        }
        for note in found?.notes ?? [] { try report(.note(note)) }
        return found
    }

    /// Length of a training clip, in samples.
    static func clipSamples(
        _ configuration: TrainingConfiguration, _ train: DataSet, _ cache: WaveformCache?, _ model: Model,
        _ report: (TrainingEvent) throws -> Void
    ) throws -> Int {
        let sampleRate = model.configuration.frontEnd.sampleRate
        let graph = try model.graph()
        let shortest = graph.minimumSampleCount
        if let seconds = configuration.clipSeconds {
            return graph.fittingSampleCount(max(Int((seconds * Double(sampleRate)).rounded()), shortest))
        }
        guard let cache else {
            try report(
                .note(
                    "The recordings are not packed yet and their length is not known; clips of 10 s are assumed. With the "
                        + "length given the memory is exact."))
            return graph.fittingSampleCount(max(10 * sampleRate, shortest))
        }
        // Nine of ten clips are heard whole; a few long ones do not make all the others end in silence.
        let lengths = try train.clips.map { try cache.location(of: $0).sampleCount }.sorted()
        let usual = lengths.isEmpty ? 0 : lengths[lengths.count * 9 / 10]
        return graph.fittingSampleCount(max(min(usual, 10 * sampleRate), shortest))
    }
}

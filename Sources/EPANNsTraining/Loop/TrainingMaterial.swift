import EPANNsAudio
import EPANNsCore
import EPANNsData
import EPANNsEvaluation
import EPANNsGraph
import EPANNsModels
import EPANNsProcesses
import EPANNsRuntime
import Foundation

/// What a run works with: clips, packed recordings, the network to start from, the teacher.
final class TrainingMaterial {
    let train: DataSet
    let test: DataSet?
    /// The network that is trained.
    let model: Model
    /// The model whose classes stay beside the new ones; nil where the new ones are all.
    let keptModel: Model?
    let teacher: Teacher?
    /// Nil where only the run's size is of interest.
    private let packed: WaveformCache?
    let frontEnd: NetworkFrontEnd
    let loss: LossConfiguration
    let metric: TrainingConfiguration.Metric
    /// Samples of a training clip.
    let clipSamples: Int
    /// The node whose stored results are trained on; nil for recordings.
    let firstNode: String?
    /// The teacher's scores of the test clips, where labels are its business alone.
    var teacherTestScores: [[Float]]?
    let learnsFromTeacherAlone: Bool
    /// SHA-256 of the files of the initial model and the teacher, where there are any.
    let modelDigests: [String: String]

    /// How long a training clip is.
    let extent: ClipExtent

    init(
        _ configuration: TrainingConfiguration, cacheFolder: String?, communicator: any Communicator,
        report: (TrainingEvent) throws -> Void
    ) throws {
        learnsFromTeacherAlone = configuration.teacher != nil && configuration.teacherWeight == 1
        let teacher = try configuration.teacher.map { try Model.read(path: $0) }
        let labels = try configuration.labels.map { try LabelSet.read(path: $0) }
        (train, test) = try TrainingData.read(
            configuration, labels: learnsFromTeacherAlone ? teacher?.labels : labels,
            ignoresClasses: learnsFromTeacherAlone)
        for note in Set(train.notes + (test?.notes ?? [])).sorted() { try report(.note(note)) }
        if test == nil, configuration.holdOut != 0 {
            try report(.note("Nothing is held out for testing, so nothing will be said about how good the model is."))
        }
        let start = try StartingModel(configuration, classes: train.labels, report: report)
        keptModel = start.kept
        modelDigests = ["initial": start.digest, "teacher": teacher?.sha256()].compactMapValues(\.self)
        loss = try Self.loss(configuration, train, keepsOldClasses: start.kept != nil)
        var model = start.model
        model.configuration.outputActivation = loss.kind == .crossEntropy ? .softmax : .sigmoid
        self.model = model
        if !learnsFromTeacherAlone { try Self.checkClasses(train, test, loss.kind, report) }
        metric = try Self.metric(configuration, train)
        let graph = try model.graph()
        frontEnd = try NetworkFrontEnd(graph, melWeights: model.melWeights)
        if configuration.specAugment != nil, !graph.inputs.contains(.logMel) {
            try report(.note("SpecAugment masks spectrograms, and \(model.configuration.architecture) hears none."))
        }
        packed = try Self.pack(
            TrainingData.merged([train] + (test.map { [$0] } ?? [])), sampleRate: frontEnd.configuration.sampleRate,
            cacheFolder, communicator, report)
        clipSamples = try Self.clipSamples(configuration, train, packed, model, report)
        extent = graph.extent(sampleCount: clipSamples)
        self.teacher = try teacher.map { try Teacher($0, of: model) }
        firstNode =
            configuration.cachesEmbeddings ? try EmbeddingCut.node(of: model.graph(), configuration.freeze) : nil
    }

    /// Whether the recordings are at hand.
    var isPacked: Bool { packed != nil }

    static var noCache: EPANNsError {
        EPANNsError(.invalidConfiguration, "Name a folder for the packed recordings (cache).")
    }

    func cache() throws -> WaveformCache {
        guard let packed else { throw Self.noCache }
        return packed
    }

    /// Checksum of what fixes a run's trajectory.
    func identity(_ configuration: TrainingConfiguration) -> String {
        var fixed = configuration
        fixed.evaluateEvery = nil
        fixed.checkpointEvery = nil
        fixed.cache = nil
        fixed.threads = nil
        // The length matters only to schedules that lead to an end.
        if !fixed.schedule.leadsToAnEnd { fixed.iterations = 1 }
        var hash = MessageDigest(.sha256)
        ((try? fixed.json()) ?? Data()).withUnsafeBytes { hash.update($0) }
        hash.update(train.digest)
        hash.update("\(clipSamples)")
        return hash.hexadecimal
    }
}

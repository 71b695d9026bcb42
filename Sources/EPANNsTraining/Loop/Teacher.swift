import EPANNsAudio
import EPANNsCore
import EPANNsModels
import EPANNsRuntime

/// A model whose scores are learnt from.
struct Teacher {
    let model: Model
    let frontEnd: LogMelSpectrogram
    private let network: InferenceNetwork

    /// Compiles a teacher.
    ///
    /// - Throws: `EPANNsError` with code `invalidConfiguration` when its rate or classes are not the student's.
    init(_ model: Model, of student: Model) throws {
        let (rate, own) = (model.configuration.frontEnd.sampleRate, student.configuration.frontEnd.sampleRate)
        guard rate == own else {
            throw EPANNsError(
                .invalidConfiguration,
                "The teacher listens at \(rate) Hz, the network at \(own) Hz; take a teacher of the same rate.")
        }
        guard model.labels.labels.map(\.name) == student.labels.labels.map(\.name) else {
            throw EPANNsError(
                .invalidConfiguration,
                "The teacher \(model.name) knows other classes (\(model.labels.count)) than the network is to learn "
                    + "(\(student.labels.count)); with a teacher's weight of 1 the labels of the data are not used.")
        }
        self.model = model
        frontEnd = try LogMelSpectrogram(configuration: model.configuration.frontEnd, melWeights: model.melWeights)
        network = InferenceNetwork(
            graph: try model.graph(), weights: model.weights, options: .init(precision: .fp32, threads: 1))
    }

    /// Scores of a waveform, shape (classes); called on several threads at once.
    var scores: BatchLoader.Teacher {
        { [network, frontEnd] samples in
            let spectrogram = try frontEnd(samples)
            return try network.plan(for: .init(frames: spectrogram.count / network.graph.input.melBands))
                .run(spectrogram).scores
        }
    }

    /// For whole clips, as many at once as there are threads.
    func scorer(threads: Int) throws -> NetworkScorer {
        NetworkScorer(
            graph: try model.graph(), weights: model.weights, frontEnd: frontEnd, precision: .fp32, threads: threads)
    }
}

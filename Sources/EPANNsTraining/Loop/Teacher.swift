import EPANNsAudio
import EPANNsCore
import EPANNsModels
import EPANNsRuntime

/// A model whose scores are learnt from.
struct Teacher {
    let model: Model
    let frontEnd: NetworkFrontEnd
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
        let graph = try model.graph()
        frontEnd = try NetworkFrontEnd(graph, melWeights: model.melWeights)
        network = InferenceNetwork(
            graph: graph, weights: model.weights, options: .init(precision: .fp32, threads: 1))
    }

    /// Scores of a waveform, shape (classes); called on several threads at once.
    var scores: BatchLoader.Teacher {
        { [network, frontEnd, minimum = network.graph.minimumSampleCount] samples in
            // The student's clips may be too short for the teacher, or of a length that it does not take.
            let graph = network.graph
            let count = graph.fittingSampleCount(max(samples.count, minimum))
            let row = try frontEnd(samples + [Float](repeating: 0, count: count - samples.count))
            return try network.plan(for: .init(graph.extent(sampleCount: count))).run(row).scores
        }
    }

    /// For whole clips, as many at once as there are threads.
    func scorer(threads: Int) throws -> NetworkScorer {
        NetworkScorer(
            graph: try model.graph(), weights: model.weights, frontEnd: frontEnd, precision: .fp32, threads: threads)
    }
}

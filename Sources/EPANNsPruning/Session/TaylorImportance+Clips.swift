import EPANNsCore
import EPANNsGraph
import EPANNsModels
import EPANNsTraining

extension TaylorImportance {
    /// Adds up what the gradients of the binary cross-entropy on some clips tell of some layers' filters.
    ///
    /// Everything but these layers' weights is frozen, the norms' statistics too: the network as it is when it is used.
    ///
    /// - Parameters:
    ///   - layers: The layers that are ranked.
    ///   - model: The network.
    ///   - clips: Clips whose classes are known.
    ///   - threads: Threads of a step.
    /// - Throws: `EPANNsError` with code `invalidConfiguration` when classes are not known, and as `TrainingStepper`.
    ///
    /// Parity: `PruneTests` against PyTorch's gradients.
    public init(layers: [String], of model: Model, clips: PruningClips, threads: Int) throws {
        guard let targets = clips.targets else {
            throw EPANNsError(
                .invalidConfiguration, "The criterion \(PruningCriterion.taylor.name) needs clips with their classes.",
                remedy: .nameData)
        }
        try self.init(layers: layers, weights: model.weights)
        let (count, size) = (clips.spectrograms.count, Self.batchSize)
        let whole = count - count % size
        if whole > 0 { try add(0..<whole, batch: size, layers, model, clips.spectrograms, targets, threads) }
        if whole < count {
            try add(whole..<count, batch: count - whole, layers, model, clips.spectrograms, targets, threads)
        }
    }

    private static let batchSize = 8

    /// Adds clips whose number is a multiple of the batch's size.
    private mutating func add(
        _ clips: Range<Int>, batch size: Int, _ layers: [String], _ model: Model, _ spectrograms: [[Float]],
        _ targets: [[Int]], _ threads: Int
    ) throws {
        let graph = try model.graph()
        let classCount = model.configuration.classCount
        let stepper = try TrainingStepper(
            graph: graph, weights: model.weights,
            options: .init(
                batch: size, extent: graph.extent(rowCount: spectrograms[0].count), threads: threads,
                usesDropout: false, freeze: FreezeSelection(patterns: ["*"] + layers.map { "!\($0).weight" })),
            optimizer: OptimizerConfiguration(.sgd, momentum: 0))
        for start in stride(from: clips.lowerBound, to: clips.upperBound, by: size) {
            var rows = [Float](repeating: 0, count: size * classCount)
            for clip in 0..<size { for output in targets[start + clip] { rows[clip * classCount + output] = 1 } }
            _ = try stepper.step(
                inputs: spectrograms[start..<start + size].flatMap(\.self), targets: rows, learningRate: 0)
            try add(stepper.plan.gradients(), clipCount: size)
        }
    }
}

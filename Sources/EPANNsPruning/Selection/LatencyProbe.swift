import EPANNsCore
import EPANNsGraph
import EPANNsRuntime

/// Measures how long a network takes for one clip on this machine.
public struct LatencyProbe: Sendable {
    /// How long the clip is.
    public var extent: ClipExtent
    /// Arithmetic and threads.
    public var options: InferencePlan.Options
    /// How long runs go on, of which the fastest counts; two at least, and one before to warm up.
    public var budgetSeconds: Double

    /// Makes a probe.
    public init(extent: ClipExtent, options: InferencePlan.Options, budgetSeconds: Double = 0.5) {
        self.extent = extent
        self.options = options
        self.budgetSeconds = budgetSeconds
    }

    /// Seconds of the fastest run, from the network's input to scores; compiling is not counted.
    ///
    /// The fastest is what the machine can do when nothing else disturbs it. The time does not depend on the weights, so
    /// zeros stand in for them, and no checkpoint is read.
    ///
    /// - Throws: As `InferencePlan`.
    public func seconds(_ graph: ModelGraph) throws -> Double {
        let network = InferenceNetwork(
            graph: graph, weights: try graph.zeroWeights(), options: options, planCapacity: 1)
        let plan = try network.plan(for: .init(extent))
        // Something like log-mels in dB; silence could be faster.
        let spectrogram = (0..<graph.rowCount(extent)).map { Float($0 * 37 % 101) / 2 - 60 }
        _ = try plan.run(spectrogram)
        let clock = ContinuousClock()
        let end = clock.now + .seconds(budgetSeconds)
        var best = try clock.measure { _ = try plan.run(spectrogram) }
        repeat { best = min(best, try clock.measure { _ = try plan.run(spectrogram) }) } while clock.now < end
        return Double(best.components.seconds) + Double(best.components.attoseconds) * 1e-18
    }
}

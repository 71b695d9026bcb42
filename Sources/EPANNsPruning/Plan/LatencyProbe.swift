import EPANNsGraph
import EPANNsRuntime

/// Measures how long a network takes for one clip on this machine.
public struct LatencyProbe: Sendable {
    /// Frames of the clip.
    public var frameCount: Int
    /// Arithmetic and threads.
    public var options: InferencePlan.Options
    /// Runs of which the fastest counts; one more goes before to warm up.
    public var runs: Int

    /// Makes a probe.
    public init(frameCount: Int, options: InferencePlan.Options, runs: Int = 5) {
        precondition(runs > 0)
        self.frameCount = frameCount
        self.options = options
        self.runs = runs
    }

    /// Seconds of the fastest run, from spectrogram to scores; compiling is not counted.
    ///
    /// The fastest is what the machine can do when nothing else disturbs it.
    ///
    /// - Throws: As `InferencePlan`.
    public func seconds(_ graph: ModelGraph, _ weights: [String: Tensor]) throws -> Double {
        let network = InferenceNetwork(graph: graph, weights: weights, options: options, planCapacity: 1)
        let plan = try network.plan(for: .init(frames: frameCount))
        // Something like log-mels in dB; silence could be faster.
        let spectrogram = (0..<frameCount * graph.input.melBands).map { Float($0 * 37 % 101) / 2 - 60 }
        _ = try plan.run(spectrogram)
        let clock = ContinuousClock()
        var best = Duration.seconds(1 << 30)
        for _ in 0..<runs { best = min(best, try clock.measure { _ = try plan.run(spectrogram) }) }
        return Double(best.components.seconds) + Double(best.components.attoseconds) * 1e-18
    }
}

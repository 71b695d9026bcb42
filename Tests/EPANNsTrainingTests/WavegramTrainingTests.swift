import EPANNsModels
import EPANNsTestSupport
import EPANNsTraining
import Testing

/// Where the clips of networks are mixed that hear the waveform.
///
/// Ten steps against PyTorch: `TrainingPlanTests`.
@Suite struct WavegramTrainingTests {
    private struct Setting {
        var graph: ModelGraph
        var weights: [String: Tensor]
        var extent: ClipExtent
        var clips: [[Float]]
        let targets: [Float] = [1, 0, 0, 0, 1, 0]

        init(_ variant: WavegramConfiguration.Variant, seed first: UInt32 = 0) throws {
            graph = try WavegramConfiguration(
                variant, scale: 1 / 32, classCount: 3, frontEnd: .panns32k(melBands: 32)
            ).graph()
            weights = seededWeights(graph)
            // Long enough for norms to have more than a few values each.
            extent = graph.extent(sampleCount: 128_000)
            clips = []
            for seed in first + 1...first + 4 {
                clips.append(TinyModel.noise(count: graph.rowCount(extent), seed: seed, amplitude: 1))
            }
        }

        /// Loss and gradients of two examples of these clips.
        func run(
            _ rows: [[Float]], mixed weights: [Float] = [], freeze: FreezeSelection = FreezeSelection()
        ) throws -> (loss: Double, gradients: [String: Tensor]) {
            let plan = try TrainingPlan(
                graph: graph, weights: self.weights,
                options: .init(batch: 2, clips: rows.count, extent: extent, usesDropout: false, freeze: freeze))
            let loss = try plan.evaluate(
                inputs: rows.flatMap(\.self), targets: targets,
                augmentation: InputAugmentation(mixupWeights: weights)
            ).loss
            return (loss, try plan.gradients())
        }
    }

    /// A clip mixed with itself is itself, and half of its gradient comes by either way.
    @Test(arguments: WavegramConfiguration.Variant.allCases)
    func `a clip mixed with itself trains as the clip alone`(variant: WavegramConfiguration.Variant) throws {
        // Sums over twice as many clips round differently, which may carry a value over a ReLU's corner or to another
        // maximum: of some clips it does not.
        var errors: [Float] = []
        for seed in UInt32(0)..<4 {
            let setting = try Setting(variant, seed: 10 * seed)
            let (a, b) = (setting.clips[0], setting.clips[1])
            let alone = try setting.run([a, b])
            let mixed = try setting.run([a, a, b, b], mixed: [0.25, 0.75, 0.5, 0.5])
            #expect(abs(alone.loss - mixed.loss) < 1e-4)
            errors.append(try GradientError(mixed.gradients, alone.gradients).relativeNorm)
        }
        print("\(variant.rawValue), mixed with itself: gradients differ by \(errors) of their norm")
        #expect((errors.min() ?? 1) < 1e-4)
    }

    /// With norms that follow no batch, a clip of weight 0 is not heard; and mixing happens behind the waveform's branch,
    /// which is not linear, rather than before it.
    @Test func `mixing takes place behind the waveform's branch`() throws {
        let setting = try Setting(.wavegram)
        let clips = setting.clips
        let norms = FreezeSelection(patterns: ["*bn*"])
        let alone = try setting.run([clips[0], clips[2]], freeze: norms).loss
        let first = try setting.run(clips, mixed: [1, 0, 1, 0], freeze: norms).loss
        #expect(abs(alone - first) < 1e-7)
        let mixed = try setting.run(clips, mixed: [0.5, 0.5, 0.5, 0.5], freeze: norms).loss
        let waveforms = [0, 2].map { pair in zip(clips[pair], clips[pair + 1]).map { ($0 + $1) / 2 } }
        let early = try setting.run(waveforms, freeze: norms).loss
        print("loss of mixed clips \(mixed), of the first alone \(first), of mixed waveforms \(early)")
        #expect(abs(mixed - first) > 1e-6 && abs(mixed - early) > 1e-6)
    }
}

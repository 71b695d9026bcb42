import EPANNsTestSupport
import EPANNsTraining
import Foundation
import Testing

/// Forward and backward of every operation, in every combination that networks have, against PyTorch in float64.
@Suite struct OperationTests {
    let fixture: OperationFixture

    init() throws { fixture = try OperationFixture() }

    private func name(_ item: GraphCases.Case, _ transposed: Bool) -> String {
        item.description + (transposed ? " transposed" : "")
    }

    /// Checks loss, gradients and statistics of one step.
    private func check(
        _ graph: ModelGraph, _ name: String, options: TrainingPlan.Options, inputs: [Float],
        augmentation: InputAugmentation = InputAugmentation()
    ) throws {
        let index = try fixture.index(name)
        let plan = try TrainingPlan(graph: graph, weights: fixture.group(index, "weights"), options: options)
        let (loss, _) = try plan.evaluate(inputs: inputs, targets: fixture.targets, augmentation: augmentation)
        let error = try GradientError(plan.gradients(), fixture.group(index, "gradients"))
        let weights = try plan.weights()
        let statistics = fixture.group(index, "statistics")
        let statisticsError =
            try statistics.isEmpty
            ? 0 : GradientError(weights.filter { statistics.keys.contains($0.key) }, statistics).worst
        let lossError = abs(loss - fixture.losses[index]) / fixture.losses[index]
        print(
            "\(name), \(options.precision.rawValue): loss \(lossError), worst \(error.worst) (\(error.name)), norm "
                + "\(error.relativeNorm), statistics \(statisticsError)")
        switch options.precision {
        case .fp32:
            // Float32 sums of up to 2000 products, a few layers deep, against float64.
            #expect(lossError < 1e-6)
            #expect(error.worst < 1e-4, "\(error.name)")
            #expect(statisticsError < 1e-6)
        case .bf16:
            // Eight bits of mantissa: each rounding is wrong by up to 0.4 %, and a value near a ReLU's or a maximum's
            // edge takes the other branch; the mean of a few thousand values is nearer.
            #expect(lossError < 2e-3)
            #expect(error.relativeNorm < 0.05)
            #expect(statisticsError < 5e-3)
        }
    }

    @Test(arguments: GraphCases.cases, [false, true])
    func `loss, gradients and statistics are PyTorch's`(item: GraphCases.Case, transposed: Bool) throws {
        for winograd in [false, true] {
            try check(
                GraphCases.graph(item, transposed: transposed), name(item, transposed),
                options: .init(batch: 3, frames: OperationFixture.frames, allowsWinograd: winograd),
                inputs: fixture.inputs)
        }
    }

    @Test(
        .enabled(if: Precision.bf16.isSupported, "this processor does not compute in bf16"),
        arguments: GraphCases.cases, [false, true])
    func `bf16 is near`(item: GraphCases.Case, transposed: Bool) throws {
        try check(
            GraphCases.graph(item, transposed: transposed), name(item, transposed),
            options: .init(batch: 3, frames: OperationFixture.frames, precision: .bf16), inputs: fixture.inputs)
    }

    /// Statistics of a frozen norm are used and kept, and it has no gradients.
    @Test(arguments: Precision.allCases.filter(\.isSupported))
    func `a frozen norm is PyTorch's in evaluation`(precision: Precision) throws {
        let item = try #require(GraphCases.cases.first { $0.description == "one result with four readers" })
        try check(
            GraphCases.graph(item, transposed: false), "a frozen norm",
            options: .init(
                batch: 3, frames: OperationFixture.frames, precision: precision,
                freeze: FreezeSelection(patterns: ["bn"])),
            inputs: fixture.inputs)
    }

    /// SpecAugment and mixup behind a norm over mel: twice as many clips before them as behind.
    @Test(arguments: Precision.allCases.filter(\.isSupported))
    func `augmentation has PyTorch's gradients`(precision: Precision) throws {
        try check(
            Self.augmentedGraph(), "augmentation behind a norm over mel",
            options: .init(
                batch: 3, clips: 6, frames: OperationFixture.frames, precision: precision, usesSpecAugment: true),
            inputs: fixture.mixedInputs, augmentation: fixture.augmentation)
    }

    /// PANNs' beginning: `bn0` over mel, behind which augmentation takes place.
    static func augmentedGraph() -> ModelGraph {
        var builder = GraphBuilder(input: .panns32k(melBands: OperationFixture.mels))
        var x = builder.batchNorm("bn0", builder.input, BatchNorm(axis: .width))
        x = builder.convolution("c", x, Convolution(filters: 6, kernel: [3, 3], padding: [1, 1]))
        x = builder.activation("r", builder.batchNorm("bn", x), .relu)
        x = builder.reduce("head.mean", x, .mean, over: [.height, .width])
        builder.output(.embedding, x)
        builder.classify(builder.linear("head", x, outputs: 5), .none)
        return builder.build()
    }
}

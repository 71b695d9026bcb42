import EPANNsCore
import EPANNsGraph

/// A network lowered for inference on one input shape, with those nodes' results that are wanted.
struct InferenceLowering {
    /// Where a wanted result lies after a run: row-major Float32 in the graph's order of axes.
    struct Output {
        var buffer: Int
        /// Elements of all clips.
        var count: Int
    }

    let spec: ProgramSpec
    let input: ProgramInput
    /// By node.
    let outputs: [Int: Output]

    /// Lowers.
    ///
    /// - Throws: `EPANNsError` with code `invalidAudio` when the clip is too short, `checkpointMismatch` when a tensor is
    ///   missing or has the wrong size, `backendFailure` when oneDNN refuses.
    init(
        _ graph: ModelGraph, weights: [String: Tensor], packed: PackedWeights, shape: InferencePlan.InputShape,
        options: InferencePlan.Options, outputs nodes: [Int]
    ) throws {
        try options.precision.checkSupport()
        // Primitives are made for the number of threads that they find.
        ThreadPolicy.use(options.threads)
        var builder = try ProgramBuilder(
            graph, extent: shape.extent, weights: weights,
            mode: .inference(packed, precision: options.precision, allowsWinograd: options.allowsWinograd),
            batch: shape.batch, outputs: nodes)
        try builder.forward()
        var outputs: [Int: Output] = [:]
        for node in nodes { outputs[node] = try builder.output(node) }
        self.outputs = outputs
        input = builder.programInput
        spec = builder.spec()
    }
}

extension ProgramBuilder {
    /// Makes a node's value row-major Float32 that lives to the end.
    fileprivate mutating func output(_ node: Int) throws -> InferenceLowering.Output {
        let result = try plainFloats(value(node), name: "output")
        keep(result)
        return InferenceLowering.Output(buffer: result.buffer, count: batch(node) * shapes[node].count)
    }
}

extension Program {
    /// Copies a result.
    func values(_ output: InferenceLowering.Output) -> [Float] {
        Array(floats(output.buffer, count: output.count))
    }
}

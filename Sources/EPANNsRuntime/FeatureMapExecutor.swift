import COneDNN
import EPANNsCore
import EPANNsGraph

/// Runs a network up to one of its nodes and shows that node's feature maps.
///
/// Float32 on oneDNN, one plan for each number of frames that comes. Used by one thread at a time.
/// Parity: `FeatureMapTests` against ``ReferenceExecutor``.
package final class FeatureMapExecutor {
    private let graph: ModelGraph
    private let weights: [String: Tensor]
    private let node: Int
    private let threads: Int
    private let packed = PackedWeights()
    private var compiled: Compiled?

    private struct Compiled {
        var frames: Int
        var shape: Shape
        var steps: [PlanStep]
        var workspace: Workspace
        var input: Int
        var output: Int
        var affine: InputAffine?
    }

    /// Prepares; nothing is compiled yet.
    ///
    /// - Parameters:
    ///   - graph: The network.
    ///   - weights: Its tensors by state-dict key.
    ///   - node: Index of the node whose maps are wanted.
    ///   - threads: Threads of a run.
    package init(graph: ModelGraph, weights: [String: Tensor], node: Int, threads: Int = 1) {
        precondition(graph.nodes.indices.contains(node) && threads > 0)
        var truncated = graph
        truncated.nodes = Array(graph.nodes[...node])
        // Marked as an output, so that nothing behind or before it takes it away.
        truncated.outputs = [.embedding: node]
        self.graph = truncated
        self.weights = weights
        self.node = node
        self.threads = threads
    }

    /// Runs one clip.
    ///
    /// - Parameters:
    ///   - spectrogram: Log-mel frames, shape (frames, mels).
    ///   - body: Gets the node's values, row-major, and their shape.
    /// - Throws: `EPANNsError` with code `invalidAudio` when the clip is too short, `checkpointMismatch` when a tensor is
    ///   missing, `backendFailure` when oneDNN refuses.
    package func run<Result>(
        _ spectrogram: [Float], _ body: (UnsafeBufferPointer<Float>, Shape) throws -> Result
    ) throws -> Result {
        let bands = graph.input.melBands
        guard !spectrogram.isEmpty, spectrogram.count % bands == 0 else {
            throw EPANNsError(.invalidAudio, "\(spectrogram.count) values make no spectrogram of \(bands) mel bands.")
        }
        ThreadPolicy.use(threads)
        let plan = try plan(frames: spectrogram.count / bands)
        let input = plan.workspace.floats(plan.input, count: spectrogram.count)
        for index in spectrogram.indices {
            let band = index % bands
            input[index] =
                plan.affine.map { spectrogram[index] * $0.scale[band] + $0.shift[band] } ?? spectrogram[index]
        }
        try plan.workspace.execute(plan.steps)
        return try body(UnsafeBufferPointer(plan.workspace.floats(plan.output, count: plan.shape.count)), plan.shape)
    }

    private func plan(frames: Int) throws -> Compiled {
        if let compiled, compiled.frames == frames { return compiled }
        var builder = try PlanBuilder(
            graph: graph, frameCount: frames, weights: weights, packed: packed, batch: 1, precision: .fp32,
            allowsWinograd: true)
        try builder.build()
        guard let input = builder.values[0] else { preconditionFailure("a graph begins with its input") }
        let output = try builder.map(node)
        let placement = BufferPlanner.place(builder.buffers)
        let made = Compiled(
            frames: frames, shape: builder.shapes[node], steps: builder.steps,
            workspace: try Workspace(
                steps: builder.steps, offsets: placement.offsets, arenaByteCount: placement.byteCount,
                scratchpadByteCount: builder.steps.map { $0.primitive.scratchpad?.byteCount ?? 0 }.max() ?? 0),
            input: input.buffer, output: output, affine: builder.inputAffine)
        compiled = made
        return made
    }
}

extension PlanBuilder {
    /// Makes a node's value row-major Float32 of the graph's orientation, and keeps it to the end.
    fileprivate mutating func map(_ node: Int) throws -> Int {
        guard let value = values[aliases[node]] else { preconditionFailure("the wanted map was fused away") }
        let result: Value
        if value.layout.dimensions.count == 2 {
            result = try vector(value, type: dnnl_f32, name: "feature map")
        } else {
            let upright = try oriented(value, transposed: false)
            result = try reordered(
                upright, to: .plain(dimensions(shapes[node], transposed: false)), name: "feature map")
        }
        buffers[result.buffer].lastStep = .max
        return result.buffer
    }
}

import EPANNsCore
import EPANNsGraph

/// Runs a network up to one of its nodes and shows that node's feature maps: a program with another output.
///
/// Float32 on oneDNN, one program for each number of frames that comes. Used by one thread at a time.
/// Parity: `FeatureMapTests` against ``ReferenceExecutor``.
package final class FeatureMapExecutor {
    private let graph: ModelGraph
    private let weights: [String: Tensor]
    private let node: Int
    private let threads: Int
    private let packed = PackedWeights()
    private var compiled: Compiled?

    private struct Compiled {
        var extent: ClipExtent
        var lowering: InferenceLowering
        var program: Program
        var shape: Shape
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
        self.graph = graph
        self.weights = weights
        self.node = node
        self.threads = threads
    }

    /// Runs one clip.
    ///
    /// - Parameters:
    ///   - row: What the network takes of a clip, such as log-mel frames, shape (frames, mels).
    ///   - body: Gets the node's values, row-major, and their shape.
    /// - Throws: `EPANNsError` with code `invalidAudio` when the clip is too short, `checkpointMismatch` when a tensor is
    ///   missing, `backendFailure` when oneDNN refuses.
    package func run<Result>(
        _ row: [Float], _ body: (UnsafeBufferPointer<Float>, Shape) throws -> Result
    ) throws -> Result {
        let (lowering, program, shape) = try program(graph.extent(rowCount: row.count))
        row.withUnsafeBufferPointer { program.fill(lowering.input, from: $0) }
        try program.run()
        guard let output = lowering.outputs[node] else { preconditionFailure("the node is the only output") }
        return try body(UnsafeBufferPointer(program.floats(output.buffer, count: output.count)), shape)
    }

    private func program(_ extent: ClipExtent) throws -> (InferenceLowering, Program, Shape) {
        if let compiled, compiled.extent == extent { return (compiled.lowering, compiled.program, compiled.shape) }
        let lowering = try InferenceLowering(
            graph, weights: weights, packed: packed, shape: .init(extent),
            options: .init(precision: .fp32, threads: threads), outputs: [node])
        let program = try Program(lowering.spec, threads: threads)
        let shape = try graph.shapes(extent)[node]
        compiled = Compiled(extent: extent, lowering: lowering, program: program, shape: shape)
        return (lowering, program, shape)
    }
}

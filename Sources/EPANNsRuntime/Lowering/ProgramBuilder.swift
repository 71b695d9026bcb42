import COneDNN
import EPANNsCore
import EPANNsGraph

/// Translates a graph into the steps of a program: for inference forward, for training forward and, after the loss,
/// backward in reverse order.
///
/// Each primitive chooses its layout, and reorders come only where two layouts differ. Whatever a later step reads stays
/// alive until then because the arena is planned over the whole list, so a program's memory is known before it starts.
/// Feature maps are (batch, channel, height, width) for oneDNN, extents of 1 where the graph has fewer axes; vectors are
/// row-major (batch, channel).
package struct ProgramBuilder {
    /// An intermediate result or a gradient.
    package struct Value {
        package var buffer: Int
        package var layout: MemoryDescriptor
        /// Whether oneDNN's height is the graph's width.
        ///
        /// Late PANNs maps are long and two mel bands narrow; oneDNN's kernels run along the width and are up to twice
        /// as fast on them this way round.
        package var isTransposed = false
    }

    /// Emits what gives a node's inputs their gradients, being given the node's own.
    package typealias Recipe = (inout ProgramBuilder, Value) throws -> Void

    let graph: ModelGraph
    package let shapes: [Shape]
    let weights: [String: Tensor]
    let mode: LoweringMode
    let use: GraphUse
    /// Clips that the network sees.
    let batch: Int
    /// Clips that are read: more than `batch` where some are mixed at the input stage.
    let clips: Int

    var steps: [ProgramStep] = []
    var buffers: [PlanBuffer] = []
    /// Results by node; nodes that were fused into another one have none.
    package var values: [Int: Value] = [:]
    var done: Set<Int> = []
    /// The backward pass of each node; in training only.
    package var recipes: [Int: Recipe] = [:]
    /// What a node's consumers say about its gradient so far.
    var gradients: [Int: [Value]] = [:]
    var dropoutLayers = 0
    /// Memory of the inputs, by node, and what is done to them while they are copied in.
    var inputValues: [Int: Value] = [:]
    var inputAffines: [Int: ProgramInput.Affine] = [:]

    /// Looks at a graph; nothing is lowered yet.
    ///
    /// - Parameters:
    ///   - extent: How long each clip is.
    ///   - weights: The checkpoint's tensors by name.
    ///   - batch: Clips that the network sees.
    ///   - clips: Clips that are read, where it is another number.
    ///   - firstNode: The node whose results are given instead of the clips' rows; 0 for the rows.
    ///   - outputs: Nodes whose results are wanted after the run.
    /// - Throws: `EPANNsError` with code `invalidAudio` when the clip is too short.
    package init(
        _ graph: ModelGraph, extent: ClipExtent, weights: [String: Tensor], mode: LoweringMode, batch: Int,
        clips: Int? = nil, firstNode: Int = 0, outputs: [Int]
    ) throws {
        self.graph = graph
        shapes = try graph.shapes(extent)
        self.weights = weights
        self.mode = mode
        self.batch = batch
        self.clips = clips ?? batch
        use = GraphUse(graph, firstNode: firstNode, outputs: outputs, mode: mode)
    }

    /// Lowers all operations in graph order.
    ///
    /// - Parameter atMixing: Called behind each node where clips are mixed, and something may be done to them before.
    /// - Throws: `EPANNsError` with code `checkpointMismatch` when a tensor is missing or has the wrong size,
    ///   `backendFailure` when oneDNN refuses.
    package mutating func forward(
        atMixing: (inout ProgramBuilder, Int) throws -> Void = { _, _ in }
    ) throws {
        for (index, node) in graph.nodes.enumerated() where use.isNeeded[index] && index >= use.firstNode {
            if done.contains(index) { continue }
            if index == use.firstNode || node.isInput {
                try input(index)
            } else {
                try lower(index, node.operation)
            }
            if use.mixingNodes.contains(index) { try atMixing(&self, index) }
        }
    }

    private mutating func lower(_ index: Int, _ operation: EPANNsGraph.Operation) throws {
        switch operation {
        case .input: preconditionFailure("inputs are given, not computed")
        case .transpose: transpose(index)
        case .convolution(let settings): try convolution(index, settings)
        case .batchNorm(let settings): try batchNorm(index, settings)
        case .layerNorm(let settings): try layerNorm(index, settings)
        case .linear(let settings): try linear(index, settings)
        case .attention(let settings): try attention(index, settings)
        case .flatten: try flatten(index)
        case .join: try join(index)
        case .first(let count): try first(index, count: count)
        case .activation(let function): try activation(index, function)
        case .pool(let settings): try pool(index, settings)
        case .reduce(let reduction, let axes): try reduce(index, reduction, axes)
        case .add: try add(index)
        case .multiply: try multiply(index)
        case .concatenate: try concatenate(index)
        case .unflattenChannels: try unflatten(index)
        case .dropout(let rate): try dropout(index, rate)
        case .softmax: try softmax(index)
        case .poolDecisions(let pooling): try poolDecisions(index, pooling)
        case .parameter(let settings): try parameter(index, settings)
        }
    }

    /// The finished steps.
    package func spec() -> ProgramSpec { ProgramSpec(steps: steps, buffers: buffers) }

    // MARK: Looking at the graph

    /// The node whose result is the spectrogram as it is augmented; nil where the network hears none.
    package var spectrogramStage: Int? { use.spectrogramStage }

    func name(_ index: Int) -> String { graph.nodes[index].name }

    package func value(_ index: Int) -> Value {
        guard let value = values[use.aliases[index]] else { preconditionFailure("\(name(index)) has no value yet") }
        return value
    }

    /// Clips in a node's batch.
    package func batch(_ index: Int) -> Int { use.isPerClip[index] ? clips : batch }

    /// oneDNN's extents of a node's result.
    func dimensions(_ index: Int, batch: Int? = nil, transposed: Bool = false) -> [Int] {
        let shape = shapes[index]
        let count = batch ?? self.batch(index)
        if shape.spatial.isEmpty { return [count, shape.channels] }
        let extents = [shape.extent(of: .height), shape.extent(of: .width)]
        return [count, shape.channels] + (transposed ? extents.reversed() : extents)
    }

    /// Settings of the two spatial axes in oneDNN's order.
    func axes(_ values: [Int], fill: Int, transposed: Bool) -> [Int] {
        let full = values.count == 1 ? [values[0], fill] : values
        return transposed ? full.reversed() : full
    }

    /// The activation that alone reads a node, which an inference step takes along.
    func fusedActivation(behind index: Int) -> (last: Int, function: Activation?) {
        guard !mode.isTraining, let next = use.soleConsumer(index),
            case .activation(let function) = graph.nodes[next].operation
        else { return (index, nil) }
        return (next, function)
    }

    /// Whether the memory of `source` may take the result of node `step`, its reader.
    func canOverwrite(_ source: Int, in step: Int) -> Bool { isFree(source, from: step, except: step) }

    /// Whether nothing reads the memory of `index` in or after the step for node `step`, but node `reader`.
    ///
    /// Other nodes may have the same memory: transposes relabel their input's buffer instead of copying it. In training
    /// nothing is free, since the backward pass reads it.
    func isFree(_ index: Int, from step: Int, except reader: Int) -> Bool {
        guard !mode.isTraining, let buffer = values[index]?.buffer else { return false }
        return values.allSatisfy { node, value in
            value.buffer != buffer
                || !use.isOutput(node) && use.consumers[node].allSatisfy { $0 == reader || $0 < step }
        }
    }
}

import COneDNN
import EPANNsCore
import EPANNsGraph

/// Translates a graph into primitives: folds norms, fuses activations and sums, lets each primitive choose its layout,
/// and puts reorders only where two layouts differ.
///
/// Every feature map is four-dimensional for oneDNN (batch, channel, height, width), extents of 1 where the graph has
/// fewer axes; vectors before and after linear layers are two-dimensional.
struct PlanBuilder {
    /// An intermediate result.
    struct Value {
        var buffer: Int
        var layout: MemoryDescriptor
        /// Whether oneDNN's height is the graph's width.
        ///
        /// Late PANNs maps are long and two mel bands narrow; oneDNN's
        /// kernels run along the width and are up to twice as fast on them this way round.
        var isTransposed: Bool
    }

    let graph: ModelGraph
    let shapes: [Shape]
    let weights: [String: Tensor]
    let packed: PackedWeights
    let batch: Int
    let precision: Precision
    let allowsWinograd: Bool
    let engine: Engine

    var steps: [PlanStep] = []
    var buffers: [PlanBuffer] = []
    /// Results by node; nodes that were fused into a later one have none.
    var values: [Int: Value] = [:]
    var inputAffine: InputAffine?
    /// Nodes that read a node's result, dropout being looked through.
    private(set) var consumers: [[Int]] = []
    /// The node whose result a dropout passes on, itself for other nodes.
    private(set) var aliases: [Int] = []

    init(
        graph: ModelGraph, frameCount: Int, weights: [String: Tensor], packed: PackedWeights, batch: Int,
        precision: Precision, allowsWinograd: Bool
    ) throws {
        self.graph = graph
        shapes = try graph.shapes(frameCount: frameCount)
        self.weights = weights
        self.packed = packed
        self.batch = batch
        self.precision = precision
        self.allowsWinograd = allowsWinograd && Precision.hasWinograd
        engine = try Engine.cpu()
        for (index, node) in graph.nodes.enumerated() {
            if case .dropout = node.operation {
                aliases.append(aliases[node.inputs[0]])
            } else {
                aliases.append(index)
            }
        }
        consumers = Array(repeating: [], count: graph.nodes.count)
        for (index, node) in graph.nodes.enumerated() where aliases[index] == index {
            for input in node.inputs { consumers[aliases[input]].append(index) }
        }
    }

    mutating func build() throws {
        for (index, node) in graph.nodes.enumerated() where values[index] == nil && aliases[index] == index {
            if isFused(index) { continue }
            switch node.operation {
            case .input:
                let shape = shapes[index]
                let layout = try MemoryDescriptor.plain([batch, 1] + shape.spatial)
                values[index] = Value(buffer: newBuffer(layout), layout: layout, isTransposed: false)
            case .dropout: break
            case .transpose:
                var value = try input(node)
                value.isTransposed.toggle()
                values[index] = value
            case .convolution(let settings): try convolution(index, settings)
            case .batchNorm(let settings): try batchNorm(index, settings)
            case .linear(let settings): try linear(index, settings)
            case .activation(let function): try activation(index, function)
            case .pool(let settings): try pool(index, settings)
            case .reduce(let reduction, let axes): try reduce(index, reduction, axes)
            case .add: try add(index)
            case .multiply: try multiply(index)
            case .concatenate: try concatenate(index)
            case .unflattenChannels(let height): try unflatten(index, height)
            case .softmax: try softmax(index)
            case .parameter: throw PlanRefusal.parameter(node)
            }
        }
    }

    // Nodes whose result came out of an earlier primitive.
    private var fused: Set<Int> = []
    private func isFused(_ index: Int) -> Bool { fused.contains(index) }
    mutating func markFused(_ index: Int) { fused.insert(index) }

    // MARK: Looking at the graph

    func input(_ node: ModelGraph.Node, _ position: Int = 0) throws -> Value {
        guard let value = values[aliases[node.inputs[position]]] else {
            preconditionFailure("\(node.name) comes before its input")
        }
        return value
    }

    func isOutput(_ index: Int) -> Bool {
        graph.outputs.values.contains { aliases[$0] == index }
    }

    /// The node that alone reads `index`, which is then free to be fused.
    func soleConsumer(_ index: Int) -> Int? {
        consumers[index].count == 1 && !isOutput(index) ? consumers[index][0] : nil
    }

    /// Whether nothing reads the memory of `index` in or after the step for node `step`, but node `reader`.
    ///
    /// Other nodes may have the same memory: transposes relabel their input's buffer instead of copying it.
    func isFree(_ index: Int, from step: Int, except reader: Int) -> Bool {
        guard let buffer = values[index]?.buffer else { return false }
        return values.allSatisfy { node, value in
            value.buffer != buffer
                || !isOutput(node) && consumers[node].allSatisfy { $0 == reader || $0 < step }
        }
    }

    // MARK: Emitting steps

    mutating func newBuffer(_ layout: MemoryDescriptor) -> Int {
        buffers.append(PlanBuffer(byteCount: layout.byteCount, firstStep: steps.count, lastStep: steps.count))
        return buffers.count - 1
    }

    mutating func emit(_ name: String, _ primitive: Primitive, _ arguments: [PlanArgument]) {
        for case .buffer(let index) in arguments.map(\.source) { buffers[index].lastStep = steps.count }
        steps.append(PlanStep(name: name, primitive: primitive, arguments: arguments))
    }

    mutating func emit(
        _ name: String, _ primitive: Primitive, source: Value, as layout: MemoryDescriptor, to destination: Value,
        constants: [PlanArgument] = []
    ) {
        emit(
            name, primitive,
            [
                PlanArgument(index: DNNL_ARG_SRC, source: .buffer(source.buffer), layout: layout),
                PlanArgument(
                    index: DNNL_ARG_DST, source: .buffer(destination.buffer), layout: destination.layout),
            ] + constants)
    }

    /// The value in another layout, through a reorder where it differs.
    mutating func reordered(_ value: Value, to layout: MemoryDescriptor, name: String) throws -> Value {
        if value.layout.matches(layout) { return value }
        let engine = engine
        let source = value.layout
        let primitive = try Primitive("a reorder for \(name)") { descriptor, attribute in
            onednn_reorder(&descriptor, engine.handle, source.handle, layout.handle, attribute)
        }
        let result = Value(buffer: newBuffer(layout), layout: layout, isTransposed: value.isTransposed)
        emit(
            "reorder for \(name)", primitive,
            [
                PlanArgument(index: DNNL_ARG_FROM, source: .buffer(value.buffer), layout: source),
                PlanArgument(index: DNNL_ARG_TO, source: .buffer(result.buffer), layout: layout),
            ])
        return result
    }

    /// The same memory seen the other way round.
    func oriented(_ value: Value, transposed: Bool) throws -> Value {
        if value.isTransposed == transposed { return value }
        return Value(buffer: value.buffer, layout: try value.layout.transposed(), isTransposed: transposed)
    }

    /// oneDNN's extents of a shape.
    func dimensions(_ shape: Shape, transposed: Bool) -> [Int] {
        let height = shape.extent(of: .height)
        let width = shape.extent(of: .width)
        return [batch, shape.channels] + (transposed ? [width, height] : [height, width])
    }

    /// A row-major vector value of shape (batch, channels).
    mutating func vector(_ value: Value, type: dnnl_data_type_t, name: String) throws -> Value {
        let channels = value.layout.dimensions[1]
        if value.layout.dimensions.count == 4 {
            precondition(value.layout.dimensions[2] * value.layout.dimensions[3] == 1)
            let plain = try reordered(value, to: .plain([batch, channels, 1, 1], type), name: name)
            return Value(buffer: plain.buffer, layout: try .plain([batch, channels], type), isTransposed: false)
        }
        return try reordered(value, to: .plain([batch, channels], type), name: name)
    }
}

/// A norm over mel bands, applied while the input is copied in.
struct InputAffine {
    var scale: [Float]
    var shift: [Float]
}

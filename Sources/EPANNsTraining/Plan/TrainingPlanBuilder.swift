import COneDNN
import EPANNsCore
import EPANNsGraph
import EPANNsRuntime

/// Translates a graph into forward and backward primitives.
///
/// One list of steps: forward in graph order, the loss, backward in reverse order. Whatever backward reads stays alive
/// until then because the arena is planned over the whole list, so the memory of a batch is known before it starts.
/// Feature maps are (batch, channel, height, width) for oneDNN, vectors (batch, channel) in plain Float32.
struct TrainingPlanBuilder {
    /// A result or a gradient.
    struct Value {
        var buffer: Int
        var layout: MemoryDescriptor
        /// Whether oneDNN's height is the graph's width.
        ///
        /// Late PANNs maps are long and two mel bands narrow; oneDNN's kernels run along the width.
        var isTransposed = false
    }

    typealias Recipe = (inout TrainingPlanBuilder, Value) throws -> Void

    let graph: ModelGraph
    let shapes: [Shape]
    let weights: [String: Tensor]
    let options: TrainingPlan.Options
    let loss: LossConfiguration
    let engine: Engine
    let store = ParameterStore()

    var steps: [TrainingStep] = []
    var buffers: [PlanBuffer] = []
    /// Results by node; a norm that took its ReLU along has none.
    var values: [Int: Value] = [:]
    /// What a node's consumers say about its gradient so far.
    var gradients: [Int: [Value]] = [:]
    var recipes: [Int: Recipe] = [:]
    var dropoutLayers = 0
    private(set) var consumers: [[Int]] = []
    /// Whether anything trained lies at or before a node, so that its gradient is needed.
    private(set) var carries: [Bool] = []
    private var isNeeded: [Bool] = []
    /// The node whose result SpecAugment and mixup change; up to it the batch holds all clips, after it the mixed ones.
    private(set) var augmentedNode = 0
    /// Where the network begins: the input, or the last frozen node whose results are given instead.
    let firstNode: Int

    init(
        graph: ModelGraph, weights: [String: Tensor], options: TrainingPlan.Options, loss: LossConfiguration,
        firstNode: Int = 0
    ) throws {
        self.graph = graph
        shapes = try graph.shapes(frameCount: options.frames)
        self.weights = weights
        self.options = options
        self.loss = loss
        self.firstNode = firstNode
        engine = try Engine.cpu()
        guard let logits = graph.outputs[.logits] else { preconditionFailure("a graph has logits") }

        isNeeded = Array(repeating: false, count: graph.nodes.count)
        isNeeded[logits] = true
        for index in graph.nodes.indices.reversed() where isNeeded[index] && index > firstNode {
            for input in graph.nodes[index].inputs { isNeeded[input] = true }
        }
        consumers = Array(repeating: [], count: graph.nodes.count)
        carries = Array(repeating: false, count: graph.nodes.count)
        for (index, node) in graph.nodes.enumerated() where isNeeded[index] && index > firstNode {
            precondition(node.inputs.allSatisfy { $0 >= firstNode }, "the network bypasses its first node")
            for input in node.inputs { consumers[input].append(index) }
            let specs = graph.parameterSpecs(of: index)
            carries[index] =
                node.inputs.contains { carries[$0] }
                || specs.contains { $0.role == .trainable && !options.freeze.contains($0.name) }
        }
        guard carries[logits] else {
            throw EPANNsError(
                .invalidConfiguration, "Everything is frozen; leave at least the last layer to be trained.")
        }
        // PANNs augment behind bn0, where zero is the mean of the data.
        if firstNode == 0, consumers[0].count == 1, let next = consumers[0].first,
            case .batchNorm(let norm) = graph.nodes[next].operation, norm.axis != .channel
        {
            augmentedNode = next
        }
    }

    mutating func build() throws {
        guard let logits = graph.outputs[.logits] else { preconditionFailure("a graph has logits") }
        for (index, node) in graph.nodes.enumerated() where isNeeded[index] && index >= firstNode {
            if values[index] != nil || recipes[index] != nil { continue }
            if index == firstNode {
                try load(index)
            } else {
                try forward(index, node)
            }
            if index == augmentedNode, firstNode == 0 { try augment(index) }
        }
        try emitLoss(logits)
        for index in graph.nodes.indices.reversed() where index > firstNode && carries[index] {
            guard let parts = gradients.removeValue(forKey: index), let recipe = recipes[index] else { continue }
            let gradient = try sum(parts, name: graph.nodes[index].name)
            try recipe(&self, gradient)
        }
    }

    private mutating func forward(_ index: Int, _ node: ModelGraph.Node) throws {
        switch node.operation {
        case .input: preconditionFailure("the input comes first")
        case .transpose: try transpose(index)
        case .convolution(let settings): try convolution(index, settings)
        case .batchNorm(let settings): try batchNorm(index, settings)
        case .linear(let settings): try linear(index, settings)
        case .activation(let function): try activation(index, function)
        case .pool(let settings): try pool(index, settings)
        case .reduce(let reduction, let axes): try reduce(index, reduction, axes)
        case .add: try add(index)
        case .multiply: try multiply(index)
        case .concatenate: try concatenate(index)
        case .unflattenChannels: try unflatten(index)
        case .dropout(let rate): try dropout(index, rate)
        case .softmax: try softmax(index)
        case .parameter: throw PlanRefusal.parameter(node)
        }
    }

    // MARK: Looking at the graph

    /// Clips in a node's batch.
    func batch(_ index: Int) -> Int { firstNode == 0 && index <= augmentedNode ? options.clips : options.batch }

    func value(_ index: Int) -> Value {
        guard let value = values[index] else { preconditionFailure("\(graph.nodes[index].name) has no value yet") }
        return value
    }

    func input(_ index: Int, _ position: Int = 0) -> Value { value(graph.nodes[index].inputs[position]) }

    func soleConsumer(_ index: Int) -> Int? {
        consumers[index].count == 1 && graph.outputs[.logits] != index ? consumers[index][0] : nil
    }

    /// oneDNN's extents of a node's result.
    func dimensions(_ index: Int, batch: Int? = nil, transposed: Bool = false) -> [Int] {
        let shape = shapes[index]
        let count = batch ?? self.batch(index)
        if shape.spatial.isEmpty { return [count, shape.channels] }
        let extents = [shape.extent(of: .height), shape.extent(of: .width)]
        return [count, shape.channels] + (transposed ? extents.reversed() : extents)
    }

    /// Element type of inner feature maps.
    var mapType: dnnl_data_type_t { options.precision == .bf16 ? dnnl_bf16 : dnnl_f32 }

    func weight(_ name: String, count: Int) throws -> Tensor {
        guard let tensor = weights[name], tensor.count == count else {
            throw EPANNsError(.checkpointMismatch, "The weights hold no \(name) of \(count) numbers.")
        }
        return tensor
    }

    /// Notes a weight with a provisional row-major layout of oneDNN's extents.
    func addParameter(
        _ name: String, shape: [Int], dimensions: [Int], transposed: Bool = false
    ) throws -> Int {
        var slot = ParameterSlot(
            name: name, shape: shape, layout: try .plain(dimensions), isTransposed: transposed,
            isTrainable: !options.freeze.contains(name))
        slot.layout = try slot.plain()
        return store.add(slot)
    }

    // MARK: Emitting

    mutating func newBuffer(byteCount: Int) -> Int {
        buffers.append(PlanBuffer(byteCount: byteCount, firstStep: steps.count, lastStep: steps.count))
        return buffers.count - 1
    }

    mutating func newValue(_ layout: MemoryDescriptor, transposed: Bool = false) -> Value {
        Value(buffer: newBuffer(byteCount: layout.byteCount), layout: layout, isTransposed: transposed)
    }

    /// Memory of its own for something of the same layout.
    mutating func newValue(like other: Value) -> Value { newValue(other.layout, transposed: other.isTransposed) }

    private mutating func touch(_ buffer: Int) { buffers[buffer].lastStep = steps.count }

    mutating func emit(_ name: String, _ primitive: Primitive, _ arguments: [TrainingArgument]) {
        for case .buffer(let index) in arguments.map(\.memory) { touch(index) }
        steps.append(TrainingStep(name: name, work: .primitive(primitive, arguments)))
    }

    mutating func emit(_ name: String, buffers: [Int], _ kernel: @escaping (KernelContext) throws -> Void) {
        for buffer in buffers { touch(buffer) }
        steps.append(TrainingStep(name: name, work: .kernel(buffers: buffers, kernel)))
    }

    func argument(_ index: Int32, _ value: Value) -> TrainingArgument {
        TrainingArgument(index: index, memory: .buffer(value.buffer), layout: value.layout)
    }

    /// The value in another layout or element type, through a reorder where it differs.
    mutating func reordered(_ value: Value, to layout: MemoryDescriptor, name: String) throws -> Value {
        if value.layout.matches(layout) { return value }
        let engine = engine
        let primitive = try Primitive("a reorder for \(name)") { descriptor, attribute in
            onednn_reorder(&descriptor, engine.handle, value.layout.handle, layout.handle, attribute)
        }
        let result = newValue(layout, transposed: value.isTransposed)
        emit(
            "reorder for \(name)", primitive, [argument(DNNL_ARG_FROM, value), argument(DNNL_ARG_TO, result)])
        return result
    }

    /// The same memory seen the other way round.
    func oriented(_ value: Value, transposed: Bool) throws -> Value {
        if value.isTransposed == transposed || value.layout.dimensions.count < 4 { return value }
        return Value(buffer: value.buffer, layout: try value.layout.transposed(), isTransposed: transposed)
    }

    /// The value with the layout, type and orientation of another.
    mutating func arranged(_ value: Value, like other: Value, name: String) throws -> Value {
        try reordered(oriented(value, transposed: other.isTransposed), to: other.layout, name: name)
    }

    /// The value row-major in the graph's order of axes, of the same element type where no other is asked for.
    mutating func plain(
        _ value: Value, type: dnnl_data_type_t? = nil, name: String
    ) throws -> Value {
        let value = try oriented(value, transposed: false)
        return try reordered(value, to: .plain(value.layout.dimensions, type ?? value.layout.dataType), name: name)
    }

    /// The same memory, which must be row-major, with other extents.
    func relabelled(_ value: Value, _ dimensions: [Int]) throws -> Value {
        Value(buffer: value.buffer, layout: try .plain(dimensions, value.layout.dataType))
    }

    // MARK: Gradients

    /// Notes what a consumer says about a node's gradient.
    ///
    /// The memory may be shared: nobody writes to it again.
    mutating func addGradient(_ node: Int, _ value: Value) {
        guard carries[node] else { return }
        gradients[node, default: []].append(value)
    }

    private mutating func sum(_ parts: [Value], name: String) throws -> Value {
        guard var total = parts.first else { preconditionFailure("a gradient has parts") }
        for part in parts.dropFirst() {
            total = try binary(dnnl_binary_add, total, arranged(part, like: total, name: name), name: name)
        }
        return total
    }

    /// The element-wise sum or product of two values of one layout, in memory of its own.
    mutating func binary(
        _ algorithm: dnnl_alg_kind_t, _ first: Value, _ second: Value, name: String
    ) throws -> Value {
        precondition(first.layout.matches(second.layout))
        let engine = engine
        let flat = try first.layout.flat()
        let primitive = try Primitive("a sum or product for \(name)") { descriptor, attribute in
            onednn_binary(
                &descriptor, engine.handle, algorithm, flat.handle, flat.handle, flat.handle, attribute)
        }
        let result = newValue(like: first)
        emit(
            name, primitive,
            [
                TrainingArgument(index: DNNL_ARG_SRC_0, memory: .buffer(first.buffer), layout: flat),
                TrainingArgument(index: DNNL_ARG_SRC_1, memory: .buffer(second.buffer), layout: flat),
                TrainingArgument(index: DNNL_ARG_DST, memory: .buffer(result.buffer), layout: flat),
            ])
        return result
    }
}

extension MemoryDescriptor {
    /// All elements, those of padded channels too, as one row.
    ///
    /// For element-wise work that maps zeros to zeros: on padded layouts oneDNN 2.x would fall back to a plain loop.
    func flat() throws -> MemoryDescriptor {
        try .plain([byteCount / (dataType == dnnl_bf16 ? 2 : 4)], dataType)
    }
}

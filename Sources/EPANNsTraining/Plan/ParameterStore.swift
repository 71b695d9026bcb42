import COneDNN
import EPANNsCore
import EPANNsGraph
import EPANNsRuntime

/// One weight tensor of a training plan.
struct ParameterSlot {
    /// State-dict key.
    var name: String
    /// PyTorch's shape.
    var shape: [Int]
    /// How master weight, gradient and moments lie in memory.
    ///
    /// As the weight-gradient primitive writes them, so that only convolutions that want another order need a copy.
    /// Padded channels stay zero.
    var layout: MemoryDescriptor
    /// Whether oneDNN sees the kernel's height and width in the other order.
    var isTransposed = false
    /// Whether it is trained.
    var isTrainable: Bool
    /// Position of the first element in the store, in elements.
    var offset = 0

    /// PyTorch's row-major layout in terms of oneDNN's extents.
    func plain() throws -> MemoryDescriptor {
        let extents = layout.dimensions
        guard isTransposed else { return try .plain(extents) }
        let last = extents.count - 1
        var ours = extents
        ours.swapAt(last - 1, last)
        var strides = Tensor.contiguousStrides(ours)
        strides.swapAt(last - 1, last)
        return try MemoryDescriptor(extents, dnnl_f32, strides: strides)
    }

    /// Elements with the layout's padding.
    var paddedCount: Int { (layout.byteCount + 63) / 64 * 16 }
}

/// Master weights in Float32 and their gradients, each in one stretch of memory: trained ones first.
final class ParameterStore {
    private(set) var slots: [ParameterSlot] = []
    private(set) var index: [String: Int] = [:]
    /// Running statistics and counters by state-dict key.
    private(set) var statistics: [String: UnsafeMutableBufferPointer<Float>] = [:]
    private(set) var counters: [String: Int] = [:]
    private(set) var weights = UnsafeMutableBufferPointer<Float>(start: nil, count: 0)
    private(set) var gradients = UnsafeMutableBufferPointer<Float>(start: nil, count: 0)
    /// Elements that are trained, with padding; the stretch `0..<trainableCount` of weights and gradients.
    private(set) var trainableCount = 0

    deinit {
        weights.deallocate()
        gradients.deallocate()
        for values in statistics.values { values.deallocate() }
    }

    /// Notes a weight; its memory comes with ``allocate()``.
    func add(_ slot: ParameterSlot) -> Int {
        precondition(index[slot.name] == nil, "two weights of the same name")
        slots.append(slot)
        index[slot.name] = slots.count - 1
        return slots.count - 1
    }

    func setLayout(_ layout: MemoryDescriptor, of slot: Int) { slots[slot].layout = layout }

    func addStatistic(_ name: String, _ values: [Float]) -> UnsafeMutableBufferPointer<Float> {
        let memory = Self.zeros(values.count)
        _ = memory.update(fromContentsOf: values)
        statistics[name] = memory
        return memory
    }

    func countBatch(_ name: String) {
        if let count = counters[name] { counters[name] = count + 1 }
    }

    func setCounter(_ name: String, _ value: Int) { counters[name] = value }

    /// Lays out the memory, when all layouts are known.
    func allocate() {
        var offset = 0
        for trainable in [true, false] {
            for position in slots.indices where slots[position].isTrainable == trainable {
                slots[position].offset = offset
                offset += slots[position].paddedCount
            }
            if trainable { trainableCount = offset }
        }
        weights = Self.zeros(offset)
        gradients = Self.zeros(trainableCount)
    }

    /// 64-byte aligned zeros.
    static func zeros(_ count: Int) -> UnsafeMutableBufferPointer<Float> {
        let raw = UnsafeMutableRawPointer.allocate(byteCount: max(count, 16) * 4, alignment: 64)
        let floats = raw.initializeMemory(as: Float.self, repeating: 0, count: max(count, 16))
        return UnsafeMutableBufferPointer(start: floats, count: max(count, 16))
    }

    // MARK: Plain tensors in and out

    /// Fills a weight, or with `memory` something of the same layout (a moment), from a row-major tensor.
    func fill(_ slot: Int, from values: [Float], in memory: UnsafeMutableBufferPointer<Float>) throws {
        let slot = slots[slot]
        precondition(values.count == slot.shape.reduce(1, *))
        try values.withUnsafeBytes { bytes in
            try reorder(
                from: slot.plain(), UnsafeMutableRawPointer(mutating: bytes.baseAddress), to: slot.layout,
                address(slot, memory))
        }
    }

    /// The row-major elements of a weight, or with `memory` of something of the same layout.
    func values(_ slot: Int, in memory: UnsafeMutableBufferPointer<Float>) throws -> [Float] {
        let slot = slots[slot]
        let count = slot.shape.reduce(1, *)
        return try [Float](unsafeUninitializedCapacity: count) { buffer, initialized in
            buffer.initialize(repeating: 0)
            try reorder(
                from: slot.layout, address(slot, memory), to: slot.plain(), UnsafeMutableRawPointer(buffer.baseAddress))
            initialized = count
        }
    }

    private func address(_ slot: ParameterSlot, _ memory: UnsafeMutableBufferPointer<Float>) -> UnsafeMutableRawPointer?
    {
        memory.baseAddress.map { UnsafeMutableRawPointer($0 + slot.offset) }
    }

    private func reorder(
        from source: MemoryDescriptor, _ sourceAddress: UnsafeMutableRawPointer?, to target: MemoryDescriptor,
        _ targetAddress: UnsafeMutableRawPointer?
    ) throws {
        let engine = try Engine.cpu()
        let primitive = try Primitive("a reorder of weights") { descriptor, attribute in
            onednn_reorder(&descriptor, engine.handle, source.handle, target.handle, attribute)
        }
        let executor = try StepExecutor(scratchpadByteCount: primitive.scratchpad?.byteCount ?? 0)
        try executor.bind(
            primitive, [(DNNL_ARG_FROM, source, sourceAddress), (DNNL_ARG_TO, target, targetAddress)])
        try executor.execute(0)
        try executor.wait()
    }
}

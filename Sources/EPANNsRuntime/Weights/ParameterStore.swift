import COneDNN
import EPANNsCore

/// One weight tensor of a program for training.
package struct ParameterSlot {
    /// State-dict key.
    package var name: String
    /// PyTorch's shape.
    package var shape: [Int]
    /// How master weight, gradient and moments lie in memory.
    ///
    /// As the weight-gradient primitive writes them, so that only convolutions that want another order need a copy.
    /// Padded channels stay zero.
    var layout: MemoryDescriptor
    /// Whether oneDNN sees the kernel's height and width in the other order.
    var isTransposed = false
    /// Whether it is trained.
    package var isTrainable: Bool
    /// Position of the first element in the store, in elements.
    package var offset = 0

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
    package var paddedCount: Int { (layout.byteCount + 63) / 64 * 16 }
}

/// Master weights in Float32 and their gradients, each in one stretch of memory: trained ones first.
package final class ParameterStore {
    package private(set) var slots: [ParameterSlot] = []
    package private(set) var index: [String: Int] = [:]
    /// Running statistics and counters by state-dict key.
    package private(set) var statistics: [String: UnsafeMutableBufferPointer<Float>] = [:]
    package private(set) var counters: [String: Int] = [:]
    package private(set) var weights = UnsafeMutableBufferPointer<Float>(start: nil, count: 0)
    package private(set) var gradients = UnsafeMutableBufferPointer<Float>(start: nil, count: 0)
    /// Elements that are trained, with padding; the stretch `0..<trainableCount` of weights and gradients.
    package private(set) var trainableCount = 0

    /// Empty.
    package init() {}

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
    package func allocate() {
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
    package static func zeros(_ count: Int) -> UnsafeMutableBufferPointer<Float> {
        let raw = UnsafeMutableRawPointer.allocate(byteCount: max(count, 16) * 4, alignment: 64)
        let floats = raw.initializeMemory(as: Float.self, repeating: 0, count: max(count, 16))
        return UnsafeMutableBufferPointer(start: floats, count: max(count, 16))
    }

    // MARK: Plain tensors in and out

    /// Fills a weight, or with `memory` something of the same layout (a moment), from a row-major tensor.
    package func fill(_ slot: Int, from values: [Float], in memory: UnsafeMutableBufferPointer<Float>) throws {
        let slot = slots[slot]
        precondition(values.count == slot.shape.reduce(1, *))
        try values.withUnsafeBytes { bytes in
            try Program.reorder(
                "a reorder of \(slot.name)", from: slot.plain(), UnsafeMutableRawPointer(mutating: bytes.baseAddress),
                to: slot.layout, address(slot, memory))
        }
    }

    /// The row-major elements of a weight, or with `memory` of something of the same layout.
    package func values(_ slot: Int, in memory: UnsafeMutableBufferPointer<Float>) throws -> [Float] {
        let slot = slots[slot]
        let count = slot.shape.reduce(1, *)
        return try [Float](unsafeUninitializedCapacity: count) { buffer, initialized in
            buffer.initialize(repeating: 0)
            try Program.reorder(
                "a reorder of \(slot.name)", from: slot.layout, address(slot, memory), to: slot.plain(),
                UnsafeMutableRawPointer(buffer.baseAddress))
            initialized = count
        }
    }

    /// Where a slot's elements begin.
    func address(
        of slot: Int, in memory: KeyPath<ParameterStore, UnsafeMutableBufferPointer<Float>>
    ) -> UnsafeMutableRawPointer? {
        address(slots[slot], self[keyPath: memory])
    }

    private func address(_ slot: ParameterSlot, _ memory: UnsafeMutableBufferPointer<Float>) -> UnsafeMutableRawPointer?
    {
        memory.baseAddress.map { UnsafeMutableRawPointer($0 + slot.offset) }
    }
}

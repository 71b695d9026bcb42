import COneDNN
import EPANNsGraph
import Synchronization

/// One constant in the layout that a primitive wants.
final class PackedTensor: @unchecked Sendable {
    let layout: MemoryDescriptor
    // Written once before it is shared, never after.
    let bytes: UnsafeMutableRawBufferPointer

    init(layout: MemoryDescriptor) {
        self.layout = layout
        bytes = .allocate(byteCount: max(layout.byteCount, 64), alignment: 64)
    }

    deinit { bytes.deallocate() }
}

/// A network's constants, packed once and shared by all plans of all shapes and threads.
final class PackedWeights: Sendable {
    private let entries = Mutex<[String: [PackedTensor]]>([:])

    /// The constant `key` in `layout`, packing it when no plan has asked for that layout before.
    func tensor(
        _ key: String, _ layout: MemoryDescriptor, pack: (PackedTensor) throws -> Void
    ) throws -> PackedTensor {
        if let found = find(key, layout) { return found }
        // Packed outside the lock: two plans that race do the work twice, and the first result is kept.
        let tensor = PackedTensor(layout: layout)
        try pack(tensor)
        return entries.withLock { entries in
            if let found = entries[key]?.first(where: { $0.layout.matches(layout) }) { return found }
            entries[key, default: []].append(tensor)
            return tensor
        }
    }

    private func find(_ key: String, _ layout: MemoryDescriptor) -> PackedTensor? {
        entries.withLock { $0[key]?.first { $0.layout.matches(layout) } }
    }

    var byteCount: Int {
        entries.withLock { $0.values.joined().reduce(0) { $0 + $1.layout.byteCount } }
    }
}

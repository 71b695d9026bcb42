import COneDNN
import Synchronization

/// One constant in the layout that a primitive wants.
final class PackedTensor: @unchecked Sendable {
    let layout: MemoryDescriptor
    // Written once, inside `packing`, before anyone reads it.
    let bytes: UnsafeMutableRawBufferPointer
    private let isPacked = Mutex(false)

    init(layout: MemoryDescriptor) {
        self.layout = layout
        bytes = .allocate(byteCount: max(layout.byteCount, 64), alignment: 64)
    }

    deinit { bytes.deallocate() }

    /// Fills the bytes unless that is done; a second caller waits for the first.
    fileprivate func packOnce(_ pack: (PackedTensor) throws -> Void) throws {
        try isPacked.withLock { isPacked in
            if isPacked { return }
            try pack(self)
            isPacked = true
        }
    }
}

/// A network's constants, packed once and shared by all plans of all shapes and threads.
///
/// The plans own them: what no kept plan uses is forgotten.
package final class PackedWeights: Sendable {
    private struct Entry {
        weak var tensor: PackedTensor?
    }

    private let entries = Mutex<[String: [Entry]]>([:])

    /// Nothing is packed yet.
    package init() {}

    /// The constant `key` in `layout`, packing it when no living plan has asked for that layout before.
    func tensor(
        _ key: String, _ layout: MemoryDescriptor, pack: (PackedTensor) throws -> Void
    ) throws -> PackedTensor {
        let tensor = entries.withLock { entries in
            var known = entries[key, default: []].filter { $0.tensor != nil }
            if let found = known.lazy.compactMap(\.tensor).first(where: { $0.layout.matches(layout) }) { return found }
            let made = PackedTensor(layout: layout)
            known.append(Entry(tensor: made))
            entries[key] = known
            return made
        }
        try tensor.packOnce(pack)
        return tensor
    }

    var byteCount: Int {
        entries.withLock { $0.values.joined().reduce(0) { $0 + ($1.tensor?.layout.byteCount ?? 0) } }
    }
}

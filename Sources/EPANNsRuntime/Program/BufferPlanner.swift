/// A region of memory that holds one intermediate result, with the steps between which it must be kept.
package struct PlanBuffer {
    package var byteCount: Int
    package var firstStep: Int
    package var lastStep: Int

    /// A buffer that is needed from one step to another, both included.
    package init(byteCount: Int, firstStep: Int, lastStep: Int) {
        self.byteCount = byteCount
        self.firstStep = firstStep
        self.lastStep = lastStep
    }
}

/// Places buffers in one arena so that those alive at the same time do not overlap.
package enum BufferPlanner {
    /// Byte offsets of the buffers, 64-byte aligned, and the arena's size.
    package static func place(_ buffers: [PlanBuffer]) -> (offsets: [Int], byteCount: Int) {
        var offsets = [Int](repeating: 0, count: buffers.count)
        var placed: [Int] = []
        // Large ones first: greedy by size comes close to the optimum for chain-like networks.
        for index in buffers.indices.sorted(by: { buffers[$0].byteCount > buffers[$1].byteCount }) {
            let buffer = buffers[index]
            let rivals =
                placed
                .filter { buffers[$0].firstStep <= buffer.lastStep && buffer.firstStep <= buffers[$0].lastStep }
                .sorted { offsets[$0] < offsets[$1] }
            var offset = 0
            for rival in rivals {
                if offset + buffer.byteCount <= offsets[rival] { break }
                offset = max(offset, align(offsets[rival] + buffers[rival].byteCount))
            }
            offsets[index] = offset
            placed.append(index)
        }
        let end = buffers.indices.map { offsets[$0] + buffers[$0].byteCount }.max() ?? 0
        return (offsets, align(end))
    }

    private static func align(_ value: Int) -> Int { (value + 63) & ~63 }
}

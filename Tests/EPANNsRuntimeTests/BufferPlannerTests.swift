import EPANNsRuntime
import Testing

@Suite struct BufferPlannerTests {
    @Test func `what is alive at the same time does not overlap`() {
        // Sizes and lifetimes from a linear congruential generator.
        var state: UInt32 = 5
        func random(_ bound: Int) -> Int {
            state = state &* 1_664_525 &+ 1_013_904_223
            return Int(state >> 8) % bound
        }
        let buffers = (0..<200).map { _ in
            let first = random(60)
            return PlanBuffer(byteCount: 1 + random(5000), firstStep: first, lastStep: first + random(8))
        }
        let (offsets, byteCount) = BufferPlanner.place(buffers)
        for (index, buffer) in buffers.enumerated() {
            #expect(offsets[index] % 64 == 0)
            #expect(offsets[index] + buffer.byteCount <= byteCount)
            for other in 0..<index {
                let rival = buffers[other]
                let areTogether = buffer.firstStep <= rival.lastStep && rival.firstStep <= buffer.lastStep
                let overlap =
                    offsets[index] < offsets[other] + rival.byteCount
                    && offsets[other] < offsets[index] + buffer.byteCount
                #expect(!(areTogether && overlap), "\(index) and \(other)")
            }
        }
        // Memory is used again: never more than a few of the buffers live at once.
        #expect(byteCount < buffers.reduce(0) { $0 + $1.byteCount } / 3)
    }

    @Test func `a chain needs two buffers, and what is kept to the end has its own`() {
        var chain = (0..<10).map { PlanBuffer(byteCount: 640, firstStep: $0, lastStep: $0 + 1) }
        #expect(BufferPlanner.place(chain).byteCount == 2 * 640)
        chain[3].lastStep = .max
        #expect(BufferPlanner.place(chain).byteCount == 3 * 640)
        #expect(BufferPlanner.place([]).byteCount == 0)
    }
}

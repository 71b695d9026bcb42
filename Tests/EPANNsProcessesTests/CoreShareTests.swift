import EPANNsProcesses
import Testing

@Suite struct CoreShareTests {
    @Test func boundProcessesKeepTheirs() {
        let share = CoreShare(mine: [0b0011], all: [[0b0011], [0b1100]], machineCoreCount: 8)
        #expect(share.coreCount == 2 && share.processCount == 2)
        #expect(share.usableCoreCount == 4 && share.machineCoreCount == 8)
    }

    @Test func commonCoresAreShared() {
        let all = [UInt8](repeating: 0xFF, count: 1)
        #expect(CoreShare(mine: all, all: [all, all], machineCoreCount: 8).coreCount == 4)
        #expect(CoreShare(mine: all, all: [all, all, all], machineCoreCount: 8).coreCount == 2)
        // Never none.
        #expect(CoreShare(mine: [1], all: [[1], [1], [1]], machineCoreCount: 1).coreCount == 1)
        // Thirds that add up to a whole.
        #expect(CoreShare(mine: [7], all: [[7], [7], [7]], machineCoreCount: 3).coreCount == 1)
        // Half of core 0, all of core 1.
        #expect(CoreShare(mine: [3], all: [[3], [1]], machineCoreCount: 2).coreCount == 1)
        #expect(CoreShare(mine: [0b111], all: [[0b111], [1]], machineCoreCount: 3).coreCount == 2)
    }
}

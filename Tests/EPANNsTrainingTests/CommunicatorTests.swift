import EPANNsCore
import EPANNsGraph
import EPANNsTestSupport
import EPANNsTraining
import Foundation
import Testing

/// What processes tell each other, with threads in their place.
@Suite struct CommunicatorTests {
    private func facts(_ value: String) -> [SharedFact] {
        [SharedFact("size", "1", advice: "resize."), SharedFact("colour", value, advice: "paint it.")]
    }

    @Test func agreementIsSilentAndDifferencesAreNamed() throws {
        for result in ThreadGroup.run(3, { try $0.requireAgreement(on: facts("red")) }) { try result.get() }
        let errors = ThreadGroup.run(3) { group in
            failure { try group.requireAgreement(on: facts(group.rank == 2 ? "blue" : "red")) }
        }
        for error in errors {
            let error = try #require(try error.get())
            #expect(error.code == .invalidConfiguration)
            #expect(error.message.hasPrefix("Process 2 on ") && error.message.contains(" and process 0 on "))
            #expect(error.message.hasSuffix(" differ in colour (blue, red): paint it."))
        }
    }

    @Test func theFirstDecidesForAll() throws {
        let values = try ThreadGroup.run(3) { group in try group.fromFirst { [UInt8(group.rank + 7)] } }
            .map { try $0.get() }
        #expect(values == [[7], [7], [7]])
        #expect(try SoloCommunicator().fromFirst { [5] } == [5])
    }

    @Test func partsOfAJobAreContiguousAndWhole() throws {
        let parts = try ThreadGroup.run(3) { $0.shard.range(of: 10) }.map { try $0.get() }
        #expect(parts == [0..<3, 3..<6, 6..<10])
    }
}

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

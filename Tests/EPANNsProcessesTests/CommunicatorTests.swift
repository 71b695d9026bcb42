import EPANNsCore
import EPANNsProcesses
import EPANNsTestSupport
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

import EPANNsCore
import Synchronization
import Testing

@Suite struct ArraySideBySideTests {
    @Test(arguments: [1, 2, 7]) func elementsComeInOrder(jobs: Int) throws {
        for count in [0, 1, 2, 100] {
            let made = Mutex([Int](repeating: 0, count: count))
            let values = try [Int](count: count, jobs: jobs) { index in
                made.withLock { $0[index] += 1 }
                return index * index
            }
            #expect(values == (0..<count).map { $0 * $0 })
            #expect(made.withLock { $0.allSatisfy { $0 == 1 } })
        }
    }

    @Test func anErrorEndsIt() {
        let error = #expect(throws: EPANNsError.self) {
            _ = try [Int](count: 1000, jobs: 2) { index in
                if index == 3 { throw EPANNsError(.invalidAudio, "three") }
                return index
            }
        }
        #expect(error?.message == "three")
    }
}

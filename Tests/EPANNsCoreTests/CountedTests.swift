import EPANNsCore
import Testing

@Suite struct CountedTests {
    @Test func oneIsNotMany() {
        #expect([0, 1, 2].map { $0.counted("clip") } == ["0 clips", "1 clip", "2 clips"])
        #expect([1, 3].map { $0.counted("class", plural: "classes") } == ["1 class", "3 classes"])
    }
}

import EPANNsCore
import Testing

@Suite struct CountedTests {
    @Test func oneIsNotMany() {
        #expect([0, 1, 2].map { $0.counted("clip") } == ["0 clips", "1 clip", "2 clips"])
        #expect([1, 3].map { $0.counted("class") } == ["1 class", "3 classes"])
        #expect([1, 3].map { $0.counted("entry", plural: "entries") } == ["1 entry", "3 entries"])
    }

    @Test func partsOfAWhole() {
        #expect(1.counted(of: 1, "clip") == "1 of 1 clip")
        #expect(1.counted(of: 2, "clip") == "1 of 2 clips")
        #expect([0, 1, 2].map(\.isOrAre) == ["are", "is", "are"])
    }
}

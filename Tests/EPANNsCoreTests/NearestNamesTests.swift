import EPANNsCore
import Testing

@Suite struct NearestNamesTests {
    private let names = ["cnn6", "cnn10", "cnn14", "mn04", "Smoke detector, smoke alarm", "Siren"]

    private func find(_ text: String, byWords: Bool = false) -> [String] {
        NearestNames.find(text, among: names.map { NearestNames.Candidate($0, byWords: byWords) })
    }

    @Test func nearestComesFirstAndListOrderDecidesTies() {
        #expect(find("CNN1") == ["cnn6", "cnn10", "cnn14"])
        #expect(find("mn4") == ["mn04"])
        #expect(find("zebra") == [] && find("") == [])
    }

    /// With `m0`, two of four letters are right; with `xy`, none.
    @Test func halfOfTheLettersMustBeRight() {
        #expect(find("m0").contains("mn04"))
        #expect(find("xy") == [])
    }

    @Test func wordsAndPartsCountWhereAskedFor() {
        #expect(find("detektor") == [])
        #expect(find("detektor", byWords: true) == ["Smoke detector, smoke alarm"])
        #expect(find("alarm", byWords: true) == ["Smoke detector, smoke alarm"])
    }

    @Test func aliasesLeadToTheName() {
        let candidates = [NearestNames.Candidate("epanns", aliases: ["e-panns"])]
        #expect(NearestNames.find("e-pans", among: candidates) == ["epanns"])
        #expect(NearestNames.question(["a", "b"]) == "Did you mean “a” or “b”?")
        #expect(NearestNames.question([]) == nil)
    }
}

import EPANNs
import EPANNsTestSupport
import Testing

@Suite struct TagSelectionTests {
    @Test func absurdNumbersOfTagsGiveNone() throws {
        let labels = LabelSet.numbered(2)
        #expect(try TagSelection(topK: -1).tags([0.1, 0.2], labels: labels).isEmpty)
        #expect(try TagSelection(topK: 0).tags([0.1, 0.2], labels: labels).isEmpty)
    }

    let labels = LabelSet([
        .init(mid: "/m/a", name: "Dog"), .init(mid: "/m/b", name: "Cat"), .init(mid: "/m/c", name: "Speech"),
        .init(name: "Drill, power"),
    ])

    @Test func tagsComeBestFirstAndTiesInOrderOfTheClasses() throws {
        let tags = try TagSelection().tags([0.5, 0.9, 0.5, 0.1], labels: labels)
        #expect(tags.map(\.index) == [1, 0, 2, 3])
        #expect(tags.map(\.name) == ["Cat", "Dog", "Speech", "Drill, power"])
        #expect(tags[0] == Tag(index: 1, mid: "/m/b", name: "Cat", score: 0.9))
    }

    @Test func limitsHold() throws {
        let scores: [Float] = [0.5, 0.9, 0.5, 0.1]
        #expect(try TagSelection(topK: 2).tags(scores, labels: labels).map(\.index) == [1, 0])
        // A score equal to the threshold is in.
        #expect(try TagSelection(threshold: 0.5).tags(scores, labels: labels).map(\.index) == [1, 0, 2])
        #expect(try TagSelection(threshold: 0.95).tags(scores, labels: labels).isEmpty)
        #expect(try TagSelection(allowed: [0, 3]).tags(scores, labels: labels).map(\.index) == [0, 3])
        #expect(try TagSelection(topK: 1, denied: [1]).tags(scores, labels: labels).map(\.index) == [0])
    }

    @Test func classesMayHaveThresholdsOfTheirOwn() throws {
        let selection = try TagSelection(classThresholds: [0.6, 0.9, 0.5, 0.2], allow: [], labels: labels)
        #expect(try selection.tags([0.5, 0.9, 0.5, 0.1], labels: labels).map(\.index) == [1, 2])
        let both = TagSelection(threshold: 0.6, classThresholds: [0.6, 0.9, 0.5, 0.2])
        #expect(try both.tags([0.5, 0.9, 0.5, 0.1], labels: labels).map(\.index) == [1])
        for wrong: [Float] in [[0.1], [0.1, 0.1, .nan, 0.1]] {
            let error = failure { _ = try TagSelection(classThresholds: wrong, allow: [], labels: labels) }
            #expect(error?.code == .invalidConfiguration)
        }
        // Of another model: no crash.
        #expect(
            try TagSelection(classThresholds: [0.1]).tags([0.5, 0.9, 0.5, 0.1], labels: labels).map(\.index) == [0])
    }

    @Test func scoresMayBeASlice() throws {
        let batch: [Float] = [9, 9, 9, 9, 0.1, 0.2, 0.3, 0.4]
        #expect(try TagSelection(topK: 1).tags(batch[4...], labels: labels).map(\.index) == [3])
    }

    @Test func classesAreNamedByNameMIDOrIndex() throws {
        let selection = try TagSelection(allow: ["dog", " /m/b ", "2", "Drill, power"], deny: ["Cat"], labels: labels)
        #expect(selection.allowed == [0, 1, 2, 3])
        #expect(selection.denied == [1])
        #expect(try selection.tags([1, 1, 1, 1], labels: labels).map(\.index) == [0, 2, 3])
        #expect(try TagSelection(allow: [], labels: labels).allowed == nil)
    }

    @Test(arguments: [
        (["Dgo"], [], "Did you mean “Dog”?"), (["speach"], [], "Did you mean “Speech”?"), (["4"], [], "0 to 3"),
        (["-1"], [], "0 to 3"), (["zzzzzzzzz"], [], "There is no class named"), ([], ["nothing"], "nothing"),
        (["Dog"], ["0"], "nothing would be reported"), ([], ["0", "1", "2", "3"], "nothing would be reported"),
    ])
    func whatMakesNoSenseIsRefused(allow: [String], deny: [String], words: String) {
        let error = failure(of: { _ = try TagSelection(allow: allow, deny: deny, labels: labels) })
        #expect(error?.code == .invalidConfiguration)
        #expect(error?.message.contains(words) == true, "\(error?.message ?? "no error")")
    }

    @Test func limitsThatMakeNoSenseAreRefused() {
        #expect(
            failure(of: { _ = try TagSelection(topK: 0, allow: [], labels: labels) })?.code == .invalidConfiguration)
        #expect(
            failure(of: { _ = try TagSelection(threshold: .nan, allow: [], labels: labels) })?.code
                == .invalidConfiguration)
    }

    /// A server's client may send anything: an error, and no trap.
    @Test func moreScoresThanLabelsAreAnError() {
        let error = failure { _ = try TagSelection().tags([0.1, 0.2, 0.3, 0.4, 0.5], labels: labels) }
        #expect(error?.code == .invalidConfiguration)
        #expect(error?.message.contains("5 scores do not fit 4 labels") == true)
    }

    @Test func whereNothingIsSureTheBestAreGuesses() throws {
        let window = ScoredWindow(startSeconds: 0, endSeconds: 1, scores: [0.1, 0.4, 0.3, 0.2], embedding: [])
        let selection = TagSelection(threshold: 0.5, denied: [2], guessCount: 2)
        let tagged = try window.tags(selection, labels: labels)
        #expect(tagged.tags.isEmpty && tagged.guesses?.map(\.index) == [1, 3])
        let sure = try window.tags(TagSelection(threshold: 0.4, guessCount: 2), labels: labels)
        #expect(sure.tags.map(\.index) == [1] && sure.guesses == nil)
    }

    @Test func selectionsAreCodable() throws {
        let selection = TagSelection(topK: 3, threshold: 0.25, allowed: [1, 2], denied: [0], guessCount: 3)
        let data = try ResultJSON.encoder.encode(selection)
        #expect(try ResultJSON.decoder.decode(TagSelection.self, from: data) == selection)
    }
}

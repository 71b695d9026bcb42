import EPANNsCore
import EPANNsGraph
import EPANNsModels
import EPANNsTestSupport
import Foundation
import Testing

@Suite struct LabelSetTests {
    @Test func audioSetHasItsClasses() {
        let labels = LabelSet.audioSet
        #expect(labels.count == 527)
        #expect(labels.labels[0] == .init(mid: "/m/09x0r", name: "Speech"))
        #expect(labels.labels[526] == .init(mid: "/m/07hvw1", name: "Field recording"))
        // A name with a comma, which the CSV quotes.
        #expect(labels.labels[1].name == "Male speech, man speaking")
    }

    @Test func csvReadsBack() throws {
        #expect(try LabelSet.parse(LabelSet.audioSet.csv) == .audioSet)
        let odd = LabelSet([.init(mid: "a,b", name: "He said \"no\""), .init(name: "Plain"), .init(name: ",")])
        #expect(odd.csv.split(separator: "\n")[1] == "0,\"a,b\",\"He said \"\"no\"\"\"")
        #expect(try LabelSet.parse(odd.csv) == odd)
        // A line end, and a quote and a comma that are part of longer characters.
        let hard = LabelSet([.init(mid: "a,\u{301}b", name: "two\r\nlines"), .init(name: "\"\u{301}x,\u{301}")])
        #expect(try LabelSet.parse(hard.csv) == hard)
    }

    @Test func someClassesAreWrittenAndUnknownOnesRefused() throws {
        let labels = LabelSet([.init(mid: "/m/a", name: "Dog"), .init(name: "Cat")])
        #expect(try labels.csv(of: [1]) == "index,mid,display_name\n1,,\"Cat\"\n")
        for index in [-1, 2, Int.max] {
            #expect(failure(of: { _ = try labels.csv(of: [0, index]) })?.code == .invalidConfiguration)
        }
    }

    @Test func listsAreRead() throws {
        let names = try LabelSet.parse("Bird\r\n  Frog \n\nToad, common\n")
        #expect(names.labels == [.init(name: "Bird"), .init(name: "Frog"), .init(name: "Toad, common")])
    }

    @Test(arguments: ["", "\n\n", "a\nb\na", "index,mid,display_name\n0,/m/a,Dog, small\n"])
    func badListsAreRefused(text: String) {
        #expect(failure(of: { _ = try LabelSet.parse(text) })?.code == .invalidConfiguration)
    }

    @Test func filesAreReadOrRefused() throws {
        try withTemporaryFolder { folder in
            try Data("Bird\nFrog\n".utf8).write(to: URL(fileURLWithPath: folder + "/names.txt"))
            #expect(try LabelSet.read(path: folder + "/names.txt").labels.map(\.name) == ["Bird", "Frog"])
            try Data([0x42, 0xFF, 0xFE]).write(to: URL(fileURLWithPath: folder + "/binary"))
            let error = failure(of: { _ = try LabelSet.read(path: folder + "/binary") })
            #expect(error?.message.contains("UTF-8") == true)
            #expect(failure(of: { _ = try LabelSet.read(path: folder + "/none") })?.code == .fileFailure)
        }
    }

    @Test func searchFindsNamesMIDsAndIndices() throws {
        let labels = LabelSet.audioSet
        let dogs = try labels.search("DOG").map { labels.labels[$0].name }
        #expect(dogs == ["Dog", "Whimper (dog)", "Canidae, dogs, wolves"])
        #expect(try labels.search("speech").count > 5)
        #expect(try labels.search("/m/09X0R") == [0])
        #expect(try labels.search("526") == [526])
        let error = failure(of: { _ = try labels.search("chainsow") })
        #expect(error?.message == "No class has “chainsow” in its name. Did you mean “Chainsaw”?")
        #expect(failure(of: { _ = try labels.search("  ") })?.code == .invalidConfiguration)
    }
}

import EPANNs
import EPANNsCore
import EPANNsTestSupport
import Foundation
import Testing

@Suite struct LabelsTests {
    @Test func allAreListed() throws {
        let run = try CommandRun.run(["labels"])
        #expect(run.status == 0)
        #expect(run.lines.count == 529)  // A title, 527 classes, nothing behind the last newline.
        #expect(run.lines[1].hasSuffix("Speech"))
    }

    @Test func csvReadsBack() throws {
        let run = try CommandRun.run(["labels", "--model", TinyModel.path, "--format", "csv"])
        #expect(try LabelSet.parse(run.text) == .audioSet)
    }

    @Test func searchFinds() throws {
        struct Row: Decodable, Equatable {
            var index: Int
            var mid, name: String
        }
        let run = try CommandRun.run(["labels", "--search", "CHAINSAW", "--format", "json"])
        #expect(
            try JSONDecoder().decode([Row].self, from: run.output) == [
                Row(index: 347, mid: "/m/01j4z9", name: "Chainsaw")
            ])
    }
}

import EPANNsCore
import Foundation
import Testing

@Suite struct CSVTextTests {
    /// Among them what is one `Character` with a comma, a quote or a line end in it.
    @Test(arguments: [
        "", "plain", "a,b", "say \"hi\"", "two\nlines", "a\r\nb", "a\rb", ",\u{301}x", "\"\u{301},", "\u{301}", " a",
        "b\t",
        "é", "a,b\"c\r\n\u{301}",
    ])
    func readerGivesTheFieldBack(text: String) throws {
        let row = CSVText.row(["first", text, "last"]) + "\n"
        let fields = try Data(row.utf8).withUnsafeBytes { bytes -> [String] in
            var reader = CSVReader(bytes, name: "test")
            let fields = try #require(try reader.next()).fields
            #expect(try reader.next() == nil)
            return fields
        }
        #expect(fields.map { Array($0.utf8) } == ["first", text, "last"].map { Array($0.utf8) })
    }

    @Test func onlyWhatNeedsQuotesGetsThem() {
        #expect(CSVText.row(["a", "b c", "d,e", "f\"g"]) == "a,b c,\"d,e\",\"f\"\"g\"")
    }
}

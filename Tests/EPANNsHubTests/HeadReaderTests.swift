import EPANNsHub
import Testing

@Suite("Heads of answers") struct HeadReaderTests {
    private func read(_ lines: [String]) -> (status: Int, fields: [String: String])? {
        var reader = HeadReader()
        for line in lines where !reader.take(line + "\r\n") { return nil }
        return reader.summary
    }

    @Test func namesInLowerCaseValuesWithoutSpace() throws {
        let head = try #require(
            read(["HTTP/1.1 206 Partial", "ETag: \"a b\" ", "Content-LENGTH:\t7", "X:", "no colon", ""]))
        #expect(head.status == 206)
        #expect(head.fields == ["etag": "\"a b\"", "content-length": "7", "x": ""])
    }

    @Test("HTTP/2 has no words") func second() { #expect(read(["HTTP/2 200", ""])?.status == 200) }

    @Test("Hints before the answer are not the answer, and leave nothing in it") func hints() throws {
        #expect(read(["HTTP/1.1 103 Early", "Link: x", ""]) == nil)
        let head = try #require(read(["HTTP/1.1 103 Early", "Link: x", "", "HTTP/1.1 200 OK", "A: b", ""]))
        #expect(head.status == 200 && head.fields == ["a": "b"])
    }

    @Test("What comes after the body in chunks changes nothing") func trailers() throws {
        #expect(try #require(read(["HTTP/1.1 200 OK", "A: b", "", "A: c", "HTTP/1.1 500 X", ""])).status == 200)
    }

    @Test("Two lengths are kept both, so that neither is taken for right") func twoLengths() throws {
        let head = try #require(
            read(["HTTP/1.1 200 OK", "Content-Length: 5", "Content-Length: 7", "A: 1", "A: 2", ""]))
        #expect(head.fields == ["content-length": "5, 7", "a": "1"])
    }

    @Test func bounded() {
        let fields = (0..<HeadReader.maximumFieldCount).map { "X\($0): y" }
        #expect(read(["HTTP/1.1 200 OK"] + fields + [""]) != nil)
        #expect(read(["HTTP/1.1 200 OK"] + fields + ["Z: 1", ""]) == nil)
    }
}

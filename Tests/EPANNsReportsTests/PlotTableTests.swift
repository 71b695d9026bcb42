import EPANNsCore
import EPANNsReports
import EPANNsTestSupport
import Foundation
import Testing

@Suite struct PlotTableTests {
    private func read(_ text: String, _ columns: PlotPoint.Columns) throws -> [PlotPoint] {
        try withTemporaryFolder { folder in
            let path = folder + "/t.csv"
            try Data(text.utf8).write(to: URL(fileURLWithPath: path))
            return try PlotPoint.read(path, columns: columns)
        }
    }

    @Test func rowsBecomePoints() throws {
        let text = "Name,MACs,map,kind\n\"whole, old\",21.1,0.43,a\nhalf,13.5,0.44,b\nunfinished,13.5,,b\n"
        let points = try read(text, .init(x: "macs", y: "map", label: "name", group: "kind"))
        // What has no height has no place.
        #expect(points.map(\.label) == ["whole, old", "half"] && points.map(\.group) == ["a", "b"])
        #expect(points.map(\.x) == [21.1, 13.5] && points.map(\.y) == [0.43, 0.44])
        #expect(try read(text, .init(x: "macs", y: "map", label: "kind")).map(\.group) == ["", ""])
    }

    @Test(arguments: [
        ("", "no row of names"), ("name,x\n", "no column “y”; it has name, x"),
        ("name,x,y\na,1,2,3\n", "Line 2"), ("name,x,y\na,1,2\nb,one,2\n", "“one” is not a number (x)"),
        ("name,x,y\na,inf,2\n", "“inf” is not a number"), ("name,x,y\na,1,\u{1B}[31m\n", "“\\u{1b}[31m”"),
    ])
    func whatIsWrongIsNamed(text: String, message: String) {
        let error = failure { _ = try read(text, .init(x: "x", y: "y", label: "name")) }
        #expect(error?.code == .invalidConfiguration && error?.message.contains(message) == true, "\(error as Any)")
    }
}

import EPANNs
import EPANNsTestSupport
import Foundation
import Testing

/// Each format on its own.
@Suite struct ResultWriterTests {
    private let labels = LabelSet([
        .init(mid: "/m/a", name: "Dog"), .init(mid: "/m/b", name: "Bell, chime"), .init(mid: "/m/c", name: "Speech"),
    ])

    private func window(_ start: Double = 0, _ end: Double = 1, _ scores: [Float] = [0.25, 0.5, 0.125]) -> ScoredWindow
    {
        ScoredWindow(startSeconds: start, endSeconds: end, scores: scores, embedding: [1, 2])
    }

    private func view(_ selection: TagSelection = TagSelection(), isWindowed: Bool = false) -> TagView {
        TagView(selection: selection, labels: labels, isWindowed: isWindowed)
    }

    private func written(
        _ writer: any ResultWriter, _ windows: [ScoredWindow], file: String = "a.wav", warnings: [String] = []
    ) throws -> String {
        var encoder = writer.encoder(for: ResultHead(file: file))
        var data = Data(writer.header.utf8)
        for window in windows { data += try encoder.take(window) }
        data += try encoder.finish(.init(durationSeconds: windows.last?.endSeconds ?? 0, warnings: warnings))
        return String(decoding: data + Data(writer.footer.utf8), as: UTF8.self)
    }

    /// A line end of two characters, a comma or a quote with an accent: one `Character` each, and special all the same.
    @Test(arguments: ["a\r\nb.wav", "a,\u{301}b.wav", "a\"\u{301}b.wav", "a\"b.wav", " a.wav"])
    func namesInTablesAreReadBack(file: String) throws {
        let text = try written(CSVWriter(view(TagSelection(topK: 1))), [window()], file: file)
        let rows = CSVRows.parse(text)
        #expect(rows.count == 2 && rows.allSatisfy { $0.count == 11 }, "\(rows)")
        #expect(rows.last?.first.map { Array($0.utf8) } == Array(file.utf8))
        #expect(rows.last?[5] == "Bell, chime")
    }

    @Test func guessesMeansAndWarningsHaveColumns() throws {
        var mean = window(0, 40)
        mean.mean = WindowMean(windowCount: 4, windowSeconds: 10)
        let text = try written(
            CSVWriter(view(TagSelection(threshold: 0.9, guessCount: 2))), [mean], warnings: ["one", "two, too"])
        let rows = CSVRows.parse(text)
        #expect(rows.map { $0[5] } == ["name", "Bell, chime", "Dog", ""])
        #expect(rows[1][7] == "true" && rows[1][8] == "4" && rows[3][9] == "one; two, too")
    }

    /// Names from files of strangers must not be commands of a terminal.
    @Test func escapesNeverReachATerminal() throws {
        let evil = LabelSet([.init(mid: "/m/\u{1B}[31m", name: "Dog\u{1B}]0;title\u{7}"), .init(name: "\u{9B}2J")])
        let text = try written(
            TextWriter(TagView(selection: TagSelection(), labels: evil, isWindowed: false)),
            [window(0, 1, [0.5, 0.25])], file: "a\u{1B}[2J\r.wav")
        #expect(!text.unicodeScalars.contains { $0 != "\n" && $0.properties.generalCategory == .control }, "\(text)")
        #expect(text.contains("Dog\\u{1b}]0;title\\u{7}"))
    }

    @Test func aWindowsTagsAreWrappedBetweenThem() throws {
        let many = LabelSet((0..<12).map { .init(name: "Class number \($0)") })
        let writer = TextWriter(
            TagView(selection: TagSelection(topK: 12), labels: many, isWindowed: true), columns: 80)
        let scores = (0..<12).map { Float($0) / 16 }
        let lines = try written(writer, [window(0, 2, scores)]).split(separator: "\n")
        #expect(lines[0] == "a.wav" && lines.count > 3)
        #expect(lines.allSatisfy { $0.count <= 80 }, "\(lines)")
        #expect(lines.dropFirst(2).allSatisfy { $0.hasPrefix("                   Class") }, "\(lines)")
        #expect(lines.dropFirst().dropLast().allSatisfy { $0.hasSuffix(",") })
    }

    /// As many digits as tell the ends of a window apart.
    @Test func timesHaveTheDigitsTheyNeed() throws {
        let writer = TextWriter(view(TagSelection(topK: 1), isWindowed: true))
        let text = try written(writer, [window(0, 0.5), window(0.25, 0.75), window(0.01, 0.0235), window(3599, 3600)])
        #expect(text.contains("  0:00.0 – 0:00.5  ") && text.contains("  0:00.25 – 0:00.75  "), "\(text)")
        #expect(text.contains("  0:00.010 – 0:00.024  ") && text.contains("  59:59.0 – 1:00:00.0  "), "\(text)")
        #expect(try written(TextWriter(view()), [window(0, 0.005)]).hasPrefix("a.wav  (0:00.005)\n"))
    }

    @Test func clocksOfAnythingAreSafe() {
        #expect(
            ResultFormat.clock(.nan) == "–" && ResultFormat.clock(.infinity) == "–" && ResultFormat.clock(-1) == "–")
        #expect(ResultFormat.clock(59.96) == "1:00.0" && ResultFormat.clock(3661.25, decimals: 2) == "1:01:01.25")
        #expect(ResultFormat.clock(10, decimals: 0) == "0:10" && ResultFormat.clock(1e300) == "–")
    }

    @Test func nothingSureIsSaidWithGuesses() throws {
        let selection = TagSelection(threshold: 0.9, guessCount: 2)
        let clip = try written(TextWriter(view(selection)), [window()])
        #expect(
            clip
                == "a.wav  (0:01.0)\n  nothing it is sure of; its best guesses:\n   0.500  Bell, chime\n   0.250  Dog\n"
        )
        let line = try written(TextWriter(view(selection, isWindowed: true)), [window()])
        #expect(line.contains("nothing it is sure of; perhaps Bell, chime 0.500, Dog 0.250"), "\(line)")
    }

    @Test func jsonIsReadBackExactly() throws {
        let scores: [Float] = [0.1, 1.0e-7, 0.333_333_34]
        let text = try written(
            JSONWriter(.tags(view())), [window(0, 1, scores), window(1, 2, scores)], warnings: ["w"])
        let read = try ResultJSON.decoder.decode(
            [TaggedAudio].self,
            from: Data(
                text.replacingOccurrences(
                    of: "\"file\"", with: "\"model\":{\"name\":\"m\",\"precision\":\"fp32\"},\"file\""
                ).utf8))
        #expect(read[0].windows.count == 2 && read[0].warnings == ["w"])
        #expect(read[0].windows[1].tags.map(\.score) == [0.333_333_34, 0.1, 1.0e-7])
    }
}

/// RFC 4180 as a reader would take it, by scalars.
enum CSVRows {
    static func parse(_ text: String) -> [[String]] {
        var rows: [[String]] = [[""]]
        var isQuoted = false
        var scalars = Array(text.unicodeScalars)[...]
        func append(_ scalar: Unicode.Scalar) {
            rows[rows.count - 1][rows[rows.count - 1].count - 1].unicodeScalars.append(scalar)
        }
        while let scalar = scalars.popFirst() {
            if isQuoted {
                if scalar != "\"" {
                    append(scalar)
                } else if scalars.first == "\"" {
                    append(scalar)
                    scalars = scalars.dropFirst()
                } else {
                    isQuoted = false
                }
            } else if scalar == "\"" {
                isQuoted = true
            } else if scalar == "," {
                rows[rows.count - 1].append("")
            } else if scalar == "\n" {
                rows.append([""])
            } else {
                append(scalar)
            }
        }
        return rows.filter { $0 != [""] }
    }
}

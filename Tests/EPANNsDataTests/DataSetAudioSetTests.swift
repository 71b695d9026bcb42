import EPANNsCore
import EPANNsData
import EPANNsModels
import EPANNsTestSupport
import Testing

@Suite struct DataSetAudioSetTests {
    static let header = "# Segments csv created Sun Mar  5 10:54:31 2017\n# num_ytids=3\n# YTID, start, end, labels\n"
    static let rows = """
        --PJHxphWEs, 30.000, 40.000, "/m/09x0r,/t/dd00088"
        -aaaaaaaaaa, 0.000, 10.000, "/m/04rlf"
        bbbbbbbbbbb, 0.000, 9.500, "/m/09x0r"

        """

    private func read(
        _ text: String, files: [String], _ change: (inout DataSet.Options) -> Void = { _ in }
    ) throws -> DataSet {
        try withTemporaryFolder { folder in
            for file in files { try write("", to: folder + "/" + file) }
            try write(text, to: folder + "/t.csv")
            var options = DataSet.Options()
            change(&options)
            return try DataSet.read(folder + "/t.csv", options: options)
        }
    }

    @Test func missingFilesAreSilence() throws {
        let dataSet = try read(Self.header + Self.rows, files: ["Y--PJHxphWEs.wav", "Y-aaaaaaaaaa.flac"])
        #expect(dataSet.labels == .audioSet && !dataSet.isSingleLabel)
        #expect(dataSet.clips.map(\.name) == ["Y--PJHxphWEs.wav", "Y-aaaaaaaaaa.wav", "Ybbbbbbbbbbb.wav"])
        let names = dataSet.clips.map { $0.classes.map { dataSet.labels.labels[$0].mid } }
        #expect(names == [["/m/09x0r", "/t/dd00088"], ["/m/04rlf"], []])
        #expect(dataSet.clips[2].source == .missing)
        guard case .file(let path) = dataSet.clips[1].source else { throw EPANNsError(.fileFailure, "No file") }
        #expect(path.hasSuffix("/Y-aaaaaaaaaa.flac"))
        #expect(dataSet.notes.contains { $0.contains("1 of 3 recordings is missing") })
    }

    @Test func missingFilesAreSkippedOrRefused() throws {
        let files = ["Y--PJHxphWEs.wav", "bbbbbbbbbbb.ogg"]
        let skipped = try read(Self.header + Self.rows, files: files) { $0.missingFiles = .skip }
        #expect(skipped.clips.map(\.name) == ["Y--PJHxphWEs.wav", "Ybbbbbbbbbbb.wav"])
        let error = failure { _ = try read(Self.header + Self.rows, files: files) { $0.missingFiles = .fail } }
        #expect(error?.message.contains("“Y-aaaaaaaaaa.wav”") == true)
        #expect(failure { _ = try read(Self.header + Self.rows, files: []) }?.code == .fileFailure)
    }

    @Test func ownClassListsTakeTheirPart() throws {
        let labels = LabelSet([.init(mid: "/m/04rlf", name: "Music")])
        let files = ["Y--PJHxphWEs.wav", "Y-aaaaaaaaaa.wav", "Ybbbbbbbbbbb.wav"]
        #expect(failure { _ = try read(Self.header + Self.rows, files: files) { $0.labels = labels } } != nil)
        let dataSet = try read(Self.header + Self.rows, files: files) {
            $0.labels = labels
            $0.ignoresUnknownClasses = true
        }
        #expect(dataSet.clips.map(\.classes) == [[], [0], []])
        #expect(dataSet.notes.contains { $0.contains("ignored in 2 rows") })
    }

    @Test(arguments: [
        "x, 0, 10", "x, ten, 20, \"/m/09x0r\"", "x, 10, 0, \"/m/09x0r\"", "x, -1, 10, \"/m/09x0r\"",
        "x, 0, inf, \"/m/09x0r\"",
        ", 0, 10, \"/m/09x0r\"", "../x, 0, 10, \"/m/09x0r\"", "--PJHxphWEs, 0, 10, \"/m/09x0r\"",
        "x, 0, 10, \"/m/none\"",
    ])
    func damagedRows(row: String) throws {
        let error = failure {
            _ = try read(Self.header + Self.rows + row + "\n", files: ["Y--PJHxphWEs.wav", "Yx.wav"])
        }
        #expect(error?.code == .invalidConfiguration)
        #expect(error?.message.contains("Line 7") == true || error?.message.contains("/m/none") == true)
    }

    @Test func headersAlone() throws {
        #expect(failure { _ = try read(Self.header, files: []) }?.message.contains("no rows") == true)
    }
}

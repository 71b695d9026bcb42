import EPANNsCore
import EPANNsData
import EPANNsModels
import EPANNsTestSupport
import Foundation
import Testing

/// Tables as people and programs write them; read through ``DataSet/read(_:audio:options:)``.
@Suite struct CSVReaderTests {
    private func read(_ bytes: Data, files: [String] = ["a.wav", "b.wav"]) throws -> DataSet {
        try withTemporaryFolder { folder in
            for file in files { try write("", to: folder + "/" + file) }
            try bytes.write(to: URL(fileURLWithPath: folder + "/t.csv"))
            return try DataSet.read(folder + "/t.csv")
        }
    }

    @Test(arguments: [
        "filename,fold,category\na.wav,1,x\nb.wav,2,\"y, z\"\n",
        "\u{FEFF}filename,fold,category\r\na.wav,1,x\r\nb.wav,2,\"y, z\"",
        "filename,fold,category\ra.wav,1,x\rb.wav,2,\"y, z\"\r",
        "\n\nFileName , \"FOLD\",category\n\n  a.wav,\t1 ,x\n# a remark, with a \"\nb.wav,2, \"y, z\" \n\n",
    ])
    func tolerated(table: String) throws {
        let dataSet = try read(Data(table.utf8))
        #expect(dataSet.labels.labels.map(\.name) == ["x", "y, z"])
        #expect(dataSet.clips.map(\.name) == ["a.wav", "b.wav"])
        #expect(dataSet.clips.map(\.fold) == [1, 2])
        #expect(dataSet.clips.map(\.classes) == [[0], [1]])
        #expect(dataSet.isSingleLabel)
    }

    @Test func quotesAndLinesInsideFields() throws {
        let dataSet = try read(Data("filename,category\na.wav,\"say \"\"x\"\"\"\nb.wav,\"two\nlines\"\n".utf8))
        #expect(dataSet.labels.labels.map(\.name) == ["say \"x\"", "two\nlines"])
    }

    @Test(arguments: [
        ("filename,category\na.wav,\"x\n", "Line 2", "never closed"),
        ("filename,category\na.wav,x\"y\"\n", "Line 2", "quote inside"),
        ("filename,category\na.wav,x\nb.wav,\"x\"y\n", "Line 3", "behind a closing quote"),
        ("filename,category\na.wav,x,3\n", "Line 2", "3 columns, the header has 2"),
        ("filename,category\na.wav\n", "Line 2", "1 column, the header has 2"),
        ("filename,category\n,x\n", "Line 2", "no file name"),
        ("filename,target\na.wav,\n", "Line 2", "no class"),
        ("filename,category\na.wav,x\na.wav,y\n", "Lines 2 and 3", "both name"),
        ("filename,category\na.wav,x\u{0}\n", "Line 2", "not UTF-8"),
        ("filename,fold,category\na.wav,99999999999999999999,x\n", "Line 2", "a fold is an integer from 0 to 9999"),
        ("filename,fold,category\na.wav,-1,x\n", "Line 2", "a fold is an integer"),
        ("filename,target\na.wav,-1\n", "Line 2", "a target counts from 0"),
        ("filename,target\na.wav,999999999\n", "Line 2", "a target counts from 0"),
        ("filename,category,category\na.wav,x,y\n", "", "two columns"),
        ("name,category\na.wav,x\n", "", "no column with file names"),
        ("filename,fold\na.wav,1\n", "", "no column with classes"),
        ("filename,category\n", "", "no rows"),
        ("", "", "is empty"),
        ("\n\n", "", "no header row"),
    ])
    func refused(table: String, line: String, reason: String) throws {
        let error = failure { _ = try read(Data(table.utf8)) }
        #expect(error?.code == .invalidConfiguration)
        let message = error?.message ?? ""
        #expect((line.isEmpty || message.contains(line)) && message.contains(reason), "\(message)")
    }

    @Test func textInOtherEncodingsIsRefused() throws {
        let error = failure { _ = try read(Data("filename,category\na.wav,".utf8) + [0xE9, 0x0A]) }
        #expect(error?.message.contains("not UTF-8") == true)
    }

    @Test func messagesHoldNoControlCharacters() throws {
        let error = failure { _ = try read(Data("filename,category\nno\u{1B}[2J.wav,x\n".utf8)) }
        #expect(error?.message.contains("\u{1B}") == false && error?.message.contains("\\u{1b}") == true)
    }

    /// Cut and changed tables: an error or a data set, never a trap.
    @Test func damagedTables() throws {
        let table = Array("\u{FEFF}filename,fold,category\r\n\"a.wav\",1,\"x \"\"y\"\"\"\nb.wav,2,z\n".utf8)
        try withTemporaryFolder { folder in
            try write("", to: folder + "/a.wav")
            try write("", to: folder + "/b.wav")
            var state: UInt32 = 1
            for round in 0..<600 {
                var bytes = round < table.count ? Array(table[..<round]) : table
                if round >= table.count {
                    state = state &* 1_664_525 &+ 1_013_904_223
                    bytes[Int(state >> 8) % bytes.count] = [0, 0x22, 0x2C, 0x0D, 0x0A, 0xFF, 0x23][Int(state >> 3) % 7]
                }
                try Data(bytes).write(to: URL(fileURLWithPath: folder + "/t.csv"))
                do {
                    let dataSet = try DataSet.read(folder + "/t.csv")
                    #expect(!dataSet.clips.isEmpty)
                } catch let error as EPANNsError {
                    #expect(!error.message.isEmpty)
                }
            }
        }
    }
}

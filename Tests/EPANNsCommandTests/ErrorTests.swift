import EPANNsCore
import EPANNsTestSupport
import Foundation
import Testing

/// What is said, and the exit status, when something is wrong.
@Suite struct ErrorTests {
    struct Case: CustomTestStringConvertible, Sendable {
        var arguments: [String]
        var status: Int32
        /// Parts of what standard error must say.
        var words: [String]
        var testDescription: String { arguments.joined(separator: " ") }
        init(_ arguments: [String], _ status: Int32, _ words: String...) {
            self.arguments = arguments
            self.status = status
            self.words = words
        }
    }

    static let cases = [
        Case(["tga"], 64, "tga"),
        Case(["info", "--widths", "1,2"], 64, "architecture's name"),
        Case(["info", "cnn15"], 64, "epanns: “cnn15” is neither", "Did you mean", "“cnn14”"),
        Case(["info", "epanns"], 66, "epanns models download epanns", "“epanns-50”"),
        Case(["info", "missing.pt"], 66, "no file “missing.pt”"),
        Case(["info", "cnn14", "--seconds", "0.1"], 64, "needs 0.31 s"),
        Case(["info", "cnn14", "--widths", "1,2"], 64, "12 convolutions, but 2 widths"),
        Case(["info", "cnn14", "--widths", "1,x"], 64, "whole numbers"),
        Case(["info", "mn04", "--widths", "1,2"], 64, "mnNN"),
        Case(["info", TinyModel.path, "--widths", "1,2"], 64, "a model with its own"),
        Case(["info", "/"], 66, "not a regular file"),
        Case(["convert", TinyModel.path, "out.pt"], 64, "safetensors"),
        Case(["convert", "missing.pt", "out.safetensors"], 66, "no file “missing.pt”"),
        Case(["convert", TinyModel.path, "/nonexistent/out.safetensors"], 66, "There is no folder /nonexistent"),
        Case(["embed", "x.wav"], 66, "There is no file or folder x.wav"),
        // An unset variable in a script is not a wish for the built-in model.
        Case(["embed", "--model", "", "-"], 66, "is a variable unset?"),
        Case(["embed", "--model", TinyModel.path, "--hop", "1", "-"], 64, "--hop needs --window"),
        Case(["embed", "--model", TinyModel.path, "--raw", "s16le:16000:1", "x.wav"], 64, "--raw describes"),
        Case(["embed", "--model", TinyModel.path, "--precision", "fp8", "-"], 64, "fp8"),
        Case(["embed", "--model", TinyModel.path, "--threads", "0", "-"], 64, "--threads must be between 1 and 1024"),
        Case(["tag", "x.wav"], 66, "There is no file or folder x.wav"),
        Case(["tag", "--model", "epanns-mimi", "-"], 66, "No model is called “epanns-mimi”"),
        Case(["tag", "--model", TinyModel.path, "--threshold", "much", "-"], 64, "much"),
        Case(["tag", "--model", TinyModel.path, "--threshold", "auto", "-"], 65, "no thresholds", "epanns calibrate"),
        Case(["info", "epanns-mini", "--widths", "1,2"], 64, "a model with its own"),
        Case(["calibrate", "--data", "t.csv", "-o", "out.pt"], 64, "safetensors"),
        Case(["calibrate", "--data", "t.csv", "-o", "o.safetensors", "--minimum", "0"], 64, "at least 1"),
        Case(["calibrate", "--data", "missing.csv", "-o", "o.safetensors"], 66, "missing.csv"),
        Case(["evaluate", "--data", "t.csv", "--teacher", "mn04", "--map", "m.json"], 64, "--map"),
        Case(["evaluate", "--data", "t.csv", "--teacher", "mn04", "--teacher-threshold", "1"], 64, "between 0 and 1"),
        Case(["evaluate", "--data", "t.csv", "--teacher", "mn04", "--confusion", "c.svg"], 64, "one class a clip"),
        Case(["tag", "--model", TinyModel.path, "--resume", "-"], 64, "--resume needs --output"),
        Case(["tag", "--model", TinyModel.path, "--top-k", "0", "-"], 64, "--top-k must be at least 1"),
        Case(["tag", "--model", TinyModel.path, "--window", "0", "-"], 64, "--window must be above 0"),
        Case(["tag", "--model", TinyModel.path, "--format", "xml", "-"], 64, "xml"),
        Case(["tag", "--model", TinyModel.path, "-"], 65, "standard input"),
        Case(["labels", "--search", "chainsow"], 64, "Did you mean “Chainsaw”?"),
        Case(["labels", "--model", "missing.pt"], 66, "no file “missing.pt”"),
        Case(["models", "path", "mn4"], 66, "Did you mean “mn04”"),
    ]

    @Test(arguments: cases) func isExplained(wrong: Case) throws {
        let run = try CommandRun.run(wrong.arguments)
        #expect(run.status == wrong.status, "\(run.error)")
        #expect(run.output.isEmpty)
        for words in wrong.words { #expect(run.error.contains(words), "\(run.error)") }
    }

    @Test func aReaderThatLeavesEndsTheCommandQuietly() throws {
        let process = Process()
        process.executableURL = URL(fileURLWithPath: "/bin/sh")
        // Even where a parent has the signal ignored, as some do.
        process.arguments = ["-c", "trap '' PIPE; exec \"$0\" labels", try #require(CommandRun.binary)]
        let (output, error) = (Pipe(), Pipe())
        process.standardOutput = output
        process.standardError = error
        try output.fileHandleForReading.close()
        try process.run()
        let said = error.fileHandleForReading.readDataToEndOfFile()
        process.waitUntilExit()
        #expect(said.isEmpty)
        #expect(process.terminationReason == .uncaughtSignal)
        #expect(process.terminationStatus == SIGPIPE)
    }
}

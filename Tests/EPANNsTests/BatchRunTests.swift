import EPANNs
import EPANNsTestSupport
import Foundation
import Synchronization
import Testing

@Suite struct BatchRunTests {
    private struct Full: Error {}

    private func withInputs(_ body: (_ folder: String, [BatchInput]) throws -> Void) throws {
        try withTemporaryFolder { folder in
            for index in 0..<6 {
                // Of different lengths, so that they end in another order than they begin.
                let samples = TinyModel.noise(count: 96000 - index * 12000)
                try wave(samples).write(to: URL(fileURLWithPath: folder + "/\(index).wav"))
            }
            try Data("no audio".utf8).write(to: URL(fileURLWithPath: folder + "/3.wav"))
            try body(folder, InputSearch([folder, folder + "/missing.wav"]).inputs)
        }
    }

    @Test(arguments: [1, 4]) func resultsComeInTheOrderOfTheInputs(jobs: Int) throws {
        try withInputs { folder, inputs in
            let results = Recorded()
            var run = BatchRun(inputs, writer: JSONWriter(.embeddings), destination: .document(results.add))
            run.jobs = jobs
            let finished = Mutex(0)
            let summary = try run.run(AudioTaggerTests.tagger()) { event in
                if case .finished = event { finished.withLock { $0 += 1 } }
            }
            #expect(summary.inputCount == 7 && summary.failureCount == 2 && finished.withLock { $0 } == 7)
            let lengths = [0, 1, 2, 4, 5].map { Double(96000 - $0 * 12000) / 32000 }
            #expect(summary.audioSeconds == lengths.reduce(0, +))
            let objects = try #require(JSONSerialization.jsonObject(with: results.data) as? [[String: Any]])
            #expect(objects.compactMap { $0["file"] as? String } == inputs.map(\.path))
            #expect(objects.map { $0["error"] == nil } == [true, true, true, false, true, true, false])
        }
    }

    /// How far a single long input is, is told window by window; of many inputs each one's end is enough.
    @Test func aSingleInputTellsHowFarItIs() throws {
        try withInputs { _, inputs in
            func told(_ inputs: [BatchInput]) throws -> [[Double?]] {
                let told = Mutex<[[Double?]]>([])
                var run = BatchRun(inputs, writer: JSONWriter(.embeddings), destination: .document { _ in })
                run.policy = .every(seconds: 0.5)
                _ = try run.run(AudioTaggerTests.tagger()) { event in
                    if case .progress(let seconds, let total) = event { told.withLock { $0.append([seconds, total]) } }
                }
                return told.withLock { $0 }
            }
            let steps = try told([inputs[0]])
            #expect(steps.count > 1 && steps.allSatisfy { $0[1] == 3 })
            #expect(steps.compactMap(\.[0]) == steps.compactMap(\.[0]).sorted() && steps.last?[0] == 3)
            #expect(try told(inputs).isEmpty)
        }
    }

    /// A document that cannot be written concerns all inputs.
    @Test func aFullDiskEndsTheRun() throws {
        try withInputs { _, inputs in
            for some in [inputs, [inputs[0]]] {
                let run = BatchRun(some, writer: JSONWriter(.embeddings), destination: .document { _ in throw Full() })
                #expect(throws: Full.self) { try run.run(AudioTaggerTests.tagger()) }
            }
        }
    }

    @Test func aFolderGetsAFileEach() throws {
        try withInputs { folder, inputs in
            let out = folder + "/out"
            let opened = try ResultFolder(path: out, fileExtension: "npy")
            let run = BatchRun(inputs, writer: NumPyWriter(), destination: .folder(path: out, opened))
            let summary = try run.run(AudioTaggerTests.tagger())
            #expect(summary.failureCount == 2)
            // An array has no place for a failure.
            let names = try FileManager.default.contentsOfDirectory(atPath: out).filter { !$0.hasPrefix(".") }.sorted()
            #expect(names == ["0.wav.npy", "1.wav.npy", "2.wav.npy", "4.wav.npy", "5.wav.npy"])
            #expect(inputs.filter(opened.holds).count == 5)
        }
    }

    @Test func onlyOneOpensAFolder() throws {
        try withTemporaryFolder { folder in
            let path = folder + "/out/deep"
            let opened = try ResultFolder(path: path, fileExtension: "json")
            let error = failure { _ = try ResultFolder(path: path, fileExtension: "json") }
            #expect(error?.code == .fileFailure && error?.message.contains("Another run is writing") == true)
            withExtendedLifetime(opened) {}
        }
    }
}

import EPANNsModels
import EPANNsReports
import Foundation
import Testing

/// What is written is what is read.
@Suite struct RunEntryTests {
    private func log(_ entries: RunEntry...) throws -> TrainingLog {
        let encoder = JSONEncoder()
        encoder.keyEncodingStrategy = .convertToSnakeCase
        encoder.nonConformingFloatEncodingStrategy = .convertToString(
            positiveInfinity: "inf", negativeInfinity: "-inf", nan: "nan")
        return TrainingLog(try Data(entries.flatMap { try encoder.encode($0) + Data("\n".utf8) }))
    }

    @Test func stepsAndTestsComeBack() throws {
        let step = RunEntry.Step(
            iteration: 7, loss: 0.25, learningRate: 1e-3, clipsPerSecond: 80, waitSeconds: 0.5, seconds: 0.2)
        let evaluation = RunEntry.Evaluation(
            iteration: 8, set: "dev", map: 0.5, mauc: 0.9, dPrime: 1.8, accuracy: 0.6, loss: 0.7, seconds: 1)
        let log = try log(.step(step), .evaluation(evaluation))
        #expect(log.steps == [step] && log.evaluations == [evaluation] && log.damagedLines.isEmpty)
        let odd = try self.log(.step(.init(iteration: 1, loss: .infinity)), .step(.init(iteration: 2, loss: .nan)))
        #expect(odd.steps[0].loss == .infinity && odd.steps[1].loss.isNaN && odd.steps[1].seconds.isNaN)
    }

    @Test func eventsComeBack() throws {
        let start = RunEntry.Start(
            time: "2026-01-02T03:04:05Z", program: "epanns 0.2.0", model: "mn04",
            history: [ModelStep(.pruned, parent: nil, program: "epanns 0.1.0")], parameters: 983_599,
            trainedParameters: 5, clips: 320,
            testClips: 80, classes: 10, clipSeconds: 5, processes: 1, threads: 2, precision: "fp32", memoryBytes: 9)
        let log = try log(
            .start(start), .note("careful"), .best(iteration: 3, metric: "map", value: 0.5),
            .checkpoint(iteration: 3, seconds: 0.1), .resume(iteration: 5), .end(iteration: 9, reason: "done"))
        #expect(log.events.map(\.kind) == ["start", "note", "best", "checkpoint", "resume", "end"])
        #expect(log.events.map(\.iteration) == [nil, nil, 3, 3, 5, 9])
        #expect(log.events[0].details["trained_parameters"] == "5" && log.events[0].details["clip_seconds"] == "5")
        #expect(log.events[0].details["program"] == "epanns 0.2.0")
        #expect(log.events[0].details["history"]?.contains("action pruned") == true)
        #expect(log.events[1].details == ["text": "careful"])
        #expect(log.events[2].details == ["metric": "map", "value": "0.5"])
        #expect(log.events[5].details == ["reason": "done"])
    }
}
